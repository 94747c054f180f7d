package ratelimit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	errTooMany = errors.New("too many")
	errStopped = errors.New("stopped")
)

// meetsLimit lets a request leave and meet a limit.
func meetsLimit(t *testing.T, l *Limiter, hold time.Duration) {
	t.Helper()
	ticket := l.Ticket(t.Context(), time.Hour, nil)
	require.NoError(t, ticket.Wait(t.Context(), t.Context()))
	ticket.RecordThrottle(t.Context(), hold, errTooMany)
}

// meetsLimits lets two requests leave and meet a limit, one after the other: the first one within a minute slows nothing.
func meetsLimits(t *testing.T, l *Limiter, hold time.Duration) {
	t.Helper()
	meetsLimit(t, l, hold)
	meetsLimit(t, l, hold)
}

// succeeds notes n requests that left and succeeded.
func succeeds(t *testing.T, l *Limiter, n int) {
	t.Helper()
	for range n {
		ticket := l.Ticket(t.Context(), time.Hour, nil)
		require.NoError(t, ticket.Wait(t.Context(), t.Context()))
		ticket.RecordSuccess()
	}
}

// leaving returns when each of n requests leaves that all want to now, in the order of their tickets.
func leaving(t *testing.T, l *Limiter, n int) []time.Duration {
	start := time.Now()
	left := make([]time.Duration, n)
	done := make(chan struct{})
	for i := range n {
		ticket := l.Ticket(t.Context(), time.Hour, nil)
		go func() {
			assert.NoError(t, ticket.Wait(t.Context(), t.Context()))
			left[i] = time.Since(start)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	return left
}

func TestR6_RequestsLeaveOneByOneInTheirOrderAfterAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Second)
		succeeds(t, l, 10)
		meetsLimit(t, l, time.Second)
		left := leaving(t, l, 4)
		assert.Equal(t, time.Second, left[0])
		for i, at := range left[1:] {
			assert.InDelta(t, time.Second/8, at-left[i], float64(20*time.Millisecond), "8 a second, where 10 were too many")
		}
	})
}

func TestR6_RequestsLeaveTogetherAfterAFirstHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Second)
		assert.Equal(t, []time.Duration{time.Second, time.Second, time.Second}, leaving(t, l, 3))
		meetsLimit(t, l, time.Second)
		time.Sleep(paceRecovery)
		meetsLimit(t, l, time.Second)
		assert.Equal(t, []time.Duration{time.Second, time.Second, time.Second}, leaving(t, l, 3), "a minute later it is a first one again")
	})
}

func TestR6_AnswersToRequestsFromBeforeTheHoldDoNotSlowFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Second)
		succeeds(t, l, 10)
		var early []*Ticket
		for range 20 {
			ticket := l.Ticket(t.Context(), time.Hour, nil)
			require.NoError(t, ticket.Wait(t.Context(), t.Context()))
			early = append(early, ticket)
		}
		time.Sleep(300 * time.Millisecond)
		for _, ticket := range early {
			ticket.RecordThrottle(t.Context(), time.Second, errTooMany)
		}
		assert.InDelta(t, 8, l.pace.start, 1e-9)
	})
}

func TestR6_RequestsServedWhileTheLimitWasMetRaiseTheCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Second)
		var burst []*Ticket
		for range 30 {
			ticket := l.Ticket(t.Context(), time.Hour, nil)
			require.NoError(t, ticket.Wait(t.Context(), t.Context()))
			burst = append(burst, ticket)
		}
		time.Sleep(20 * time.Millisecond)
		burst[0].RecordThrottle(t.Context(), time.Second, errTooMany)
		assert.Less(t, l.pace.start, 20.0)
		for _, ticket := range burst[1:21] {
			ticket.RecordSuccess()
		}
		assert.InDelta(t, 20, l.pace.ceiling, 1e-9, "20 of 30 were served, though the one that was not was heard of first")
	})
}

func TestR6_WhileNothingSucceedsTheKnownLimitStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Second)
		succeeds(t, l, 10)
		meetsLimit(t, l, time.Second)
		known := l.pace.ceiling
		meetsLimits(t, l, time.Second)
		assert.InDelta(t, known, l.pace.ceiling, 1e-9, "nothing has succeeded since")
		succeeds(t, l, 1)
		meetsLimit(t, l, time.Second)
		assert.Less(t, l.pace.ceiling, known, "fewer a second succeeded")
	})
}

func TestR6_PlaceGoesToARequestThatCanStillBeAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		slow := l.Ticket(t.Context(), time.Hour, nil)
		require.NoError(t, slow.Wait(t.Context(), t.Context()))
		time.Sleep(500 * time.Millisecond)
		slow.RecordSuccess() // answers take half a second
		meetsLimits(t, l, time.Second)

		left := make(chan string, 3)
		wait := func(name string, deadline time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			ticket := l.Ticket(ctx, time.Hour, nil)
			go func() {
				defer cancel()
				if ticket.Wait(ctx, ctx) != nil {
					name = "not " + name
				}
				left <- name
			}()
			synctest.Wait()
		}
		wait("too late for an answer", 1450*time.Millisecond)
		wait("in time", 10*time.Second)
		wait("in time, later", 10*time.Second)
		assert.Equal(t, "in time", <-left)
		assert.Equal(t, "not too late for an answer", <-left)
		assert.Equal(t, "in time, later", <-left)
	})
}

// slowShared is a shared limiter that takes a while.
type slowShared time.Duration

func (s slowShared) Wait(context.Context) error {
	time.Sleep(time.Duration(s))
	return nil
}

func TestR9_TheWaitForASharedLimiterIsNoLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		ticket := l.Ticket(t.Context(), time.Hour, slowShared(time.Minute))
		require.NoError(t, ticket.Wait(t.Context(), t.Context()))
		time.Sleep(20 * time.Millisecond)
		ticket.RecordSuccess()
		assert.Equal(t, 20*time.Millisecond, l.latency)
	})
}

func TestR9_RequestsThatWaitedForASharedLimiterKeepToThePaceThatBeganMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		start, sent := time.Now(), make(chan time.Duration, 3)
		for range cap(sent) {
			ticket := l.Ticket(t.Context(), time.Hour, slowShared(10*time.Second))
			go func() {
				assert.NoError(t, ticket.Wait(t.Context(), t.Context()))
				sent <- time.Since(start)
			}()
		}
		synctest.Wait()
		succeeds(t, l, 1)
		meetsLimits(t, l, time.Second)
		first, second, third := <-sent, <-sent, <-sent
		assert.GreaterOrEqual(t, first, 10*time.Second)
		assert.Greater(t, second-first, time.Second/2, "one a second was too many")
		assert.Greater(t, third-second, time.Second/2)
	})
}

func TestR10_ARequestWhoseTimeEndsWhenThePaceIsForgottenIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		now := time.Now()
		l.pace = pace{slowedAt: now.Add(time.Millisecond - paceRecovery), heldUntil: now, start: minRate, ceiling: minRate}
		l.lastSent = now
		require.NoError(t, l.Ticket(t.Context(), 100*time.Millisecond, nil).Wait(t.Context(), t.Context()))
	})
}

func TestR6_OneSlowAnswerIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		slow := l.Ticket(t.Context(), time.Hour, nil)
		require.NoError(t, slow.Wait(t.Context(), t.Context()))
		time.Sleep(10 * time.Second)
		slow.RecordSuccess()
		succeeds(t, l, 100)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		l.waiting = []*Ticket{l.Ticket(ctx, time.Hour, nil), l.Ticket(t.Context(), time.Hour, nil)}
		index, wait := l.next(time.Now())
		assert.Zero(t, index, "it can be answered within 5 seconds, as 100 were at once")
		assert.Zero(t, wait)
	})
}

func TestR6_AWaitingRequestIsSentAsSoonAsTheRisingPaceAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		now := time.Now()
		l.pace, l.lastSent = pace{slowedAt: now, heldUntil: now, start: minRate, failing: true, ceiling: maxRate}, now
		require.NoError(t, l.Ticket(t.Context(), time.Hour, nil).Wait(t.Context(), t.Context()))
		assert.Less(t, time.Since(now), 1500*time.Millisecond, "one every 2 seconds at first, and twice as many a second later")
	})
}

func TestR6_RequestThatCouldNotLeaveSaysWhatHeldItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimits(t, l, time.Second)
		go func() { _ = l.Ticket(t.Context(), time.Hour, nil).Wait(t.Context(), t.Context()) }()
		synctest.Wait()

		err := l.Ticket(t.Context(), 1050*time.Millisecond, nil).Wait(t.Context(), t.Context())
		require.ErrorIs(t, err, errTooMany, "the next one leaves 100 ms after the first")

		meetsLimit(t, l, time.Second)
		go func() { _ = l.Ticket(t.Context(), time.Hour, nil).Wait(t.Context(), t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 1050*time.Millisecond)
		defer cancel()
		err = l.Ticket(ctx, time.Hour, nil).Wait(ctx, t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, errTooMany)
	})
}

func TestR6_NoRequestLeavesAtItsContextsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()

		waits := l.Ticket(ctx, time.Minute, nil)
		waits.notBefore = start.Add(time.Minute)
		require.ErrorIs(t, waits.Wait(ctx, ctx), context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		meetsLimit(t, l, time.Minute)
		require.ErrorIs(t, l.Ticket(ctx, time.Hour, nil).Wait(ctx, ctx), errTooMany)
		assert.Equal(t, time.Minute, time.Since(start), "at once: the hold ends when the context does")
	})
}

func TestU2_NoTimerIsLeftWhenNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		require.ErrorIs(t, l.Ticket(ctx, time.Hour, nil).Wait(ctx, ctx), context.Canceled)
		assert.False(t, l.timer.Stop())
	})
}

func TestR6_NoHoldOutlastsFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		ticket := l.Ticket(t.Context(), time.Hour, nil)
		require.NoError(t, ticket.Wait(t.Context(), t.Context()))
		ticket.RecordThrottle(t.Context(), 1<<63-1, errors.New("forever"))
		ticket.RecordThrottle(t.Context(), time.Second, errors.New("a shorter one changes nothing"))
		assert.Equal(t, []time.Duration{5 * time.Minute}, leaving(t, l, 1))
	})
}

func TestB6_RequestsThatWaitDoNotLeaveOnceTheCallIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Limiter)
		meetsLimit(t, l, time.Minute)
		active, stop := context.WithCancelCause(t.Context())
		start := time.Now()
		time.AfterFunc(time.Second, func() { stop(errStopped) })
		require.ErrorIs(t, l.Ticket(t.Context(), time.Hour, nil).Wait(t.Context(), active), errStopped)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestR5_BudgetLetsOneRetryThroughForFiveSuccesses(t *testing.T) {
	limiter := new(Limiter)
	burst := 0
	for limiter.TakeRetry() {
		burst++
	}
	assert.Equal(t, 100, burst)
	for range 4 {
		(&Ticket{limiter: limiter}).RecordSuccess()
	}
	assert.False(t, limiter.TakeRetry())
	(&Ticket{limiter: limiter}).RecordSuccess()
	assert.True(t, limiter.TakeRetry())
	for range 10_000 {
		(&Ticket{limiter: limiter}).RecordSuccess()
	}
	burst = 0
	for limiter.TakeRetry() {
		burst++
	}
	assert.Equal(t, 100, burst, "quiet times save nothing up")
}
