package outgoing

import (
	"context"
	"sync"
	"time"
)

// throttle is what all requests of a Client share to spare the gateway: a budget of retries, and a hold that keeps every
// request back after the gateway asked for fewer.
type throttle struct {
	mu     sync.Mutex
	tokens int

	until time.Time // no request leaves before
	cause error     // what put the hold on
}

const (
	retryBudget = 500
	retryCost   = 5
	longestHold = 5 * time.Minute // an absurd Retry-After must not stop a client for good
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

func (t *throttle) succeeded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens = min(t.tokens+1, retryBudget)
}

// hold keeps all requests back for d.
func (t *throttle) hold(d time.Duration, cause error) {
	until := time.Now().Add(min(d, longestHold))
	t.mu.Lock()
	defer t.mu.Unlock()
	if until.After(t.until) {
		t.until, t.cause = until, cause
	}
}

func (t *throttle) held() (until time.Time, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.until, t.cause
}

// pass waits until ready, and until no hold is on. It returns the context's error when the context ends, and at once what
// put the hold on if that lasts past the deadline.
func (t *throttle) pass(ctx context.Context, ready, deadline time.Time) error {
	for {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		until, cause := t.held()
		wait := max(time.Until(until), time.Until(ready))
		switch {
		case wait <= 0:
			return nil
		case until.After(deadline) && time.Until(until) > 0:
			return errorLine("the gateway asked all requests to wait for "+wait.String()+": "+bare(cause), cause)
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
