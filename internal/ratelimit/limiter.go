// Package ratelimit decides when a request may be sent, for all requests of one Client together. It knows a hold (the gateway
// asked for no requests for a while, at most 5 minutes are believed), a pace (it asked for fewer), a quota of retries (it is
// failing), and a limiter that the caller shares with other processes. Hold and pace wear off with time: a minute after the last
// limit, or after a hold that lasts longer than that, a Limiter is as fast as a new one. The quota comes back with successes.
package ratelimit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
)

// Limiter is what all requests of a Client share. Any number of goroutines may use it.
type Limiter struct {
	mu    sync.Mutex
	quota int

	pace      pace
	cause     error         // what put the last hold on
	succeeded bool          // something has, since the pace became slower
	successes []time.Time   // when requests succeeded within the last second
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
	latencyDecay = 16                     // each success takes a sixteenth from the latency
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

// ReturnRetry puts a retry back that was not sent.
func (l *Limiter) ReturnRetry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quota = min(l.quota+retryCost, retryQuota)
}

// metLimitSince reports whether there is a hold, or requests have become slower since.
func (l *Limiter) metLimitSince(at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace.slowedAt.After(at) || l.pace.heldUntil.After(time.Now())
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
	if !t.sentAt.After(l.pace.slowedAt) { // it was sent before the limit was met, and was served, so the limit is not lower
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

// Shared is a limiter that the caller shares with others, such as other processes. It may have a Hold method, too.
type Shared interface {
	Wait(ctx context.Context) error
}

// Ticket is one request's place among those that wait to be sent, for all its attempts: older requests are sent first.
type Ticket struct {
	limiter *Limiter
	shared  Shared // may be nil
	number  uint64

	waitDeadline time.Time // the request fails if it cannot be sent by then
	ctxDeadline  time.Time // centuries away if the context has none

	notBefore time.Time  // when its own wait between two attempts is over
	decided   chan error // gets nil once it may be sent, or why it cannot wait

	sentAt time.Time // when the last attempt was sent
}

// Ticket returns a place for a request. It must be sent within maxWait, and be answered before the context's deadline.
func (l *Limiter) Ticket(ctx context.Context, maxWait time.Duration, shared Shared) *Ticket {
	now := time.Now()
	ctxDeadline, ok := ctx.Deadline()
	if !ok {
		ctxDeadline = now.Add(math.MaxInt64)
	}
	return &Ticket{
		limiter: l, shared: shared, number: l.issued.Add(1),
		waitDeadline: now.Add(maxWait), ctxDeadline: ctxDeadline, decided: make(chan error, 1),
	}
}

// RetryIn makes the next Wait last at least d. It reports false where there is no time for that before the deadline.
func (t *Ticket) RetryIn(d time.Duration) bool {
	t.notBefore = time.Now().Add(d)
	return !t.notBefore.After(t.waitDeadline) && !t.notBefore.After(t.ctxDeadline)
}

// HeldError means that a request was kept back, by a hold or by the shared limiter.
type HeldError struct {
	Until time.Time // the hold's end; zero if there was none
	error
}

func (e *HeldError) Unwrap() error { return e.error }

// Wait returns nil once the next attempt may be sent, and an error if ctx or active is done, the request cannot be sent in
// time (at once if a hold lasts too long for it), or the shared limiter refuses, which is asked last, and once. active ends
// only waiting; its cause is an error of the call itself.
func (t *Ticket) Wait(ctx, active context.Context) error {
	err := t.waitTurn(ctx, active)
	if err != nil || t.shared == nil {
		return err
	}
	err = t.askShared(ctx, active)
	for err == nil && t.limiter.metLimitSince(t.sentAt) { // meanwhile; the permit stays good
		err = t.waitTurn(ctx, active)
	}
	t.sentAt = time.Now()
	return err
}

func (t *Ticket) askShared(ctx, active context.Context) error {
	waiting, cancel := context.WithDeadline(ctx, t.waitDeadline)
	defer cancel()
	defer context.AfterFunc(active, cancel)()
	err := t.shared.Wait(waiting)
	if stopped := StopReason(ctx, active); stopped != nil || err == nil {
		return stopped
	}
	if waiting.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		err = errors.New(errline.Text(err)) // of a deadline that the caller has not set
	}
	return &HeldError{error: errline.Wrap("the limiter", err)}
}

func (t *Ticket) waitTurn(ctx, active context.Context) error {
	if err := StopReason(ctx, active); err != nil {
		return err
	}
	t.limiter.enter(t)
	late := time.NewTimer(time.Until(t.waitDeadline))
	defer late.Stop()
	select {
	case err := <-t.decided:
		return cmp.Or(err, StopReason(ctx, active)) // the call may have been stopped meanwhile
	case <-active.Done():
	case <-ctx.Done():
	case <-late.C:
	}
	return t.limiter.remove(ctx, active, t)
}

// StopReason returns why nothing more must be sent: the cause of active, or what ended ctx; nil if something may.
func StopReason(ctx, active context.Context) error {
	if active.Err() != nil {
		return context.Cause(active)
	}
	if ctx.Err() != nil {
		return errline.Context(ctx)
	}
	return nil
}

// enter lets a request go or fails it at once, or else puts it among those that wait.
func (l *Limiter) enter(t *Ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.refuse(t) {
		at, _ := slices.BinarySearchFunc(l.waiting, t, func(a, b *Ticket) int { return cmp.Compare(a.number, b.number) })
		l.waiting = slices.Insert(l.waiting, at, t)
		l.dispatch()
	}
}

// refuse fails a request that would have to wait for the end of a hold for too long. It reports whether it did.
func (l *Limiter) refuse(t *Ticket) bool {
	tooLong := l.pace.heldUntil.After(t.waitDeadline) || !l.pace.heldUntil.Before(t.ctxDeadline)
	if tooLong {
		t.decided <- l.held("all requests are held back for " + time.Until(l.pace.heldUntil.Add(time.Second-1)).Truncate(time.Second).String())
	}
	return tooLong
}

// remove takes a request out that waits no longer, and returns why; nil if it was sent at this very moment.
func (l *Limiter) remove(ctx, active context.Context, t *Ticket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := StopReason(ctx, active)
	if err == nil {
		l.dispatch() // its turn may come at its very deadline
	}
	at := slices.Index(l.waiting, t)
	if at < 0 {
		return cmp.Or(<-t.decided, err)
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	l.dispatch() // stops the timer if this was the last one
	now := time.Now()
	switch held := l.pace.heldUntil.After(now) || !math.IsInf(l.pace.rate(now), 1); {
	case !held, err != nil && ctx.Err() == nil:
		return cmp.Or(err, context.DeadlineExceeded) // the context may say so a moment later
	case err == nil:
		return l.held("held back for too long")
	}
	return l.held(errline.Text(err)+" while held back", err)
}

func (l *Limiter) held(what string, matches ...error) error {
	return &HeldError{l.pace.heldUntil, errline.Wrap(what, l.cause, matches...)}
}
