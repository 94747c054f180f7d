package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// pools returns limiters of several processes, each with connections of its own.
func pools(t *testing.T, n int, perSecond float64) (limiters []*sharedLimiter) {
	t.Helper()
	url := newPostgres(t)
	for range n {
		s, err := openStore(t.Context(), url, "", 8, knownStatuses, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(s.close)
		limiters = append(limiters, newSharedLimiter(s, "account", perSecond))
	}
	return limiters
}

// busiest returns the most that happened in any second.
func busiest(times []time.Time) (most int) {
	slices.SortFunc(times, time.Time.Compare)
	for i, first := range times {
		in, _ := slices.BinarySearchFunc(times[i:], first.Add(time.Second), time.Time.Compare)
		most = max(most, in)
	}
	return most
}

func TestProcessesShareOneLimit(t *testing.T) {
	const perSecond = 50
	var (
		mu    sync.Mutex
		turns []time.Time
		work  sync.WaitGroup
	)
	limiters := pools(t, 4, perSecond)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	for _, l := range limiters {
		for range 4 {
			work.Go(func() {
				for l.Wait(ctx) == nil {
					mu.Lock()
					turns = append(turns, time.Now())
					mu.Unlock()
				}
			})
		}
	}
	work.Wait()
	most := busiest(turns)
	t.Logf("%d turns in 3 s, at most %d in one, of %d", len(turns), most, perSecond)
	assert.LessOrEqual(t, most, perSecond*5/4, "a process that was slow may be late, and no more")
	assert.Greater(t, len(turns), perSecond, "and the limit is used")
}

func TestAHoldHoldsAllProcesses(t *testing.T) {
	limiters := pools(t, 2, 1000)
	limiters[0].Hold(t.Context(), time.Second)
	limiters[0].Hold(t.Context(), time.Millisecond) // a shorter one changes nothing
	left, err := limiters[1].heldFor(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, time.Second, left, float64(500*time.Millisecond))
	hurry, cancel := context.WithTimeout(t.Context(), left/2)
	defer cancel()
	start := time.Now()
	require.ErrorIs(t, limiters[1].Wait(hurry), errNoTurn)
	assert.Less(t, time.Since(start), left/2, "no turn is waited for that comes too late")
	require.NoError(t, limiters[1].Wait(t.Context()))
	assert.Greater(t, time.Since(start), left/2)
	left, err = limiters[0].heldFor(t.Context())
	require.NoError(t, err)
	assert.Zero(t, left)
}

// The gateway asks one process for fewer requests while many of all processes wait for turns that they have taken: they take new
// ones. The Client keeps a turn that it was given, so that all of those would leave at the end of the hold.
func TestNothingLeavesInAHoldAndNoBurstFollowsIt(t *testing.T) {
	const perSecond = 20
	inBoth(t, func(t *testing.T, d database) {
		t.Parallel()
		gateway := outgoingtest.NewGateway()
		var (
			mu       sync.Mutex
			arrivals []time.Time
			held     time.Time // when the hold began
			ids      []int64
			work     sync.WaitGroup
		)
		for range 2000 {
			ids = append(ids, gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})...)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			arrivals = append(arrivals, time.Now())
			tooMany := len(arrivals) == 6
			if tooMany {
				held = time.Now()
			}
			mu.Unlock()
			if tooMany {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			gateway.ServeHTTP(w, r)
		}))
		defer server.Close()
		processes := 3
		if d.url == "" {
			processes = 1
		}
		var clients []*outgoing.Client
		for range processes {
			limits := newLimits(d.open(t), perSecond, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
			client, err := outgoing.New("token", outgoing.WithBaseURL(server.URL+"/rest"), outgoing.WithLimiter(limits.account))
			require.NoError(t, err)
			clients = append(clients, client)
		}
		for _, client := range clients {
			work.Go(func() {
				_, err := client.GetByIDs(t.Context(), ids, outgoing.WithConcurrency(42/processes))
				assert.NoError(t, err)
			})
		}
		work.Wait()
		inHold := 0
		for _, at := range arrivals {
			if at.After(held) && at.Before(held.Add(time.Second)) {
				inHold++
			}
		}
		assert.LessOrEqual(t, inHold, 5, "those that were under way, and not 42")
		assert.LessOrEqual(t, busiest(arrivals), perSecond*5/4)
	})
}

func TestATurnThatAHoldMovesBehindTheDeadlineIsNotTaken(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		t.Parallel()
		limits := newLimits(d.open(t), 1, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
		require.NoError(t, limits.account.Wait(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		defer cancel()
		refused := make(chan error)
		go func() { refused <- limits.account.Wait(ctx) }()
		pause(ctx, 200*time.Millisecond) // it takes its turn
		limits.account.(outgoing.Holder).Hold(t.Context(), patience)
		require.ErrorIs(t, <-refused, errNoTurn)
		assert.NoError(t, ctx.Err(), "it is refused when that is known")
	})
}

func TestALimiterWithoutItsDatabaseLetsNothingThrough(t *testing.T) {
	l := pools(t, 1, 1000)[0]
	l.store.close()
	require.Error(t, l.Wait(t.Context()))
	l.Hold(t.Context(), time.Second) // and does not panic
}

// What the limiter costs each request that need not wait, for one caller at a time and for 16.
func TestWhatTheLimiterCosts(t *testing.T) {
	limiters := pools(t, 4, 1_000_000)
	for _, callers := range []int{1, 16} {
		const each = 200
		took := make([]time.Duration, callers*each)
		var work sync.WaitGroup
		for c := range callers {
			work.Go(func() {
				l := limiters[c%len(limiters)]
				for i := range each {
					start := time.Now()
					if err := l.Wait(t.Context()); err != nil {
						t.Error(err)
					}
					took[c*each+i] = time.Since(start)
				}
			})
		}
		work.Wait()
		slices.Sort(took)
		t.Logf("%d callers: median %v, 99 in 100 within %v", callers, took[len(took)/2], took[len(took)*99/100])
	}
}
