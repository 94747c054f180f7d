package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	slices.SortFunc(turns, time.Time.Compare)
	most := 0
	for i, first := range turns {
		in, _ := slices.BinarySearchFunc(turns[i:], first.Add(time.Second), time.Time.Compare)
		most = max(most, in)
	}
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
