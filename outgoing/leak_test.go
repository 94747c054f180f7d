package outgoing_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// calls are all that a client can do about many IDs, each ready to be ended in the middle.
func calls() map[string]func(context.Context, *outgoing.Client) error {
	return map[string]func(context.Context, *outgoing.Client) error{
		"GetByIDs": func(ctx context.Context, c *outgoing.Client) error {
			_, err := c.GetByIDs(ctx, ids(1000))
			return err
		},
		"CancelScheduled": func(ctx context.Context, c *outgoing.Client) error {
			_, err := c.CancelScheduled(ctx, ids(1000))
			return err
		},
		"StreamByIDs": func(ctx context.Context, c *outgoing.Client) error {
			var last error
			for _, err := range c.StreamByIDs(ctx, slices.Values(ids(1000))) {
				last = err
			}
			return last
		},
		"All": func(ctx context.Context, c *outgoing.Client) error {
			var last error
			for _, err := range c.All(ctx) {
				last = err
			}
			return last
		},
	}
}

// useAll does all that a client can do about own, 50 messages that are scheduled.
func useAll(t *testing.T, client *outgoing.Client, own []int64, page int) {
	found, err := client.GetByIDs(t.Context(), own, outgoing.WithHeader("X-Caller", strconv.Itoa(page)))
	if assert.NoError(t, err) {
		assert.Len(t, found.Messages, 50)
	}
	cancelled, err := client.CancelScheduled(t.Context(), own)
	if assert.NoError(t, err) {
		assert.Len(t, cancelled.IDs(outgoing.Cancelled), 50)
	}
	listed, err := client.List(t.Context(), outgoing.PageRequest{Page: page, Limit: 50})
	if assert.NoError(t, err) {
		assert.Len(t, listed.Messages, 50)
	}
	for part, err := range client.StreamByIDs(t.Context(), slices.Values(own)) {
		if assert.NoError(t, err) {
			assert.Len(t, part.Messages, 50)
		}
	}
}

func TestU1_HundredGoroutinesShareOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(5000)
		client := g.Client()
		var wg sync.WaitGroup
		for i := range 100 {
			own := ids(i*50 + 50)[i*50:]
			fault := []outgoingtest.Fault{{Status: 503}, {Drop: true}, {Truncate: 9}}[i%3]
			if i%20 == 0 {
				fault = outgoingtest.Fault{Status: 429}
			}
			fault.Method, fault.Match = http.MethodGet, outgoingtest.HasID(own[0])
			g.Inject(fault)
			wg.Go(func() { useAll(t, client, own, i+1) })
		}
		wg.Wait()
	})
}

func TestU2_CancelledContextLeavesNothingRunning(t *testing.T) {
	for name, call := range calls() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
				g := scheduled(1000, outgoingtest.WithLatency(time.Second))
				g.Inject(outgoingtest.Fault{Delay: time.Hour, Times: 2})
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				start := time.Now()
				require.ErrorIs(t, call(ctx, g.Client()), context.DeadlineExceeded)
				assert.Equal(t, 1500*time.Millisecond, time.Since(start))
			})
		})
	}
}

func TestU2_EarlyBreakLeavesNothingRunning(t *testing.T) {
	for _, after := range []int{1, 3, 200} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(1000, outgoingtest.WithLatency(time.Second))
			var left time.Time
			n := 0
			for _, err := range g.Client().All(t.Context()) {
				require.NoError(t, err)
				if n++; n == after {
					left = time.Now()
					break
				}
			}
			assert.Zero(t, time.Since(left), "what is in flight is given up, and not waited for")
			n = 0
			for _, err := range g.Client().StreamByIDs(t.Context(), slices.Values(ids(1000))) {
				require.NoError(t, err)
				if n++; n == min(after, 5) {
					left = time.Now()
					break
				}
			}
			assert.Zero(t, time.Since(left), "nor here")
		})
	}
}

func TestU2_NoConnectionIsLeftBusy(t *testing.T) {
	for name, call := range calls() {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			hanging := make(chan struct{}, 100)
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				hanging <- struct{}{}
				<-r.Context().Done()
			}))
			transport := &http.Transport{}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-hanging
				cancel()
			}()
			require.ErrorIs(t, call(ctx, newClient(t, transport, outgoing.WithBaseURL(server.URL))), context.Canceled)
			transport.CloseIdleConnections()
			server.Close() // which waits for the handlers
			goleak.VerifyNone(t, before)
		})
	}
}

// logPanics is a logger's handler with a fault.
type logPanics struct{ slog.Handler }

func (logPanics) Enabled(context.Context, slog.Level) bool  { return true }
func (logPanics) Handle(context.Context, slog.Record) error { panic("log") }

func TestU2_PanicInAHookIsRaisedInTheCallersGoroutine(t *testing.T) {
	slow := func(req *http.Request) { // the others are in flight when one panics
		select {
		case <-time.After(time.Minute):
		case <-req.Context().Done():
		}
	}
	second := func(req *http.Request) bool {
		return req.URL.RawQuery != "" || askedFor(req)[0] == 51
	}
	for hook, newOne := range map[string]func() *outgoing.Client{
		"transport": func() *outgoing.Client {
			return newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if second(req) {
					panic("transport")
				}
				slow(req)
				return nil, errors.New("given up")
			}))
		},
		"token": func() *outgoing.Client {
			client, err := outgoing.New("", outgoing.WithHTTPClient(&http.Client{Transport: scheduled(1000).Transport()}),
				outgoing.WithTokenSource(func(context.Context) (string, error) { panic("token") }))
			require.NoError(t, err)
			return client
		},
		"log": func() *outgoing.Client {
			return newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if !second(req) {
					slow(req)
				}
				return answer(500, ""), nil
			}), outgoing.WithLogger(slog.New(logPanics{})))
		},
	} {
		for name, call := range calls() {
			t.Run(hook+" in "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					assert.PanicsWithValue(t, hook, func() { _ = call(t.Context(), newOne()) })
					assert.Zero(t, time.Since(start), "what is in flight is given up")
				})
			})
		}
	}
}

func TestU2_PanicInTheCallersLoopLeavesNothingRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000, outgoingtest.WithLatency(time.Second))
		assert.PanicsWithValue(t, "mine", func() {
			for _, err := range g.Client().StreamByIDs(t.Context(), slices.Values(ids(1000))) {
				require.NoError(t, err)
				panic("mine")
			}
		})
		assert.PanicsWithValue(t, "mine", func() {
			for _, err := range g.Client().All(t.Context()) {
				require.NoError(t, err)
				panic("mine")
			}
		})
	})
}

func TestU2_GoexitInAHookEndsTheCallersGoroutine(t *testing.T) {
	for name, call := range calls() {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				runtime.Goexit() // as FailNow of a testing.T does
				return nil, nil
			}))
			returned := false
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = call(t.Context(), client)
				returned = true
			}()
			<-done
			assert.False(t, returned, "the call acted as if the hook had returned")
		})
	}
}
