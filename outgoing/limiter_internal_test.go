package outgoing

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errTooMany = errors.New("too many")

// meetsLimit lets a request leave and meet a limit.
func meetsLimit(t *testing.T, l *limiter, hold time.Duration) {
	t.Helper()
	ticket := l.ticket(t.Context(), time.Hour)
	require.NoError(t, ticket.wait(t.Context(), newStop()))
	l.hold(ticket, hold, errTooMany)
}

// meetsLimits lets two requests leave and meet a limit, one after the other: the first one within a minute slows nothing.
func meetsLimits(t *testing.T, l *limiter, hold time.Duration) {
	t.Helper()
	meetsLimit(t, l, hold)
	meetsLimit(t, l, hold)
}

// succeeds notes n requests that left and succeeded.
func succeeds(t *testing.T, l *limiter, n int) {
	t.Helper()
	for range n {
		ticket := l.ticket(t.Context(), time.Hour)
		require.NoError(t, ticket.wait(t.Context(), newStop()))
		l.answered(ticket)
	}
}

// leaving returns when each of n requests leaves that all want to now, in the order of their tickets.
func leaving(t *testing.T, l *limiter, n int) []time.Duration {
	start := time.Now()
	left := make([]time.Duration, n)
	done := make(chan struct{})
	for i := range n {
		ticket := l.ticket(t.Context(), time.Hour)
		go func() {
			assert.NoError(t, ticket.wait(t.Context(), newStop()))
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
		l := newLimiter()
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
		l := newLimiter()
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
		l := newLimiter()
		meetsLimit(t, l, time.Second)
		succeeds(t, l, 10)
		var early []*ticket
		for range 20 {
			ticket := l.ticket(t.Context(), time.Hour)
			require.NoError(t, ticket.wait(t.Context(), newStop()))
			early = append(early, ticket)
		}
		time.Sleep(300 * time.Millisecond)
		for _, ticket := range early {
			l.hold(ticket, time.Second, errTooMany)
		}
		assert.InDelta(t, 8, l.pace.start, 1e-9)
	})
}

func TestR6_RequestsServedWhileTheLimitWasMetRaiseTheCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		meetsLimit(t, l, time.Second)
		var burst []*ticket
		for range 30 {
			ticket := l.ticket(t.Context(), time.Hour)
			require.NoError(t, ticket.wait(t.Context(), newStop()))
			burst = append(burst, ticket)
		}
		time.Sleep(20 * time.Millisecond)
		l.hold(burst[0], time.Second, errTooMany)
		assert.Less(t, l.pace.start, 20.0)
		for _, ticket := range burst[1:21] {
			l.answered(ticket)
		}
		assert.InDelta(t, 20, l.pace.ceiling, 1e-9, "20 of 30 were served, though the one that was not was heard of first")
	})
}

func TestR6_PlaceGoesToARequestThatCanStillBeAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		slow := l.ticket(t.Context(), time.Hour)
		require.NoError(t, slow.wait(t.Context(), newStop()))
		time.Sleep(500 * time.Millisecond)
		l.answered(slow) // answers take half a second
		meetsLimits(t, l, time.Second)

		left := make(chan string, 3)
		wait := func(name string, deadline time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			ticket := l.ticket(ctx, time.Hour)
			go func() {
				defer cancel()
				if ticket.wait(ctx, newStop()) != nil {
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

func TestR6_RequestThatCouldNotLeaveSaysWhatHeldItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		meetsLimits(t, l, time.Second)
		go func() { _ = l.ticket(t.Context(), time.Hour).wait(t.Context(), newStop()) }()
		synctest.Wait()

		err := l.ticket(t.Context(), 1050*time.Millisecond).wait(t.Context(), newStop())
		require.ErrorIs(t, err, errTooMany, "the next one leaves 100 ms after the first")

		meetsLimit(t, l, time.Second)
		go func() { _ = l.ticket(t.Context(), time.Hour).wait(t.Context(), newStop()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 1050*time.Millisecond)
		defer cancel()
		err = l.ticket(ctx, time.Hour).wait(ctx, newStop())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, errTooMany)
	})
}

func TestR6_NoRequestLeavesAtItsContextsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()

		waits := l.ticket(ctx, time.Minute)
		waits.ready = start.Add(time.Minute)
		require.ErrorIs(t, waits.wait(ctx, newStop()), context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		meetsLimit(t, l, time.Minute)
		require.ErrorIs(t, l.ticket(ctx, time.Hour).wait(ctx, newStop()), errTooMany)
		assert.Equal(t, time.Minute, time.Since(start), "at once: the hold ends when the context does")
	})
}

func TestU2_NoTimerIsLeftWhenNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		meetsLimit(t, l, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		require.ErrorIs(t, l.ticket(ctx, time.Hour).wait(ctx, newStop()), context.Canceled)
		assert.Nil(t, l.timer)
	})
}

func TestR6_NoHoldOutlastsFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		ticket := l.ticket(t.Context(), time.Hour)
		require.NoError(t, ticket.wait(t.Context(), newStop()))
		l.hold(ticket, 1<<63-1, errors.New("forever"))
		l.hold(ticket, time.Second, errors.New("a shorter one changes nothing"))
		assert.Equal(t, []time.Duration{5 * time.Minute}, leaving(t, l, 1))
	})
}

func TestB6_RequestsThatWaitDoNotLeaveOnceTheCallIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		meetsLimit(t, l, time.Minute)
		stop := newStop()
		start := time.Now()
		time.AfterFunc(time.Second, func() { stop.on(&APIError{StatusCode: 401}) })
		require.ErrorIs(t, l.ticket(t.Context(), time.Hour).wait(t.Context(), stop), ErrUnauthorized)
		assert.Equal(t, time.Second, time.Since(start))
	})
}
