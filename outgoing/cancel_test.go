package outgoing_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestC3_NoLookAfterADoneContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{AfterWork: true, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := g.Client().CancelScheduled(ctx, []int64{1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Unknown))
		assert.Zero(t, count(g, http.MethodGet))
	})
}

func TestC3_NoLookWithATokenThatIsRefused(t *testing.T) {
	for _, code := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(200)
			g.Inject(
				outgoingtest.Fault{Method: http.MethodDelete, Match: outgoingtest.HasID(1), AfterWork: true, Truncate: -1},
				outgoingtest.Fault{Method: http.MethodDelete, Match: outgoingtest.HasID(51), Status: code},
			)
			got, err := g.Client().CancelScheduled(t.Context(), ids(200), outgoing.WithConcurrency(1))
			require.Error(t, err)
			assert.Equal(t, ids(50), got.IDs(outgoing.Unknown))
			assert.Equal(t, ids(200)[50:], got.IDs(outgoing.NotSent))
			assert.Zero(t, count(g, http.MethodGet))
		})
	}
}

func TestC3_FailedLookAddsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{AfterWork: true, Truncate: -1},
			outgoingtest.Fault{Method: http.MethodGet, Status: 418, Times: -1})
		got, err := g.Client().CancelScheduled(t.Context(), []int64{1})
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Unknown))
		assert.Nil(t, got.Outcomes[0].Message)
		var failed *outgoing.BatchError
		require.ErrorAs(t, err, &failed)
		require.Len(t, failed.Failures, 1)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.NotContains(t, err.Error(), "418")
		assert.Equal(t, 2, got.Attempts)
	})
}

func TestC3_UnknownIDsAreLookedUpOnceTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(500)
		g.Inject(outgoingtest.Fault{Method: http.MethodDelete, Times: -1, AfterWork: true, Omit: []int64{1, 51, 101, 151, 201}})
		g.Remove(101)
		got, err := g.Client().CancelScheduled(t.Context(), ids(500))
		require.Error(t, err)
		assert.Equal(t, []int64{1, 51, 101, 151, 201}, got.IDs(outgoing.Unknown))
		assert.Equal(t, 1, count(g, http.MethodGet))
		for _, id := range []int64{1, 51, 151, 201} {
			require.NotNil(t, got.Outcomes[id-1].Message, "%d", id)
			assert.Equal(t, id, got.Outcomes[id-1].Message.ID)
		}
		assert.Nil(t, got.Outcomes[100].Message, "which is gone")
		assert.True(t, strings.HasPrefix(err.Error(), "outgoing: 5 IDs not settled"))
	})
}

func TestC3_LookGoesOnWithoutABudgetWhileItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete {
				return answer(503, ""), nil
			}
			return answer(200, rowsFor(req)), nil
		}))
		result, err := client.CancelScheduled(t.Context(), ids(100*50))
		require.ErrorIs(t, err, outgoing.ErrServer)
		for _, o := range result.Outcomes {
			require.NotNil(t, o.Message, "ID %d", o.ID)
		}
	})
}

func TestC5_ErrorIsNilWhenEachIDIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(60)
		g.Remove(7)
		g.Add(outgoing.Message{ID: 9, StatusCode: "DELIVERED"})
		g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(60), Status: 404})
		got, err := g.Client().CancelScheduled(t.Context(), ids(60))
		require.NoError(t, err)
		assert.Equal(t, append([]int64{7, 9}, ids(60)[50:]...), got.IDs(outgoing.Rejected))
		assert.Len(t, got.IDs(outgoing.Cancelled), 48)
		assert.Equal(t, 404, got.Outcomes[59].Status, "B7")
		assert.Equal(t, 2, got.Requests)
	})
	synctest.Test(t, func(t *testing.T) { // a 404 that says nothing about messages settles none
		_, err := newClient(t, status(404)).CancelScheduled(t.Context(), []int64{1})
		require.ErrorIs(t, err, outgoing.ErrNotFound)
	})
}

func TestC6_OneAttemptIsOneDELETE(t *testing.T) {
	faults := lostAnswers()
	faults["429"] = outgoingtest.Fault{Status: 429, RetryAfter: "1"}
	faults["503"] = outgoingtest.Fault{Status: 503, RetryAfter: "1"}
	for name, fault := range faults {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(1)
			fault.Method, fault.Times, fault.AfterWork = http.MethodDelete, -1, true
			g.Inject(fault)
			_, err := g.Client().CancelScheduled(t.Context(), []int64{1}, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
			require.Error(t, err)
			assert.Equal(t, 1, count(g, http.MethodDelete), name)
		})
	}
}

// cancelRowsOf are answers with odd rows to a cancel of 3, 1, 2; the states are in this order.
var cancelRowsOf = []struct {
	name, body string
	states     [3]outgoing.State
	status     [3]int
	failed     []int64
	says       string
	dropped    int
}{
	{name: "each its own", body: `[{"id":1,"status":204,"error":null},{"id":3,"status":204},{"id":2,"status":400,"error":{"title":"T"}}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Cancelled, outgoing.Rejected}, status: [3]int{204, 204, 400}},
	{name: "foreign rows", body: `[{"id":9,"status":204},{"id":3,"status":204},{"id":1,"status":404},{"id":2,"status":499}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Rejected}, status: [3]int{204, 404, 499}, dropped: 1},
	{name: "rows that agree", body: `[{"id":3,"status":204},{"id":3,"status":204},{"id":1,"status":400},{"id":1,"status":400},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Cancelled}, status: [3]int{204, 400, 204}, dropped: 2},
	{name: "rows that contradict", body: `[{"id":3,"status":204},{"id":3,"status":400},{"id":1,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Unknown, outgoing.Cancelled, outgoing.Cancelled}, status: [3]int{204, 204, 204}, failed: []int64{3}, says: "contradict", dropped: 1},
	{name: "a good and an unreadable row", body: `[{"id":3,"status":204},{"id":3,"status":[]},{"id":1,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Unknown, outgoing.Cancelled, outgoing.Cancelled}, status: [3]int{204, 204, 204}, failed: []int64{3}, says: "contradict", dropped: 1},
	{name: "numbers as strings", body: `[{"id":"3","status":"204"},{"id":1,"status":"400","error":{"status":"400"}},{"id":2,"status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Cancelled}, status: [3]int{204, 400, 204}},
	{name: "an odd problem costs only the problem", body: `[{"id":3,"status":204,"error":"none"},{"id":1,"status":400,"error":[]},{"id":2,"status":400,"error":{"title":7}}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Rejected}, status: [3]int{204, 400, 400}},
	{name: "members twice", body: `[{"id":3,"id":3,"status":204,"status":204},{"id":1,"status":204,"x":1,"x":2},{"id":2,"status":"204","status":204}]`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Cancelled, outgoing.Cancelled}, status: [3]int{204, 204, 204}},
	{name: "an ID twice, with different values", body: `[{"id":9,"id":3,"status":204},{"id":1,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{1: outgoing.Cancelled, 2: outgoing.Cancelled}, status: [3]int{0, 204, 204}, failed: []int64{3}, says: "/id is there twice"},
	{name: "a status twice, with different values", body: `[{"id":3,"status":204,"status":400},{"id":1,"status":400,"status":204},{"id":2,"status":204}]`,
		states: [3]outgoing.State{2: outgoing.Cancelled}, status: [3]int{0, 0, 204}, failed: []int64{3, 1}, says: "/status is there twice"},
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
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Unknown, outgoing.Cancelled}, status: [3]int{204, 0, 204}, failed: []int64{1}, says: "no row for this ID", dropped: 1},
	{name: "no rows", body: `[]`, failed: []int64{3, 1, 2}, says: "no row for this ID"},
	{name: "rows before the JSON stops", body: `[{"id":3,"status":204},{"id":1,"status":400},{"id":2,"sta`,
		states: [3]outgoing.State{outgoing.Cancelled, outgoing.Rejected, outgoing.Unknown}, status: [3]int{204, 400, 0}, failed: []int64{2}, says: "broke off"},
	{name: "rows before trailing bytes", body: `[{"id":3,"status":204},{"id":1,"status":204},{"id":2,"status":204}]]`, failed: []int64{3, 1, 2}, says: "goes on after"},
}

func TestB8_B9_CancelScheduledReadsEachRow(t *testing.T) {
	for _, tt := range cancelRowsOf {
		t.Run(tt.name, func(t *testing.T) {
			log := new(bytes.Buffer)
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if req.Method == http.MethodGet {
					return answer(200, rowsFor(req)), nil
				}
				return answer(200, tt.body), nil
			}), once, outgoing.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
			result, err := client.CancelScheduled(t.Context(), []int64{3, 1, 2, 3})
			require.Len(t, result.Outcomes, 3)
			attempts := 1
			for i, o := range result.Outcomes {
				assert.Equal(t, []int64{3, 1, 2}[i], o.ID)
				assert.Equal(t, tt.states[i], o.State, "ID %d", o.ID)
				assert.Equal(t, tt.status[i], o.Status, "ID %d", o.ID)
				readBack := o.State == outgoing.Unknown || o.State == outgoing.Rejected && o.Status != 404
				assert.Equal(t, readBack, o.Message != nil, "C3: ID %d", o.ID)
				if readBack {
					attempts = 2
				}
			}
			assert.Equal(t, attempts, result.Attempts, "one cancel, and one read-back if there is something to look at")
			if tt.failed == nil {
				require.NoError(t, err)
			} else {
				assert.Equal(t, tt.failed, batchIDs(t, err))
				assertLine(t, err)
				require.ErrorContains(t, err, tt.says)
			}
			assertDropped(t, log, tt.dropped)
		})
	}
}
