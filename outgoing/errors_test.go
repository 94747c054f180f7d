package outgoing_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

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

func TestE2_AnAnswerThatIsNotTheGatewaysSaysSo(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   bool
	}{
		{404, "404 page not found\n", true},
		{404, "", true},
		{404, "<html>", true},
		{404, `{"error":"no route"}`, true},
		{404, `{"title":"Not Found","status":404,"code":"404-6"}`, false},
		{200, "\n<!DOCTYPE html><title>Login</title>", true},
		{200, "nope", false},
		{400, "<html>", false},
	} {
		client, _ := answering(t, test.status, test.body)
		_, err := client.List(t.Context(), outgoing.PageRequest{}, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
		require.Error(t, err)
		assertLine(t, err)
		assert.Equal(t, test.want, strings.Contains(err.Error(), "base URL"), "%d %q: %v", test.status, test.body, err)
	}
	made := &outgoing.APIError{StatusCode: 404, Problem: outgoing.Problem{Title: "No such message"}}
	assert.NotContains(t, made.Error(), "base URL")
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
