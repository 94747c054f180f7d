package outgoing

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// limiter is what all requests of a Client share to spare the gateway: a budget of retries, a hold after the gateway asked
// for fewer requests, and the pace at which they leave after it.
type limiter struct {
	mu     sync.Mutex
	tokens int // of the retry budget

	heldUntil time.Time // no request leaves before
	cause     error     // what put the hold on

	pace      pace
	succeeded bool      // something has, since the pace became slower
	estimated bool      // the ceiling of the pace comes from successes, not from the pace before it
	lastLeft  time.Time // when the last request left since the pace became slower; zero if none did

	successes meter
	latency   time.Duration // of recent successes: their maximum, which decays

	issued  uint64    // tickets
	waiting []*ticket // by number
	timer   *time.Timer
}

const (
	retryBudget  = 500
	retryCost    = 5
	maxHold      = 5 * time.Minute        // an absurd Retry-After must not stop a client for good
	maxRecheck   = 250 * time.Millisecond // the pace rises meanwhile
	latencyDecay = 16                     // each success takes one part in so many from the latency
)

func newLimiter() *limiter { return &limiter{tokens: retryBudget} }

// mayRetry takes a retry from the budget: while most requests fail, at most one in five is repeated.
func (l *limiter) mayRetry() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tokens < retryCost {
		return false
	}
	l.tokens -= retryCost
	return true
}

// exhausted reports whether the budget is used up, which it is while most requests fail.
func (l *limiter) exhausted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens < retryCost
}

// ticket is one request's place among those that wait to leave, for all its attempts: older requests leave first.
type ticket struct {
	limiter  *limiter
	number   uint64
	leaveBy  time.Time // the request fails if it cannot leave by then
	answerBy time.Time // the context's deadline; zero if it has none

	ready   time.Time     // when its own wait between two attempts is over
	settled chan struct{} // closed once it may leave, or has failed
	err     error         // why it has failed

	leftAt time.Time // when the last attempt left
	paced  float64   // the rate at which it left; +Inf if the pace did not hold it back
}

// ticket gives a request its place. It must leave within maxElapsed, and be answered before the context's deadline.
func (l *limiter) ticket(ctx context.Context, maxElapsed time.Duration) *ticket {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issued++
	answerBy, _ := ctx.Deadline()
	return &ticket{limiter: l, number: l.issued, leaveBy: time.Now().Add(maxElapsed), answerBy: answerBy}
}

// deadline returns the last moment at which it makes sense to send.
func (t *ticket) deadline() time.Time {
	if !t.answerBy.IsZero() && t.answerBy.Before(t.leaveBy) {
		return t.answerBy
	}
	return t.leaveBy
}

// expired reports whether the context's deadline has passed at a time. The context itself may say so a moment later.
func (t *ticket) expired(at time.Time) bool { return !t.answerBy.IsZero() && !at.Before(t.answerBy) }

// wait returns nil once the next attempt may leave, and an error if the call was stopped, the context is done, or the
// request cannot leave in time: at once if a hold lasts too long for it.
func (t *ticket) wait(ctx context.Context, s *stop) error {
	if err := s.reason(ctx); err != nil {
		return err
	}
	if t.limiter.enter(t) {
		return t.err
	}
	late := time.NewTimer(time.Until(t.leaveBy))
	defer late.Stop()
	select {
	case <-t.settled:
	case <-s.done:
	case <-ctx.Done():
	case <-late.C:
	}
	settled, cause := t.limiter.leave(t)
	switch err := s.reason(ctx); {
	case settled && t.err != nil:
		return t.err
	case settled: // even so the call may have been stopped meanwhile
		return err
	case err == nil && cause == nil: // the context's deadline is over, and the context has not said so yet
		return context.DeadlineExceeded
	case err == nil:
		return wrapError("held back for too long", cause)
	case cause != nil && ctx.Err() != nil:
		return wrapError(textOf(err)+" while held back", cause, err)
	default:
		return err
	}
}

// enter lets a request go or fails it at once, or else puts it among those that wait. It reports whether it is settled.
func (l *limiter) enter(t *ticket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	t.settled = make(chan struct{})
	if l.refuse(t, now) {
		return true
	}
	at, _ := slices.BinarySearchFunc(l.waiting, t.number, func(t *ticket, n uint64) int { return cmp.Compare(t.number, n) })
	l.waiting = slices.Insert(l.waiting, at, t)
	l.dispatch(now)
	select {
	case <-t.settled:
		t.paced = math.Inf(1)
		return true
	default:
		return false
	}
}

// leave takes a request out that waits no longer. It reports whether it was settled at the same time, and returns what
// held it back if it was not.
func (l *limiter) leave(t *ticket) (settled bool, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.dispatch(now) // this may be the very moment
	at := slices.Index(l.waiting, t)
	if at < 0 {
		return true, nil
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	l.dispatch(now) // stops the timer if this was the last one
	if l.heldUntil.After(now) || l.pace.limits(now) {
		return false, l.cause
	}
	return false, nil
}

// holdEnd returns when the hold in force ends; a time that has passed if there is none.
func (l *limiter) holdEnd() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heldUntil
}

// refuse fails a request that would have to wait for the end of a hold for too long. It reports whether it did.
func (l *limiter) refuse(t *ticket, now time.Time) bool {
	if !l.heldUntil.After(t.leaveBy) && !t.expired(l.heldUntil) {
		return false
	}
	t.err = wrapError("all requests are held back for "+l.heldUntil.Sub(now).String(), l.cause)
	close(t.settled)
	return true
}

// dispatch lets requests leave as far as hold and pace allow, and sees to it that it is called again when they allow more.
func (l *limiter) dispatch(now time.Time) {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	for len(l.waiting) > 0 {
		rate := l.pace.rate(now)
		opens, paced := l.opens(now, rate)
		next, ready := l.next(now)
		if next < 0 && ready.IsZero() { // the contexts of all that wait end now
			return
		}
		if at := slices.MaxFunc([]time.Time{opens, ready}, time.Time.Compare); at.After(now) {
			wait := at.Sub(now)
			if paced {
				wait = min(wait, maxRecheck)
			}
			l.timer = time.AfterFunc(wait, l.tick)
			return
		}
		t := l.waiting[next]
		l.waiting = slices.Delete(l.waiting, next, next+1)
		t.leftAt, t.paced, t.err = now, rate, nil
		l.lastLeft = now
		close(t.settled)
	}
}

func (l *limiter) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatch(time.Now())
}

// opens returns when the next request may leave, and whether it is the pace that says so.
func (l *limiter) opens(now time.Time, rate float64) (at time.Time, paced bool) {
	if l.heldUntil.After(now) || math.IsInf(rate, 1) || l.lastLeft.IsZero() {
		return l.heldUntil, false
	}
	return l.lastLeft.Add(time.Duration(float64(time.Second) / rate)), true
}

// next returns which request should leave now: the oldest one that can still be answered in time, going by the latency of
// recent answers, or else the one with the most time left. If none is ready it returns when one will be.
func (l *limiter) next(now time.Time) (index int, ready time.Time) {
	index = -1
	for i, t := range l.waiting {
		switch {
		case t.expired(now):
		case t.ready.After(now):
			if ready.IsZero() || t.ready.Before(ready) {
				ready = t.ready
			}
		case t.answerBy.IsZero() || now.Add(l.latency).Before(t.answerBy):
			return i, now
		case index < 0 || l.waiting[index].answerBy.Before(t.answerBy):
			index = i
		}
	}
	if index >= 0 {
		return index, now
	}
	return index, ready
}

// answered notes a success.
func (l *limiter) answered(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens = min(l.tokens+1, retryBudget)
	l.latency = max(now.Sub(t.leftAt), l.latency-l.latency/latencyDecay)
	l.succeeded = true
	l.successes.add(now)
	if l.estimated && !t.leftAt.After(l.pace.slowedAt) { // it left before the limit was met, and was served: so many may leave
		if served := l.successes.rate(now); served > l.pace.ceiling || math.IsInf(l.pace.ceiling, 1) {
			l.pace = l.pace.raised(served)
		}
	}
}

// hold keeps all requests back for d, since t met a limit, and lets them leave more slowly after that.
func (l *limiter) hold(t *ticket, d time.Duration, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if until := now.Add(min(d, maxHold)); until.After(l.heldUntil) {
		l.heldUntil, l.cause = until, cause
	}
	if t.leftAt.After(l.pace.slowedAt) { // else it left before the pace became slower, and says nothing about that
		l.slowDown(t, now)
	}
	l.pace = l.pace.held(now, l.heldUntil)
	l.waiting = slices.DeleteFunc(l.waiting, func(t *ticket) bool { return l.refuse(t, now) })
	l.dispatch(now)
}

// slowDown sets the pace below the rate at which t met the limit: the pace at which it left, or, if the caller asked for
// less than that, what succeeded in the last second.
func (l *limiter) slowDown(t *ticket, now time.Time) {
	met := t.paced
	if l.estimated = math.IsInf(met, 1); l.estimated {
		met = min(l.pace.rate(now), max(l.successes.rate(now), 1))
	}
	if l.succeeded {
		l.pace = l.pace.slower(now, met)
	} else {
		l.pace = l.pace.silent(now)
	}
	l.succeeded, l.lastLeft = false, time.Time{}
}
