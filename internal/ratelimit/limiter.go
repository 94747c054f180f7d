// Package ratelimit decides when a request may be sent, for all requests of one Client together. It knows a hold (the gateway
// asked for no requests for a while), a pace (it asked for fewer), a quota of retries (it is failing), and a limiter that the
// caller shares with other processes. Hold and pace wear off with time: a minute after the last limit a Limiter is as fast as a new
// one. The quota comes back with successes.
package ratelimit

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limiter is what all requests of a Client share. Any number of goroutines may use it.
type Limiter struct {
	mu    sync.Mutex
	quota int

	pace      pace
	cause     error         // what put the last hold on
	succeeded bool          // something has, since the pace became slower
	successes []time.Time   // of the last second
	latency   time.Duration // of recent successes: their maximum, which decays

	issued   atomic.Uint64 // tickets
	waiting  []*Ticket     // by number
	lastSent time.Time
	timer    *time.Timer // calls dispatch
}

// The retry quota is that of the AWS SDKs: while most requests fail, at most one in five is repeated.
const (
	retryQuota = 500
	retryCost  = 5
)

const (
	maxHold      = 5 * time.Minute        // an absurd Retry-After must not stop a client for good
	maxRecheck   = 250 * time.Millisecond // of the pace, which rises meanwhile
	latencyDecay = 16                     // each success takes one part in so many from the latency
)

// New returns a Limiter that holds nothing back.
func New() *Limiter { return &Limiter{quota: retryQuota} }

// TakeRetry takes a retry from the quota, and reports whether there was one left.
func (l *Limiter) TakeRetry() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.quota < retryCost {
		return false
	}
	l.quota -= retryCost
	return true
}

// HoldEnd returns when the current hold ends; a time that has passed if there is none.
func (l *Limiter) HoldEnd() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace.heldUntil
}

// dispatch lets requests go as far as hold and pace allow, and sees to it that it is called again when they allow more.
func (l *Limiter) dispatch() {
	if l.timer != nil {
		l.timer.Stop()
	}
	for now := time.Now(); len(l.waiting) > 0; {
		next, ready := l.next(now)
		if wait := max(ready, l.opensIn(now)); wait > 0 {
			l.timer = time.AfterFunc(wait, l.tick)
			return
		}
		t := l.waiting[next]
		l.waiting = slices.Delete(l.waiting, next, next+1)
		t.sentAt, l.lastSent = now, now
		t.decided <- nil
	}
}

func (l *Limiter) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatch()
}

// opensIn returns how long it takes at most until the next request may be sent.
func (l *Limiter) opensIn(now time.Time) time.Duration {
	rate := l.pace.rate(now)
	if l.pace.heldUntil.After(now) || math.IsInf(rate, 1) {
		return l.pace.heldUntil.Sub(now)
	}
	return min(maxRecheck, time.Duration(float64(time.Second)/rate)-now.Sub(l.lastSent))
}

// next returns which request to send now: the oldest one that can still be answered in time, going by the latency of recent
// answers, or else the one with the most time left. If none is ready, wait says when one will be: never, where the contexts of
// all end now.
func (l *Limiter) next(now time.Time) (index int, wait time.Duration) {
	index, wait = -1, math.MaxInt64
	for i, t := range l.waiting {
		switch {
		case !now.Before(t.ctxDeadline): // its context ends now
		case t.notBefore.After(now):
			wait = min(wait, t.notBefore.Sub(now))
		case now.Add(l.latency).Before(t.ctxDeadline):
			return i, 0
		case index < 0 || l.waiting[index].ctxDeadline.Before(t.ctxDeadline):
			index, wait = i, 0
		}
	}
	return index, wait
}

// RecordSuccess records that the request was answered with a success.
func (t *Ticket) RecordSuccess() {
	l := t.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.quota = min(l.quota+1, retryQuota)
	l.latency = max(now.Sub(t.sentAt), l.latency-l.latency/latencyDecay)
	l.succeeded = true
	l.successes = append(l.successes, now)
	served := l.successRate(now)
	if !t.sentAt.After(l.pace.slowedAt) { // it was sent before the limit was met, and was served: so many may be
		l.pace = l.pace.atLeast(served)
	}
}

// successRate returns how many requests have succeeded within the last second.
func (l *Limiter) successRate(now time.Time) float64 {
	for len(l.successes) > 0 && now.Sub(l.successes[0]) >= time.Second {
		l.successes = l.successes[1:]
	}
	return float64(len(l.successes))
}

// RecordLimit holds all requests back for d, at most maxHold, since this one met a limit, and makes them slower after that. It
// tells the shared limiter.
func (t *Ticket) RecordLimit(ctx context.Context, d time.Duration, cause error) {
	d = min(d, maxHold)
	t.limiter.hold(t, d, cause)
	if holder, ok := t.shared.(interface {
		Hold(context.Context, time.Duration)
	}); ok {
		holder.Hold(ctx, d)
	}
}

func (l *Limiter) hold(t *Ticket, d time.Duration, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if t.sentAt.After(l.pace.slowedAt) { // else it was sent before the pace became slower, and says nothing about that
		l.pace = l.pace.slower(now, l.successRate(now), !l.succeeded)
		l.succeeded = false
	}
	if until := now.Add(d); until.After(l.pace.heldUntil) {
		l.pace.heldUntil, l.cause = until, cause
	}
	l.waiting = slices.DeleteFunc(l.waiting, l.refuse)
	l.dispatch()
}
