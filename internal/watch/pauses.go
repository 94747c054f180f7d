package watch

import "time"

const (
	jitter     = 0.1                    // how much longer a wait may be
	firstPause = 500 * time.Millisecond // after a rate limit
	maxPause   = 5 * time.Minute
)

// pauses says when looks may begin while they fail or are turned away. It reads no clock. draw is a random number in [0, 1).
type pauses struct {
	initial time.Duration // the wait between two looks

	failures int           // looks in a row that ended in an outage, with no success between
	failedAt time.Duration // when the last of these ended that had begun after the one before
	probeAt  time.Duration

	throttles      int // pauses in a row
	throttledUntil time.Duration
}

// outage reports whether there is one. One failed look is none: it may have been about its own IDs.
func (p *pauses) outage() bool { return p.failures > 1 }

// end returns when the next look may begin.
func (p *pauses) end() time.Duration { return max(p.probeAt, p.throttledUntil) }

// succeeded ends an outage.
func (p *pauses) succeeded() { p.failures, p.probeAt, p.throttles = 0, 0, 0 }

// failed records that a look ended in an outage. The pause after it is twice as long as the one before it.
func (p *pauses) failed(started, now time.Duration, draw float64) {
	if p.failures++; p.outage() {
		least := p.initial + time.Duration(draw*jitter*float64(p.initial))
		p.probeAt = max(p.probeAt, now+min(max(2*(started-p.failedAt), least), max(maxPause, p.initial)))
	}
	if p.failures == 1 || started >= p.failedAt {
		p.failedAt = now
	}
}

// throttled records that a look was turned away. The pause after it is longer each time that this happens without a success
// between. It reports whether there is a new pause: looks that were made together are turned away together.
func (p *pauses) throttled(now time.Duration, draw float64) (again bool) {
	if now < p.throttledUntil {
		return false
	}
	longest := min(firstPause<<min(p.throttles, 10), p.initial, maxPause)
	p.throttledUntil = now + longest/2 + time.Duration(draw*float64(longest/2))
	p.throttles++
	return true
}
