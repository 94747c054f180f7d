package outgoing_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// limiter is a Limiter in one function.
type limiter func(ctx context.Context) error

func (f limiter) Wait(ctx context.Context) error { return f(ctx) }

// holder is a Limiter that is told of holds.
type holder struct {
	limiter
	mu    sync.Mutex
	holds []time.Duration
}

func (h *holder) Hold(_ context.Context, d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds = append(h.holds, d)
}

// counting is a limiter that counts, and lets all go.
func counting(n *atomic.Int64) limiter {
	return func(context.Context) error { n.Add(1); return nil }
}

var errEmpty = errors.New("the bucket of the account is empty")

func TestR9_ARateLimiterIsALimiterAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var arrivals []time.Duration
		start := time.Now()
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			arrivals = append(arrivals, time.Since(start))
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithLimiter(rate.NewLimiter(10, 1)), outgoing.WithConcurrency(32))
		_, err := client.GetByIDs(t.Context(), ids(100*50))
		require.NoError(t, err)
		require.Len(t, arrivals, 100)
		assert.GreaterOrEqual(t, time.Since(start), 9900*time.Millisecond)
		assert.LessOrEqual(t, busiest(arrivals, time.Second-time.Millisecond, 0), 11)
	})
}

func TestR9_SeveralClientsShareALimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := outgoing.WithLimiter(rate.NewLimiter(10, 1))
		start := time.Now()
		var calls sync.WaitGroup
		for range 4 {
			client := newClient(t, inTurn(), shared)
			calls.Go(func() {
				_, err := client.GetByIDs(t.Context(), ids(25*50), outgoing.WithConcurrency(1))
				assert.NoError(t, err)
			})
		}
		calls.Wait()
		assert.GreaterOrEqual(t, time.Since(start), 9900*time.Millisecond)
	})
}

func TestR9_EachAttemptAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n, sent atomic.Int64
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			switch sent.Add(1) % 4 {
			case 1:
				return answer(429, "", "Retry-After", "3"), nil
			case 2:
				return answer(502, ""), nil
			case 3:
				return nil, io.EOF
			}
			if req.Method == http.MethodDelete {
				return answer(200, refusals(req)), nil
			}
			if req.URL.RawQuery != "" {
				return answer(200, `[{"id":1}]`), nil
			}
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithLimiter(counting(&n)))
		_, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		assert.EqualValues(t, 4, n.Load(), "retries, too")
		result, _ := client.CancelScheduled(t.Context(), ids(120))
		assert.Len(t, append(result.IDs(outgoing.Rejected), result.IDs(outgoing.Unknown)...), 120, "which are read back")
		assert.Equal(t, sent.Load(), n.Load(), "read-backs, too")
		for _, err := range client.All(t.Context()) {
			_ = err
		}
		assert.Equal(t, sent.Load(), n.Load(), "pages, too")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		watch(ctx, client, outgoing.WatchRequest{IDs: ids(60), Until: never})
		assert.Equal(t, sent.Load(), n.Load(), "looks, too")
	})
}

func TestR9_TheLimiterIsAskedLastAndAPermitSurvivesAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var n atomic.Int64
		var sentAt []time.Duration
		var mu sync.Mutex
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			sentAt = append(sentAt, time.Since(start))
			first := len(sentAt) == 1
			mu.Unlock()
			if first {
				if err := pause(req.Context(), time.Second); err != nil {
					return nil, err
				}
				return answer(429, "", "Retry-After", "30"), nil
			}
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithLimiter(limiter(func(ctx context.Context) error {
			if n.Add(1) == 2 { // the hold begins while this one waits
				return pause(ctx, 2*time.Second)
			}
			return nil
		})))
		var calls sync.WaitGroup
		calls.Go(func() { _, err := client.GetByIDs(t.Context(), ids(1)); assert.NoError(t, err) })
		synctest.Wait()
		calls.Go(func() { _, err := client.GetByIDs(t.Context(), ids(1)); assert.NoError(t, err) })
		calls.Wait()
		assert.EqualValues(t, 3, n.Load(), "the permit that was given stays good: it is not asked for again")
		require.Len(t, sentAt, 3)
		for _, at := range sentAt[1:] {
			assert.GreaterOrEqual(t, at, 31*time.Second, "and yet nothing is sent during the hold")
		}
	})
}

func TestR9_TheWaitDoesNotCountInTheAttemptsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if err := pause(req.Context(), 900*time.Millisecond); err != nil {
				return nil, err
			}
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithAttemptTimeout(time.Second), outgoing.WithLimiter(limiter(func(ctx context.Context) error { return pause(ctx, time.Minute) })))
		result, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		assert.Equal(t, 1, result.Attempts)
	})
}

func TestR9_TheWaitEndsWithTheContextMaxElapsedAndAStop(t *testing.T) {
	forever := limiter(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, inTurn(), outgoing.WithLimiter(forever))
		start := time.Now()
		_, err := client.GetByIDs(t.Context(), ids(1), outgoing.WithRetry(outgoing.Retry{MaxElapsed: 7 * time.Second}))
		assert.Equal(t, 7*time.Second, time.Since(start))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "R10: the caller has set no deadline")
		require.NotErrorIs(t, err, context.Canceled)
		assertLine(t, err)

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start = time.Now()
		_, err = client.GetByIDs(ctx, ids(1))
		assert.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, outgoing.ErrNotSent)

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start = time.Now()
		_, err = client.GetByIDs(ctx, ids(1))
		assert.Equal(t, time.Second, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
	})
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		client := newClient(t, status(401), outgoing.WithConcurrency(8), outgoing.WithLimiter(limiter(func(ctx context.Context) error {
			if n.Add(1) == 1 {
				return pause(ctx, time.Second)
			}
			return forever(ctx)
		})))
		start := time.Now()
		result, err := client.CancelScheduled(t.Context(), ids(100*50))
		assert.Equal(t, time.Second, time.Since(start), "a stop ends the wait")
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		assert.Len(t, result.IDs(outgoing.NotSent), 100*50)
		assert.Equal(t, 1, result.Attempts)
	})
}

func TestR10_ARefusalIsNoAttemptAndNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			sent++
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithLimiter(limiter(func(context.Context) error { return errEmpty })))
		for name, call := range operations(t, client) {
			err := call()
			require.ErrorIs(t, err, errEmpty, name)
			require.ErrorIs(t, err, outgoing.ErrNotSent, name)
			assertLine(t, err)
		}
		result, err := client.CancelScheduled(t.Context(), ids(1000))
		require.ErrorIs(t, err, errEmpty)
		assert.Len(t, result.IDs(outgoing.NotSent), 1000)
		assert.Zero(t, result.Attempts)
		assert.Zero(t, sent)
	})
}

// A *rate.Limiter refuses at once when the deadline is too near; the words are its own.
func TestR10_ARefusalForADeadlineThatTheCallerHasNotSetIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := rate.NewLimiter(rate.Every(time.Hour), 1)
		require.True(t, slow.Allow())
		_, err := newClient(t, inTurn(), outgoing.WithLimiter(slow)).GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		assertLine(t, err)
	})
}

func TestR10_ARefusalCostsNoBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refuse atomic.Bool
		refuse.Store(true)
		client := newClient(t, status(502), outgoing.WithLimiter(limiter(func(context.Context) error {
			if refuse.Load() {
				return errEmpty
			}
			return nil
		})), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 101, MaxInterval: time.Millisecond}))
		for range 200 {
			_, err := client.GetByIDs(t.Context(), ids(1))
			require.ErrorIs(t, err, errEmpty)
		}
		refuse.Store(false)
		result, err := client.GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrServer)
		assert.Equal(t, 101, result.Attempts, "100 retries: the budget was full")
	})
}

func TestR10_ARefusalAfterAnAttemptLeavesItsStateAsItIs(t *testing.T) {
	for name, test := range map[string]struct {
		first roundTrip
		want  outgoing.State
	}{
		"dropped":      {fails(io.EOF), outgoing.Unknown},
		"502":          {status(502), outgoing.Unknown},
		"refused":      {fails(errRefusedConnection), outgoing.NotSent},
		"429":          {status(429), outgoing.NotSent},
		"429 that may": {status(429, "Retry-After", "5"), outgoing.NotSent},
	} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int64
			client := newClient(t, inTurn(test.first), outgoing.WithLimiter(limiter(func(context.Context) error {
				if n.Add(1) > 1 {
					return errEmpty
				}
				return nil
			})))
			result, err := client.CancelScheduled(t.Context(), ids(3))
			require.ErrorIs(t, err, errEmpty, name)
			assert.Equal(t, ids(3), result.IDs(test.want), name)
			assert.Equal(t, 1, result.Attempts, "%s: a refused read-back is none either", name)
		})
	}
}

func TestR10_AWatchSurvivesRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		client := newClient(t, inTurn(), outgoing.WithLimiter(limiter(func(context.Context) error {
			if n.Add(1) <= 10 {
				return errEmpty
			}
			return nil
		})))
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: ids(1), Until: func(outgoing.Message) bool { return true }})
		require.NotEmpty(t, all)
		require.NoError(t, all[len(all)-1].err)
		assert.Equal(t, int64(1), all[len(all)-1].id)
	})
}

func TestR11_AHolderIsToldOfEachHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		h := &holder{limiter: counting(&n)}
		client := newClient(t, inTurn(status(429, "Retry-After", "7"), status(503, "Retry-After", "8"), status(429), status(503), status(500, "Retry-After", "9")),
			outgoing.WithLimiter(h), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 10, MaxElapsed: time.Hour}))
		_, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		require.Len(t, h.holds, 3, "a 503 or 500 holds only its own request")
		assert.Equal(t, []time.Duration{7 * time.Second, 8 * time.Second}, h.holds[:2])
		assert.Positive(t, h.holds[2], "a 429 holds all, also without Retry-After")

		h = &holder{limiter: counting(&n)}
		_, err = newClient(t, status(429, "Retry-After", "1000000000000000000"), outgoing.WithLimiter(h)).GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		assert.Equal(t, []time.Duration{5 * time.Minute}, h.holds, "at most 5 minutes")
	})
}

func TestR11_ALimiterThatIsToldOfHoldsKeepsOtherClientsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var until atomic.Int64
		shared := &sharedHold{until: &until}
		first := newClient(t, inTurn(status(429, "Retry-After", "60")), outgoing.WithLimiter(shared), once)
		_, err := first.GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		_, err = newClient(t, inTurn(), outgoing.WithLimiter(shared)).GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// sharedHold is a limiter that lets nothing go during a hold of any of its clients.
type sharedHold struct{ until *atomic.Int64 }

func (s *sharedHold) Wait(ctx context.Context) error {
	return pause(ctx, time.Until(time.Unix(0, s.until.Load())))
}

func (s *sharedHold) Hold(_ context.Context, d time.Duration) {
	s.until.Store(time.Now().Add(d).UnixNano())
}
