package watch

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestW3_OneFailureIsNoOutage(t *testing.T) {
	p := pauses{initial: 10 * time.Second}
	p.failed(time.Minute, time.Minute, 0)
	assert.False(t, p.outage())
	assert.Zero(t, p.resume)

	p.failed(time.Minute, time.Minute, 1)
	assert.True(t, p.outage())
	assert.Equal(t, time.Minute+11*time.Second, p.resume, "a pause has a jitter, too")
	p.failed(time.Minute, time.Minute, 0)
	assert.Equal(t, time.Minute+11*time.Second, p.resume, "and those that failed together are due together")

	p.succeeded()
	assert.False(t, p.outage())
	assert.Zero(t, p.resume)
	p.failed(2*time.Minute, 2*time.Minute, 0)
	assert.False(t, p.outage(), "those before the success do not count")
}

func TestW3_LooksThatAreTurnedAwayTogetherMakeOnePause(t *testing.T) {
	p := pauses{initial: 10 * time.Second}
	assert.True(t, p.throttled(time.Minute, time.Minute, 0))
	assert.Equal(t, time.Minute+firstPause, p.resume)
	assert.False(t, p.throttled(time.Minute, time.Minute, 0))
	assert.Equal(t, time.Minute+firstPause, p.resume)
	assert.False(t, p.outage())
}

// Whatever happens, no pause is longer than 5 minutes, or the initial interval if that is longer.
func TestW3_PausesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		initial := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "initial"))
		p := pauses{initial: initial}
		now := time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "looks") {
			started := max(now, p.resume) - time.Duration(random.Int64N(int64(time.Minute)))
			now = max(now, p.resume) + time.Duration(random.Int64N(int64(time.Minute)))
			before := p.resume
			switch random.IntN(10) {
			case 0:
				p.succeeded()
				continue
			case 1, 2:
				p.throttled(started, now, random.Float64())
				assert.LessOrEqual(t, p.resume-now, min(initial, maxPause))
			default:
				p.failed(started, now, random.Float64())
				assert.LessOrEqual(t, p.resume-now, max(initial, maxPause))
				if p.outage() {
					assert.GreaterOrEqual(t, p.resume-now, initial)
				}
			}
			assert.GreaterOrEqual(t, p.resume, before, "a pause is never shorter for another failure")
		}
	})
}
