package outgoing_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// cancelRowsOf are answers with odd rows to a cancel of 3, 1, 2; the states are in this order.
var cancelRowsOf = []struct {
	name, body string
	states     [3]outgoing.State
	status     [3]int
	failed     []int64
	says       string
	strange    int
}{
	{name: "each its own", body: `[{"id":1,"status":204,"error":null},{"id":3,"status":204},{"id":2,"status":400,"error":{"title":"T"}}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Cancelled, outgoing.Rejected}, status: [3]int{204, 204, 400}},
	{name: "foreign rows", body: `[{"id":9,"status":204},{"id":3,"status":204},{"id":1,"status":404},{"id":2,"status":499}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Rejected}, status: [3]int{204, 404, 499}, strange: 1},
	{name: "rows that agree", body: `[{"id":3,"status":204},{"id":3,"status":204},{"id":1,"status":400},{"id":1,"status":400},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Cancelled}, status: [3]int{204, 400, 204}},
	{name: "rows that contradict", body: `[{"id":3,"status":204},{"id":3,"status":400},{"id":1,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Unknown, outgoing.Cancelled, outgoing.Cancelled}, status: [3]int{204, 204, 204}, failed: []int64{3}, says: "contradict"},
	{name: "a good and an unreadable row", body: `[{"id":3,"status":204},{"id":3,"status":[]},{"id":1,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Unknown, outgoing.Cancelled, outgoing.Cancelled}, status: [3]int{204, 204, 204}, failed: []int64{3}, says: "contradict"},
	{name: "numbers as strings", body: `[{"id":"3","status":"204"},{"id":1,"status":"400","error":{"status":"400"}},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Cancelled}, status: [3]int{204, 400, 204}},
	{name: "an odd problem costs only the problem", body: `[{"id":3,"status":204,"error":"none"},{"id":1,"status":400,"error":[]},{"id":2,"status":400,"error":{"title":7}}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Rejected}, status: [3]int{204, 400, 400}},
	{name: "members twice", body: `[{"id":9,"id":3,"status":400,"status":204},{"id":1,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Cancelled, outgoing.Cancelled}, status: [3]int{204, 204, 204}},
	{name: "no status", body: `[{"id":3},{"id":1,"status":null},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Unknown, outgoing.Unknown, outgoing.Cancelled}, status: [3]int{0, 0, 204}, failed: []int64{3, 1}, says: "neither 204 nor"},
	{name: "odd statuses", body: `[{"id":3,"status":200},{"id":1,"status":500},{"id":2,"status":-204}]`,
		states: [3]outgoing.State{}, status: [3]int{200, 500, -204}, failed: []int64{3, 1, 2}, says: "neither 204 nor"},
	{name: "statuses that are none", body: `[{"id":3,"status":"ok"},{"id":1,"status":204.5},{"id":2,"status":204}]`,
		states: [3]outgoing.State{2: outgoing.Cancelled}, status: [3]int{2: 204}, failed: []int64{3, 1}, says: "status"},
	{name: "a row missing", body: `[{"id":3,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Unknown, outgoing.Cancelled}, status: [3]int{204, 0, 204}, failed: []int64{1}, says: "no row for this ID"},
	{name: "null rows", body: `[null,{"id":3,"status":204},{"id":null,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Unknown, outgoing.Cancelled}, status: [3]int{204, 0, 204}, failed: []int64{1}, says: "without an ID"},
	{name: "an unreadable foreign row", body: `[{"id":9,"status":[]},{"id":3,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Unknown, outgoing.Cancelled}, status: [3]int{204, 0, 204}, failed: []int64{1}, says: "no row for this ID", strange: 1},
	{name: "no rows", body: `[]`, failed: []int64{3, 1, 2}, says: "no row for this ID"},
	{name: "rows before the JSON stops", body: `[{"id":3,"status":204},{"id":1,"status":400},{"id":2,"sta`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Unknown}, status: [3]int{204, 400, 0}, failed: []int64{2}, says: "broke off"},
	{name: "rows before trailing bytes", body: `[{"id":3,"status":204},{"id":1,"status":204},{"id":2,"status":204}]]`, failed: []int64{3, 1, 2}, says: "goes on after"},
}

func TestB8_B9_RowsOfCancelScheduled(t *testing.T) {
	for _, tt := range cancelRowsOf {
		t.Run(tt.name, func(t *testing.T) {
			client, log := answering(t, 200, tt.body)
			result, err := client.CancelScheduled(t.Context(), []int64{3, 1, 2, 3})
			require.Len(t, result.Outcomes, 3)
			for i, o := range result.Outcomes {
				assert.Equal(t, []int64{3, 1, 2}[i], o.ID)
				assert.Equal(t, tt.states[i], o.State, "ID %d", o.ID)
				assert.Equal(t, tt.status[i], o.Status, "ID %d", o.ID)
			}
			if tt.failed == nil {
				require.NoError(t, err)
				assert.Equal(t, 1, result.Attempts, "nothing to read back")
			} else {
				assert.Equal(t, tt.failed, batchIDs(t, err))
				assertLine(t, err)
				require.ErrorContains(t, err, tt.says)
				assert.Equal(t, 2, result.Attempts, "one cancel, one read-back")
			}
			if tt.failed == nil || tt.strange > 0 {
				assertStrange(t, log, tt.strange)
			}
		})
	}
}

func TestB7_A404ProblemSettlesTheChunk(t *testing.T) {
	const gone = `{"type":"about:blank","title":"Not found","status":404,"code":"404-6"}`
	for _, contentType := range []string{"application/problem+json", "application/json", ""} {
		client, log := answering(t, 404, gone, "Content-Type", contentType)
		got, err := client.GetByIDs(t.Context(), ids(3))
		require.NoError(t, err)
		assert.Equal(t, outgoing.GetResult{Missing: ids(3), Meta: outgoing.Meta{Requests: 1, Attempts: 1}}, got)
		assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), "%s", log)
		assert.Contains(t, log.String(), "wrong base URL")

		log.Reset()
		cancelled, err := client.CancelScheduled(t.Context(), ids(3))
		require.NoError(t, err)
		assert.Equal(t, ids(3), cancelled.IDs(outgoing.Rejected))
		assert.Equal(t, outgoing.Meta{Requests: 1, Attempts: 1}, cancelled.Meta)
		for _, o := range cancelled.Outcomes {
			assert.Equal(t, 404, o.Status)
			assert.Equal(t, "404-6", o.Problem.Code)
		}
		assert.Contains(t, log.String(), "wrong base URL")
	}
}

func TestB7_A404ProblemCostsNoOtherChunk(t *testing.T) {
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/51,") {
			return answer(404, `{"title":"Not found"}`, "Content-Type", "application/problem+json"), nil
		}
		return answer(200, `[{"id":1}]`, "X-Success-Count", "1"), nil
	}))
	result, err := client.GetByIDs(t.Context(), ids(100))
	require.NoError(t, err)
	assert.Equal(t, []int64{1}, messageIDs(result.Messages))
	assert.Equal(t, ids(100)[1:], result.Missing)
	assert.Equal(t, 2, result.Requests)
	assert.Nil(t, result.SuccessCount, "a 404 carries no counts")
}

func TestB7_A404OfAnotherServerIsAFailure(t *testing.T) {
	for _, body := range []string{"", "<html>", "[]", "{}", `{"message":"no route"}`} {
		client, log := answering(t, 404, body, "Content-Type", "application/json")
		got, err := client.GetByIDs(t.Context(), ids(3))
		require.ErrorIs(t, err, outgoing.ErrNotFound)
		assert.Equal(t, ids(3), batchIDs(t, err))
		assert.Empty(t, got.Missing)

		cancelled, err := client.CancelScheduled(t.Context(), ids(3))
		require.ErrorIs(t, err, outgoing.ErrNotFound)
		assert.Equal(t, ids(3), batchIDs(t, err))
		assert.Equal(t, ids(3), cancelled.IDs(outgoing.Rejected))
		assert.NotContains(t, log.String(), "wrong base URL")
	}
}

func TestB7_AProblemDocumentMayHaveNoMembers(t *testing.T) {
	client, _ := answering(t, http.StatusNotFound, "{}", "Content-Type", "application/problem+json")
	result, err := client.GetByIDs(t.Context(), []int64{1})
	require.NoError(t, err)
	assert.Equal(t, []int64{1}, result.Missing)
}

func TestB9_AnOddMemberOfAProblemCostsOnlyTheMember(t *testing.T) {
	client, _ := answering(t, http.StatusOK, `[{"id":1,"status":400,"error":{"type":[{"title":"x"}],"title":7,"detail":"D","status":"400","other":{"code":"y"},"code":null}}]`)
	result, err := client.CancelScheduled(t.Context(), []int64{1})
	require.NoError(t, err)
	assert.Equal(t, &outgoing.Problem{Title: "7", Detail: "D", Status: 400}, result.Outcomes[0].Problem)
}
