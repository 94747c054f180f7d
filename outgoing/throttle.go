package outgoing

import (
	"sync"
	"time"
)

// throttle is what all requests of a Client share to spare the gateway: a budget of retries, and a line in which they wait
// after the gateway asked for fewer (line.go).
type throttle struct {
	mu     sync.Mutex
	tokens int
	line   line
}

const (
	retryBudget = 500
	retryCost   = 5
)

func newThrottle() *throttle {
	return &throttle{tokens: retryBudget, line: line{calm: calmAfter, waiting: make(map[*place]struct{})}}
}

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
	t.line.ease()
}

// hold keeps all requests back for d.
func (t *throttle) hold(d time.Duration, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line.hold(time.Now(), min(d, longestHold), cause)
}

// place gives a request its place in the line, for all its attempts.
func (t *throttle) place() *place {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line.last++
	return &place{throttle: t, number: t.line.last}
}
