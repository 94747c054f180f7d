package outgoing_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// testToken is what the clients of the tests authenticate with; it is looked for wherever it must not be.
const testToken = "secret-token-0123456789"

// roundTrip is a transport in one function: it needs no port, works in virtual time, and traces nothing.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// newClient is a client whose requests go to transport.
func newClient(t testing.TB, transport http.RoundTripper, opts ...outgoing.Option) *outgoing.Client {
	t.Helper()
	client, err := outgoing.New(testToken, append([]outgoing.Option{outgoing.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return client
}

// pause returns after d, or with the error of a context that is done before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer is a response as a transport gives it. Headers come in pairs of name and value.
func answer(status int, body string, headers ...string) *http.Response {
	header := make(http.Header)
	for i := 0; i < len(headers); i += 2 {
		header.Add(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// ids are the numbers from 1 to n.
func ids(n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i + 1)
	}
	return all
}

// once is for tests of what one attempt comes to.
var once = outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1})

func messageIDs(messages []outgoing.Message) []int64 {
	var all []int64
	for _, m := range messages {
		all = append(all, m.ID)
	}
	return all
}
