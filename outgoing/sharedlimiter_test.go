package outgoing_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// countingLimiter is a limiter that counts, answers as wait does, and is told of holds.
type countingLimiter struct {
	mu    sync.Mutex
	times []time.Time
	holds []time.Duration
	wait  func(context.Context) error
}

func (a *countingLimiter) Wait(ctx context.Context) error {
	a.mu.Lock()
	a.times = append(a.times, time.Now())
	a.mu.Unlock()
	if a.wait == nil {
		return nil
	}
	return a.wait(ctx)
}

func (a *countingLimiter) Hold(_ context.Context, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.holds = append(a.holds, d)
}

func TestR9_ARateLimiterIsOneAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000)
		start := time.Now()
		result, err := g.Client(outgoing.WithLimiter(rate.NewLimiter(2, 1)), outgoing.WithConcurrency(8)).GetByIDs(t.Context(), ids(1000))
		require.NoError(t, err)
		assert.Len(t, result.Messages, 1000)
		assert.InDelta(t, 9500*time.Millisecond, time.Since(start), float64(100*time.Millisecond), "20 requests at 2 a second")
	})
}

func TestR9_EachAttemptAsksOnceAfterTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, l := scheduled(1), &countingLimiter{}
		g.Inject(outgoingtest.Fault{Status: 503}, outgoingtest.Fault{Status: 429, RetryAfter: "7"})
		start := time.Now()
		_, err := g.Client(outgoing.WithLimiter(l)).GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		require.Len(t, l.times, 3)
		assert.GreaterOrEqual(t, l.times[2].Sub(start), 7*time.Second, "not before the hold was over")
		assert.Equal(t, []time.Duration{7 * time.Second}, l.holds, "R11")
	})
}

func TestR9_APermitSurvivesAHoldThatBeginsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(100)
		l := &countingLimiter{}
		var permits int
		l.wait = func(ctx context.Context) error {
			l.mu.Lock()
			permits++
			first := permits == 1
			l.mu.Unlock()
			if first {
				return nil
			}
			return pause(ctx, time.Second) // meanwhile the first meets a limit
		}
		g.Inject(outgoingtest.Fault{Status: 429, RetryAfter: "10", Delay: 100 * time.Millisecond})
		result, err := g.Client(outgoing.WithLimiter(l), outgoing.WithConcurrency(2)).GetByIDs(t.Context(), ids(100))
		require.NoError(t, err)
		assert.Len(t, result.Messages, 100)
		assert.Equal(t, 3, permits, "three attempts, three permits")
		for _, r := range g.Requests()[1:] {
			assert.GreaterOrEqual(t, r.Time.Sub(g.Requests()[0].Time), 10*time.Second, "it waited for the end of the hold")
		}
	})
}

func TestR10_ARefusalIsNoAttemptAndNotSent(t *testing.T) {
	refusal := errors.New("no permits left")
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(3)
		client := g.Client(outgoing.WithLimiter(&countingLimiter{wait: func(context.Context) error { return refusal }}))
		result, err := client.CancelScheduled(t.Context(), ids(3))
		require.ErrorIs(t, err, refusal)
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.Equal(t, ids(3), result.IDs(outgoing.NotSent))
		assert.Zero(t, result.Attempts)
		assert.Empty(t, g.Requests())
	})
}

func TestR10_ARefusalNeverTurnsUnknownIntoNotSent(t *testing.T) {
	refusal := errors.New("no permits left")
	synctest.Test(t, func(t *testing.T) {
		g, calls := scheduled(1), 0
		g.Inject(outgoingtest.Fault{Drop: true, AfterWork: true})
		client := g.Client(outgoing.WithLimiter(&countingLimiter{wait: func(context.Context) error {
			if calls++; calls > 1 {
				return refusal
			}
			return nil
		}}))
		result, err := client.CancelScheduled(t.Context(), ids(1))
		require.ErrorIs(t, err, refusal)
		require.NotErrorIs(t, err, outgoing.ErrNotSent)
		assert.Equal(t, ids(1), result.IDs(outgoing.Unknown))
	})
}

func TestR10_MaxElapsedIsNoDeadlineOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		forever := &countingLimiter{wait: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		start := time.Now()
		_, err := g.Client(outgoing.WithLimiter(forever)).GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, context.Canceled)
		assert.Equal(t, 2*time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = g.Client(outgoing.WithLimiter(forever)).GetByIDs(ctx, ids(1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestR11_AHoldIsAtMostFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, l := scheduled(1), &countingLimiter{}
		g.Inject(outgoingtest.Fault{Status: 429, RetryAfter: "1000000000000000000"})
		_, err := g.Client(outgoing.WithLimiter(l)).GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		assert.Equal(t, []time.Duration{5 * time.Minute}, l.holds)
	})
}

func TestR6_RetryAfterTellsWhatIsLeftOfAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{Status: 429, RetryAfter: "200"})
		client := g.Client()
		_, err := client.GetByIDs(t.Context(), ids(1))
		wait, ok := outgoing.RetryAfter(err)
		assert.True(t, ok)
		assert.Equal(t, 200*time.Second, wait, "as the gateway asked")
		time.Sleep(50 * time.Second)
		_, err = client.GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		_, ok = outgoing.RetryAfter(err)
		assert.True(t, ok)
		for _, err := range []error{nil, errors.New("x"), http.ErrAbortHandler} {
			_, ok := outgoing.RetryAfter(err)
			assert.False(t, ok)
		}
	})
}
