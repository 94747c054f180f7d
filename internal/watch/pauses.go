package watch

import "time"

const (
	jitter     = 0.1                    // how much longer a wait may be
	firstPause = 500 * time.Millisecond // after a rate limit
	maxPause   = 5 * time.Minute
)

// pauses says when looks may begin while they fail or are turned away. It reads no clock. draw is a random number in [0, 1).
type pauses struct {
	initial  time.Duration // the wait between two looks
	failures int           // looks in a row that ended in an outage, with no success between
	endedAt  time.Duration // when the last look did that failed or was turned away
	resume   time.Duration // when looks may begin again
}

// outage reports whether there is one. One failed look is none: it may have been about its own IDs.
func (p *pauses) outage() bool { return p.failures > 1 }

// succeeded ends all pauses. What a rate limit asks for is the limiter's concern.
func (p *pauses) succeeded() { *p = pauses{initial: p.initial} }

// failed records that a look ended without an answer.
func (p *pauses) failed(started, now time.Duration, draw float64) {
	if p.failures++; p.outage() {
		p.pause(started, now, draw, p.initial, max(p.initial, maxPause))
	} else {
		p.endedAt = now
	}
}

// throttled records that a look was turned away. It reports whether there is a new pause: looks that were made together are
// turned away together.
func (p *pauses) throttled(started, now time.Duration, draw float64) (again bool) {
	if now < p.resume {
		return false
	}
	p.pause(started, now, draw, firstPause, min(p.initial, maxPause))
	return true
}

// pause lets no look begin for a while: twice as long as it was from the last look to this one, within bounds.
func (p *pauses) pause(started, now time.Duration, draw float64, shortest, longest time.Duration) {
	if p.failures == 0 && p.resume == 0 { // it is the first
		p.endedAt = started
	}
	shortest += time.Duration(draw * jitter * float64(shortest))
	p.resume = max(p.resume, now+min(max(2*(started-p.endedAt), shortest), longest))
	p.endedAt = now
}
