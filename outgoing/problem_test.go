package outgoing_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

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

func TestE1_TheBodysStatusNeverReplacesTheHTTPStatus(t *testing.T) {
	for _, body := range []string{`{"title":"x","status":200}`, `{"title":"x","status":404}`, `{"title":"x","status":"204"}`, `{"title":"x","status":-1}`, `{"title":"x","status":1e99}`} {
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			return answer(403, body, "Content-Type", "application/problem+json"), nil
		}))
		_, err := client.List(t.Context(), outgoing.PageRequest{})
		apiErr, ok := errors.AsType[*outgoing.APIError](err)
		require.True(t, ok)
		assert.Equal(t, 403, apiErr.StatusCode, body)
		require.ErrorIs(t, err, outgoing.ErrForbidden)
		require.NotErrorIs(t, err, outgoing.ErrNotFound)
	}
}

func TestE1_OddFieldsOfAProblemCostNoOther(t *testing.T) {
	const served = "application/problem+json"
	tests := []struct {
		name, contentType, body string
		want                    outgoing.Problem
	}{
		{"all", served, `{"type":"t","status":400,"title":"T","detail":"D","code":"400-1","instance":"i"}`, outgoing.Problem{Type: "t", Status: 400, Title: "T", Detail: "D", Code: "400-1", Instance: "i"}},
		{"no type, and a title", "", `{"title":"T"}`, outgoing.Problem{Title: "T"}},
		{"another type, and a title", "text/html", `{"title":"T"}`, outgoing.Problem{Title: "T"}},
		{"another type, and no title", "application/json", `{"detail":"D"}`, outgoing.Problem{}},
		{"numbers for strings", served, `{"title":1,"code":-4.5}`, outgoing.Problem{Title: "1", Code: "-4.5"}},
		{"a string for a number", served, `{"title":"T","status":"400"}`, outgoing.Problem{Title: "T", Status: 400}},
		{"a wrong type costs one field", served, `{"title":"T","detail":{"a":1},"code":[1],"type":null,"instance":true}`, outgoing.Problem{Title: "T"}},
		{"a status that is none", served, `{"title":"T","status":4.5}`, outgoing.Problem{Title: "T"}},
		{"a huge status", served, `{"title":"T","status":99999999999999999999}`, outgoing.Problem{Title: "T"}},
		{"members twice: the last counts", served, `{"title":"T","title":"U"}`, outgoing.Problem{Title: "U"}},
		{"invalid UTF-8", served, "{\"title\":\"a\xffb\"}", outgoing.Problem{Title: "a\uFFFDb"}},
		{"an array", served, `[{"title":"T"}]`, outgoing.Problem{}},
		{"null", served, `null`, outgoing.Problem{}},
		{"trailing bytes", served, `{"title":"T"} x`, outgoing.Problem{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				return answer(400, tt.body, "Content-Type", tt.contentType), nil
			}))
			_, err := client.List(t.Context(), outgoing.PageRequest{})
			apiErr, ok := errors.AsType[*outgoing.APIError](err)
			require.True(t, ok)
			assert.Equal(t, tt.want, apiErr.Problem)
			assert.Equal(t, tt.body, string(apiErr.Body))
		})
	}
}
