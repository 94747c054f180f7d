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

// Limiter is what all requests of a Client share. Any number of goroutines may use it. The zero value holds nothing back.
type Limiter struct {
	issued atomic.Uint64 // tickets

	mu         sync.Mutex
	quotaTaken int // of the retry quota
	pace       pace
	cause      error         // what put the last hold on
	succeeded  bool          // something has, since the pace became slower
	successes  []time.Time   // when requests succeeded within the last second
	latency    time.Duration // of recent successes: their maximum, which decays
	waiting    []*Ticket     // by number
	lastSent   time.Time
	timer      *time.Timer // calls dispatch
}

const (
	maxHold      = 5 * time.Minute        // an absurd Retry-After must not stop a client for good
	maxRecheck   = 250 * time.Millisecond // of the pace, which rises meanwhile
	latencyDecay = 16                     // each success takes a sixteenth from the latency
)

// HoldEnd returns when the current hold ends; a time that has passed if there is none.
func (l *Limiter) HoldEnd() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace.heldUntil
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
	for err == nil && t.limiter.HoldEnd().After(t.sentAt) { // it began meanwhile; the permit stays good
		err = t.waitTurn(ctx, active)
	}
	t.sentAt = time.Now()
	return err
}

func (t *Ticket) waitTurn(ctx, active context.Context) error {
	if err := StopReason(ctx, active); err != nil {
		return err
	}
	t.limiter.enter(t)
	if len(t.decided) > 0 { // as of most requests: no timer is needed
		return <-t.decided
	}
	late := time.NewTimer(time.Until(t.waitDeadline))
	defer late.Stop()
	select {
	case err := <-t.decided:
		return cmp.Or(err, StopReason(ctx, active)) // the call may have been stopped meanwhile
	case <-active.Done():
	case <-ctx.Done():
	case <-late.C:
		t.limiter.dispatch() // its turn may come at its very deadline
	}
	err := t.limiter.leave(t, errline.Context(ctx))
	return cmp.Or(context.Cause(active), err) // a call that was stopped was not too slow
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

// StopReason returns why nothing more must be sent: the cause of active, or what ended ctx; nil if something may.
func StopReason(ctx, active context.Context) error {
	if active.Err() == nil && ctx.Err() == nil {
		return nil
	}
	return cmp.Or(context.Cause(active), errline.Context(ctx))
}

// enter puts a request into the queue, unless a hold would keep it back for too long.
func (l *Limiter) enter(t *Ticket) {
	defer l.dispatch()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.refuse(t) {
		at, _ := slices.BinarySearchFunc(l.waiting, t, func(a, b *Ticket) int { return cmp.Compare(a.number, b.number) })
		l.waiting = slices.Insert(l.waiting, at, t)
	}
}

// dispatch lets requests go as far as hold and pace allow, and sees to it that it is called again when they allow more.
func (l *Limiter) dispatch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	for now := time.Now(); len(l.waiting) > 0; {
		next, wait := 0, l.pace.heldUntil.Sub(now)
		if wait <= 0 {
			interval := time.Duration(float64(time.Second) / l.pace.rate(now))
			next, wait = l.next(now)
			wait = max(wait, min(maxRecheck, interval-now.Sub(l.lastSent)))
		}
		if wait > 0 {
			l.timer = time.AfterFunc(wait, l.dispatch)
			return
		}
		t := l.waiting[next]
		l.waiting = slices.Delete(l.waiting, next, next+1)
		t.sentAt, l.lastSent = now, now
		t.decided <- nil
	}
}

// refuse fails a request that would have to wait for the end of a hold for too long. It reports whether it did.
func (l *Limiter) refuse(t *Ticket) bool {
	tooLong := l.pace.heldUntil.After(t.waitDeadline) || !l.pace.heldUntil.Before(t.ctxDeadline)
	if tooLong {
		left := time.Until(l.pace.heldUntil.Add(time.Second - 1)).Truncate(time.Second)
		t.decided <- l.heldError("all requests are held back for " + left.String())
	}
	return tooLong
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

// leave takes a request out of the queue whose wait is over, since its context ended with ctxErr or its time did. It returns why
// it was not sent; nil if it was at this very moment.
func (l *Limiter) leave(t *Ticket, ctxErr error) error {
	defer l.dispatch() // which stops the timer if this was the last one
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.waiting, t)
	if at < 0 {
		return cmp.Or(<-t.decided, ctxErr)
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	now := time.Now()
	switch {
	case !l.pace.heldUntil.After(now) && math.IsInf(l.pace.rate(now), 1), t.notBefore.After(now) && t.notBefore.After(l.pace.heldUntil):
		return cmp.Or(ctxErr, context.DeadlineExceeded) // the context may say so a moment later
	case ctxErr == nil:
		return l.heldError("held back for too long")
	}
	return l.heldError(errline.Text(ctxErr)+" while held back", ctxErr)
}

// heldError returns the error of a request that was held back. It matches what put the hold on.
func (l *Limiter) heldError(what string, matches ...error) error {
	return &HeldError{l.pace.heldUntil, errline.Wrap(what, l.cause, matches...)}
}

// RecordSuccess records that the attempt was answered with a success.
func (t *Ticket) RecordSuccess() {
	l := t.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.quotaTaken = max(0, l.quotaTaken-1)
	l.latency = max(now.Sub(t.sentAt), l.latency-l.latency/latencyDecay)
	l.succeeded, l.successes = true, append(l.successes, now)
	served := l.successRate(now)
	if !t.sentAt.After(l.pace.slowedAt) { // it was sent before the limit was met, and was served, so the limit is not lower
		l.pace = l.pace.atLeast(served)
	}
}

// RecordThrottle records that the attempt met a limit: all requests are held back for d, at most maxHold, and are slower after
// that. The shared limiter is told.
func (t *Ticket) RecordThrottle(ctx context.Context, d time.Duration, cause error) {
	d = min(d, maxHold)
	l := t.limiter
	l.mu.Lock()
	now := time.Now()
	if t.sentAt.After(l.pace.slowedAt) { // else it was sent before the pace became slower, and says nothing about that
		l.pace = l.pace.slower(now, l.successRate(now), !l.succeeded)
		l.succeeded = false
	}
	if until := now.Add(d); until.After(l.pace.heldUntil) {
		l.pace.heldUntil, l.cause = until, cause
	}
	l.waiting = slices.DeleteFunc(l.waiting, l.refuse)
	l.mu.Unlock()
	l.dispatch()
	if holder, ok := t.shared.(interface {
		Hold(context.Context, time.Duration)
	}); ok {
		holder.Hold(ctx, d)
	}
}

// successRate returns how many requests have succeeded within the last second.
func (l *Limiter) successRate(now time.Time) float64 {
	for len(l.successes) > 0 && now.Sub(l.successes[0]) >= time.Second {
		l.successes = l.successes[1:]
	}
	return float64(len(l.successes))
}

// The retry quota is that of the AWS SDKs: a token bucket, full at first. While most requests fail, at most one in five is repeated.
const (
	maxQuota  = 500
	retryCost = 5
)

// TakeRetry takes a retry from the quota, and reports whether there was one left.
func (l *Limiter) TakeRetry() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.quotaTaken > maxQuota-retryCost {
		return false
	}
	l.quotaTaken += retryCost
	return true
}

// ReturnRetry puts a retry back that was not sent.
func (l *Limiter) ReturnRetry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quotaTaken = max(0, l.quotaTaken-retryCost)
}
