package outgoing

import (
	"context"
	"sync"
	"time"
)

// throttle is what all requests of a Client share to spare the gateway: a budget of retries, a hold that keeps every
// request back after the gateway asked for fewer, and a gap between them after that.
type throttle struct {
	mu     sync.Mutex
	tokens int

	until time.Time // no request leaves before
	cause error     // what put the hold on

	gap  time.Duration // from one request to the next; 0 until there was a hold
	next time.Time     // no request leaves before, for the gap
}

const (
	retryBudget = 500
	retryCost   = 5
	longestHold = 5 * time.Minute // an absurd Retry-After must not stop a client for good

	firstGap    = 100 * time.Millisecond // after the first hold; each one that follows doubles it
	longestGap  = time.Second
	leastGap    = time.Millisecond // a shorter one is none
	gapRecovery = 32               // each success makes the gap shorter by one part in so many
)

func newThrottle() *throttle { return &throttle{tokens: retryBudget} }

// mayRetry takes a retry from the budget: while most requests fail, at most one in five is repeated.
func (t *throttle) mayRetry() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tokens < retryCost {
		return false
	}
	t.tokens -= retryCost
	return true
}

// exhausted tells whether the budget is used up, which it is while most requests fail.
func (t *throttle) exhausted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tokens < retryCost
}

func (t *throttle) succeeded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens = min(t.tokens+1, retryBudget)
	if t.gap -= t.gap / gapRecovery; t.gap < leastGap {
		t.gap = 0
	}
}

// hold keeps all requests back for d. After that they leave one by one, more slowly with each hold, and faster again with
// each success: all at once, they would only meet the same limit, and use up their attempts. Answers that come during a
// hold are to requests from before it, and no news.
func (t *throttle) hold(d time.Duration, cause error) {
	now := time.Now()
	until := now.Add(min(d, longestHold))
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.After(t.until) {
		t.gap = min(max(2*t.gap, firstGap), longestGap)
	}
	if until.After(t.until) {
		t.until, t.cause = until, cause
	}
}

// leave lets a request go, unless at is behind now: then that is when to ask again. cause is what put the last hold on.
func (t *throttle) leave(now, ready time.Time) (at time.Time, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, earliest := range []time.Time{ready, t.until, t.next} {
		if earliest.After(at) {
			at = earliest
		}
	}
	if !at.After(now) {
		t.next = now.Add(t.gap)
	}
	return at, t.cause
}

// pass waits until ready, and until neither a hold nor the gap is in the way. It returns the context's error when the
// context ends, and at once what put the hold on if that lasts past the deadline.
func (t *throttle) pass(ctx context.Context, ready, deadline time.Time) error {
	for {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		now := time.Now()
		at, cause := t.leave(now, ready)
		wait := at.Sub(now)
		switch {
		case wait <= 0:
			return nil
		case at.After(deadline) && at.After(ready):
			return errorLine("all requests are held back for "+wait.String()+": "+bare(cause), cause)
		}
		sleep(ctx, wait)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
