package outgoing

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leaving is when each of n requests leaves that come to the line now, the first one first.
func leaving(t *testing.T, throttle *throttle, n int) []time.Duration {
	start := time.Now()
	left := make([]time.Duration, n)
	done := make(chan struct{})
	for i := range n {
		place := throttle.place()
		go func() {
			assert.NoError(t, place.pass(t.Context(), newStop(), start.Add(time.Hour)))
			left[i] = time.Since(start)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	return left
}

var errTooMany = errors.New("too many")

func TestR6_RequestsLeaveTogetherAfterAFirstHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		throttle.hold(time.Second, errTooMany)
		assert.Equal(t, []time.Duration{time.Second, time.Second, time.Second}, leaving(t, throttle, 3))
	})
}

func TestR6_RequestsLeaveOneByOneInTheirOrderAfterAnotherHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		throttle.hold(time.Second, errTooMany)
		leaving(t, throttle, 3)
		time.Sleep(time.Millisecond)
		throttle.hold(time.Second, errTooMany)
		assert.Equal(t, []time.Duration{time.Second, time.Second + firstGap, time.Second + 2*firstGap}, leaving(t, throttle, 3))
	})
}

func TestR6_GapGrowsWithHoldsAndShrinksWithSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		for _, want := range []time.Duration{0, firstGap, 2 * firstGap, 4 * firstGap, 8 * firstGap, time.Second, time.Second} {
			throttle.hold(time.Second, errTooMany)
			throttle.hold(time.Second, errors.New("an answer to what had left before"))
			assert.Equal(t, want, throttle.line.gap, "never longer than the hold")
			leaving(t, throttle, 1)
			time.Sleep(time.Millisecond)
		}
		for range 500 {
			throttle.succeeded()
		}
		assert.Zero(t, throttle.line.gap)
		throttle.hold(time.Second, errTooMany)
		assert.Zero(t, throttle.line.gap, "this is a first one again")
	})
}

func TestR6_NoHoldOutlastsFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		throttle.hold(1<<63-1, errors.New("forever"))
		throttle.hold(time.Second, errors.New("a shorter one changes nothing"))
		assert.Equal(t, []time.Duration{5 * time.Minute}, leaving(t, throttle, 1))
	})
}

func TestB6_RequestsInLineDoNotLeaveOnceTheCallIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		throttle.hold(time.Minute, errTooMany)
		stop := newStop()
		start := time.Now()
		time.AfterFunc(time.Second, func() { stop.on(&APIError{StatusCode: 401}) })
		require.ErrorIs(t, throttle.place().pass(t.Context(), stop, start.Add(time.Hour)), ErrUnauthorized)
		assert.Equal(t, time.Second, time.Since(start))
	})
}
