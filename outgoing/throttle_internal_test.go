package outgoing

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestR6_RequestsLeaveOneByOneAfterAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		start := time.Now()
		throttle.hold(time.Second, errors.New("too many"))
		left := make(chan time.Duration, 5)
		for range cap(left) {
			go func() {
				assert.NoError(t, throttle.pass(t.Context(), time.Time{}, start.Add(time.Hour)))
				left <- time.Since(start)
			}()
		}
		for i := range cap(left) {
			assert.Equal(t, time.Second+time.Duration(i)*firstGap, <-left)
		}
	})
}

func TestR6_GapGrowsWithHoldsAndShrinksWithSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		assert.Zero(t, throttle.gap)
		for _, want := range []time.Duration{firstGap, 2 * firstGap, 4 * firstGap, 8 * firstGap, longestGap, longestGap} {
			throttle.hold(time.Second, errors.New("too many"))
			throttle.hold(time.Second, errors.New("an answer to what had left before"))
			assert.Equal(t, want, throttle.gap)
			require.NoError(t, throttle.pass(t.Context(), time.Time{}, time.Now().Add(time.Hour)))
			sleep(t.Context(), time.Millisecond)
		}
		successes := 0
		for ; throttle.gap > 0; successes++ {
			throttle.succeeded()
		}
		assert.Less(t, successes, 500)
	})
}

func TestR6_NoHoldOutlastsFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle()
		start := time.Now()
		throttle.hold(1<<63-1, errors.New("forever"))
		throttle.hold(time.Second, errors.New("a shorter one changes nothing"))
		require.NoError(t, throttle.pass(t.Context(), time.Time{}, start.Add(time.Hour)))
		assert.Equal(t, 5*time.Minute, time.Since(start))
	})
}
