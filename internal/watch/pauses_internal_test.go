package watch

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestW3_OneFailureIsNoOutage(t *testing.T) {
	s := newSchedule(1, perLook, 10*time.Second, time.Hour)
	s.pause(Unreachable, time.Minute, time.Minute)
	assert.False(t, s.outage())
	assert.Zero(t, s.resume)

	s.pause(Unreachable, time.Minute, time.Minute)
	assert.True(t, s.outage())
	assert.Equal(t, time.Minute+10*time.Second, s.resume)
	s.pause(Unreachable, time.Minute, time.Minute)
	assert.Equal(t, time.Minute+10*time.Second, s.resume, "and those that failed together are due together")

	s.pause(Found, time.Minute, time.Minute)
	assert.False(t, s.outage())
	assert.Zero(t, s.resume)
	s.pause(Unreachable, 2*time.Minute, 2*time.Minute)
	assert.False(t, s.outage(), "those before the success do not count")
}

func TestW3_LooksThatAreTurnedAwayTogetherMakeOnePause(t *testing.T) {
	s := newSchedule(1, perLook, 10*time.Second, time.Hour)
	s.pause(Throttled, time.Minute, time.Minute)
	assert.Equal(t, time.Minute+firstPause, s.resume)
	s.pause(Throttled, time.Minute, time.Minute)
	assert.Equal(t, time.Minute+firstPause, s.resume)
	assert.False(t, s.outage())
}

// Whatever happens, no pause is longer than 5 minutes, or the initial interval if that is longer.
func TestW3_PausesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		initial := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "initial"))
		s := newSchedule(1, perLook, initial, initial)
		now := time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "looks") {
			started := max(now, s.resume) - time.Duration(random.Int64N(int64(time.Minute)))
			now = max(now, s.resume) + time.Duration(random.Int64N(int64(time.Minute)))
			before := s.resume
			switch random.IntN(10) {
			case 0:
				s.pause(Found, started, now)
				continue
			case 1, 2:
				s.pause(Throttled, started, now)
				assert.LessOrEqual(t, s.resume-now, min(initial, maxPause))
			default:
				s.pause(Unreachable, started, now)
				assert.LessOrEqual(t, s.resume-now, max(initial, maxPause))
				if s.outage() {
					assert.GreaterOrEqual(t, s.resume-now, initial)
				}
			}
			assert.GreaterOrEqual(t, s.resume, before, "a pause is never shorter for another failure")
		}
	})
}
