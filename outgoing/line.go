package outgoing

import (
	"context"
	"time"
)

// line is where requests wait while a hold is on. After a first hold they leave together. If that brings the next one, they
// leave one by one, those that have waited longest first, more slowly with each hold and faster again with each success:
// all at once, they would only meet the same limit again, and use up their attempts.
type line struct {
	until time.Time // no request leaves before
	cause error     // what put the hold on

	calm int           // successes since the last hold, up to calmAfter
	gap  time.Duration // from one request to the next
	next time.Time     // no request leaves before, for the gap

	last    uint64 // the number of the last place given
	waiting map[*place]struct{}
}

const (
	longestHold = 5 * time.Minute // an absurd Retry-After must not stop a client for good
	firstGap    = 100 * time.Millisecond
	longestGap  = 10 * time.Second
	leastGap    = time.Millisecond // a shorter one is none
	gapRecovery = 32               // each success makes the gap shorter by one part in so many
	calmAfter   = 200              // a hold after so many successes is like a first one
)

// hold keeps all requests back for d. Answers that come during a hold are to requests from before it, and no news. The gap
// stays within the hold, so that a request alone waits for nothing else.
func (l *line) hold(now time.Time, d time.Duration, cause error) {
	if now.After(l.until) {
		if l.calm < calmAfter {
			l.gap = min(max(2*l.gap, firstGap), longestGap, d)
		}
		l.calm = 0
	}
	if until := now.Add(d); until.After(l.until) {
		l.until, l.cause = until, cause
	}
}

// ease notes a success.
func (l *line) ease() {
	l.calm = min(l.calm+1, calmAfter)
	if l.gap -= l.gap / gapRecovery; l.gap < leastGap {
		l.gap = 0
	}
}

// leave lets the request in this place go, unless at is behind now: then that is when to ask again.
func (l *line) leave(p *place, now time.Time) (at time.Time) {
	for _, earliest := range []time.Time{p.ready, l.until, l.next} {
		if earliest.After(at) {
			at = earliest
		}
	}
	if at.After(now) {
		return at
	}
	if l.gap > 0 {
		for other := range l.waiting {
			if other.number < p.number && !other.ready.After(now) {
				return now.Add(l.gap)
			}
		}
		l.next = now.Add(l.gap)
	}
	return now
}

// place is where one request stands in the line.
type place struct {
	*throttle
	number uint64
	ready  time.Time // the end of its own wait for the next attempt
}

// pass waits until the request may leave. It returns what stopped the call or ended the context, and at once what put the
// hold on if that lasts past the deadline.
func (p *place) pass(ctx context.Context, stop *stop, deadline time.Time) error {
	defer p.step(func(l *line) { delete(l.waiting, p) })
	for {
		if why := stop.reason(ctx); why != nil {
			return why
		}
		now := time.Now()
		var at time.Time
		var cause error
		p.step(func(l *line) {
			l.waiting[p] = struct{}{}
			at, cause = l.leave(p, now), l.cause
		})
		wait := at.Sub(now)
		switch {
		case wait <= 0:
			return nil
		case at.After(deadline) && at.After(p.ready):
			return errorLine("all requests are held back for "+wait.String()+": "+bare(cause), cause)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-stop.done:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (p *place) step(f func(*line)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.line)
}
