package outgoing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// assertLine checks that an error is there and that its text is one line that fits into a log (E2).
func assertLine(t testing.TB, err error) {
	t.Helper()
	require.Error(t, err)
	text := err.Error()
	assert.LessOrEqual(t, len(text), 512, text)
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
	assert.True(t, strings.HasPrefix(text, "outgoing: "), text)
	assert.Equal(t, 1, strings.Count(text, "outgoing: "), text)
}

// batchIDs are the IDs of a BatchError, which err must be or wrap.
func batchIDs(t testing.TB, err error) []int64 {
	t.Helper()
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	require.True(t, ok, "%v", err)
	return batch.IDs()
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

func TestE1_ProblemFieldsOfOddTypes(t *testing.T) {
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

func TestE2_TheTextOfAnAPIErrorIsOneBoundedLine(t *testing.T) {
	long := strings.Repeat("ą\n\x1b[31m\u202e\xff", 1000)
	err := &outgoing.APIError{
		Method: "GET", Path: "/messages/{ids}", StatusCode: 503, Attempts: 4, RetryAfter: time.Minute,
		Problem: outgoing.Problem{Title: long, Detail: long, Code: long},
	}
	assertLine(t, err)
	for _, part := range []string{"GET", "/messages/{ids}", "503", "Service Unavailable", "4 attempts", "retry after 1m0s", `ą\n\x1b[31m\u202e\xff`, "code ą"} {
		assert.Contains(t, err.Error(), part)
	}
	short := &outgoing.APIError{
		Method: "DELETE", Path: "/messages/{ids}", StatusCode: 400, Attempts: 1,
		Problem: outgoing.Problem{Title: "A title", Detail: "A detail", Code: "400-21"},
	}
	require.EqualError(t, short, "outgoing: DELETE /messages/{ids}: 400 Bad Request: A title: A detail (code 400-21, 1 attempt)")
	assertLine(t, &outgoing.APIError{})
	assertLine(t, &outgoing.APIError{Method: strings.Repeat("M", 999), Path: strings.Repeat("/", 999)})
}

func TestE2_TheTextOfABatchErrorIsOneBoundedLine(t *testing.T) {
	huge := errors.New(strings.Repeat("huge\n", 1000))
	for _, err := range []*outgoing.BatchError{
		{},
		{Failures: []outgoing.Failure{{}}},
		{Failures: []outgoing.Failure{{IDs: ids(100_000), Err: huge}}},
		{Failures: []outgoing.Failure{{IDs: ids(3), Err: huge}, {Err: huge}, {IDs: []int64{9}}}},
	} {
		assertLine(t, err)
	}
	err := &outgoing.BatchError{Failures: []outgoing.Failure{{IDs: []int64{7, 8}, Err: io.EOF}, {IDs: []int64{9}, Err: outgoing.ErrServer}}}
	require.EqualError(t, err, "outgoing: 3 IDs not settled: ID 7 and 1 more: EOF; and 1 more failure")
	require.ErrorIs(t, err, io.EOF)
	require.ErrorIs(t, err, outgoing.ErrServer)
	assert.Equal(t, []int64{7, 8, 9}, err.IDs())
}

func TestE2_ErrorsOfTheNetworkAndOfHooksAreOneBoundedLine(t *testing.T) {
	noise := errors.New(strings.Repeat("line\r\n\x00", 500))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(noise)
	failing := roundTrip(func(*http.Request) (*http.Response, error) { return nil, noise })
	source, err := outgoing.New("", outgoing.WithTokenSource(func(context.Context) (string, error) { return "", noise }))
	require.NoError(t, err)
	tests := map[string]func() error{
		"transport": func() error { _, err := newClient(t, failing, once).GetByIDs(t.Context(), ids(3)); return err },
		"list": func() error {
			_, err := newClient(t, failing, once).List(t.Context(), outgoing.PageRequest{})
			return err
		},
		"cause":        func() error { _, err := newClient(t, failing, once).CancelScheduled(ctx, ids(3)); return err },
		"token source": func() error { _, err := source.GetByIDs(t.Context(), ids(3)); return err },
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			err := call()
			assertLine(t, err)
			assert.Equal(t, name != "cause", errors.Is(err, noise), "B10: a context's cause is text only")
		})
	}
}

func TestE1_AnAPIErrorSharesNothingWithTheResponse(t *testing.T) {
	res := answer(400, "body", "X-A", "1")
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { return res, nil }))
	_, err := client.List(t.Context(), outgoing.PageRequest{})
	apiErr, ok := errors.AsType[*outgoing.APIError](err)
	require.True(t, ok)
	res.Header.Set("X-A", "2")
	assert.Equal(t, "1", apiErr.Header.Get("X-A"))
	for range 10 { // buffers are used again
		res = answer(400, "BODY", "X-A", "3")
		_, _ = client.List(t.Context(), outgoing.PageRequest{})
	}
	assert.Equal(t, "body", string(apiErr.Body))
}

func TestStatesHaveNames(t *testing.T) {
	for s, want := range map[outgoing.State]string{
		outgoing.Unknown: "unknown", outgoing.NotSent: "not sent", outgoing.Cancelled: "cancelled", outgoing.Rejected: "rejected", 9: "State(9)",
	} {
		assert.Equal(t, want, fmt.Sprint(s))
		text, err := json.Marshal(map[string]any{"state": s})
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"state":%q}`, want), string(text))
	}
}
