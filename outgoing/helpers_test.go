package outgoing_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// full reports whether grids and simulations run whole, and not only at their corners.
var full = fewer.Full

// sized is all where grids and simulations run whole, and few otherwise.
func sized[T any](few, all T) T {
	if full() {
		return all
	}
	return few
}

// raced is fewest under the race detector, with which each run takes many times as long, and usual otherwise.
func raced[T any](fewest, usual T) T {
	if fewer.Raced {
		return fewest
	}
	return usual
}

// notForRaces skips a test of how much memory is held: races do not change that, and the test is slow where they are looked for.
func notForRaces(t *testing.T) {
	t.Helper()
	if fewer.Raced {
		t.Skip("go test without -race runs this, and so does make ci")
	}
}

// seeded is a source of random numbers whose seed is in the log of a test that fails.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

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

// once is for tests of a single attempt.
var once = outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1})

func messageIDs(messages []outgoing.Message) []int64 {
	var all []int64
	for _, m := range messages {
		all = append(all, m.ID)
	}
	return all
}

// inTurn answers the nth request with the nth function, and all after the last one as a gateway that does what is asked.
func inTurn(answers ...roundTrip) roundTrip {
	n := 0
	return func(req *http.Request) (*http.Response, error) {
		n++
		if n <= len(answers) {
			return answers[n-1](req)
		}
		return answer(http.StatusOK, rowsFor(req)), nil
	}
}

func status(code int, headers ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) { return answer(code, "", headers...), nil }
}

func fails(err error) roundTrip {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// getOrCancel looks ID 1 up or cancels it, and says how many attempts that took, without the look at what is Unknown.
func getOrCancel(ctx context.Context, client *outgoing.Client, method string, opts ...outgoing.Option) (attempts int, err error) {
	if method == http.MethodDelete {
		result, err := client.CancelScheduled(ctx, []int64{1}, opts...)
		return result.Attempts - len(result.IDs(outgoing.Unknown)), err
	}
	result, err := client.GetByIDs(ctx, []int64{1}, opts...)
	return result.Attempts, err
}

// answering is a client of a gateway that gives this answer always, and the log of that client.
func answering(t testing.TB, status int, body string, headers ...string) (*outgoing.Client, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	transport := roundTrip(func(*http.Request) (*http.Response, error) { return answer(status, body, headers...), nil })
	return newClient(t, transport, once, outgoing.WithLogger(logger), outgoing.WithConcurrency(1)), log
}

// operations are one call of each.
func operations(t testing.TB, client *outgoing.Client) map[string]func() error {
	return map[string]func() error{
		"GetByIDs":        func() error { _, err := client.GetByIDs(t.Context(), ids(3)); return err },
		"CancelScheduled": func() error { _, err := client.CancelScheduled(t.Context(), ids(3)); return err },
		"List":            func() error { _, err := client.List(t.Context(), outgoing.PageRequest{}); return err },
		"All": func() (last error) {
			for _, err := range client.All(t.Context()) {
				last = err
			}
			return last
		},
	}
}

// hasStatus reports whether a message has one of the statuses.
func hasStatus(codes ...string) func(outgoing.Message) bool {
	return func(m outgoing.Message) bool { return slices.Contains(codes, m.StatusCode) }
}

// message has a status since now.
func message(id int64, code string) outgoing.Message {
	return outgoing.Message{ID: id, StatusCode: code, StatusDate: new(time.Now())}
}

var states = []outgoing.State{outgoing.Unknown, outgoing.NotSent, outgoing.Cancelled, outgoing.Rejected}
