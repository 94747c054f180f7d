package ratelimit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
)

// Shared is a limiter that the caller shares with others, such as other processes.
type Shared interface {
	Wait(ctx context.Context) error
}

// Holder is what a Shared can be, too.
type Holder interface {
	Hold(ctx context.Context, d time.Duration)
}

// Ticket is one request's place among those that wait to be sent, for all its attempts: older requests are sent first.
type Ticket struct {
	limiter *Limiter
	shared  Shared // may be nil
	number  uint64

	waitDeadline time.Time // the request fails if it cannot be sent by then
	ctxDeadline  time.Time // centuries away if the context has none

	notBefore time.Time     // when its own wait between two attempts is over
	decided   chan struct{} // closed once it may be sent, or has failed
	err       error         // why it has failed

	sentAt time.Time // when the last attempt was sent
	rate   float64   // the pace at which it was sent; +Inf if that did not hold it back
}

// Ticket returns a place for a request. It must be sent within maxWait, and be answered before the context's deadline.
func (l *Limiter) Ticket(ctx context.Context, maxWait time.Duration, shared Shared) *Ticket {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issued++
	now := time.Now()
	ctxDeadline, ok := ctx.Deadline()
	if !ok {
		ctxDeadline = now.Add(math.MaxInt64)
	}
	return &Ticket{limiter: l, shared: shared, number: l.issued, waitDeadline: now.Add(maxWait), ctxDeadline: ctxDeadline}
}

// RetryIn makes the next Wait last at least d. It reports false where there is no time for that before the deadline.
func (t *Ticket) RetryIn(d time.Duration) bool {
	t.notBefore = time.Now().Add(d)
	return !t.notBefore.After(t.waitDeadline) && !t.notBefore.After(t.ctxDeadline)
}

// HeldError means that a request cannot wait until a hold is over.
type HeldError struct {
	Until time.Time
	error
}

func (e *HeldError) Unwrap() error { return e.error }

// LimiterError means that the shared limiter did not let a request go.
type LimiterError struct{ error }

func (e *LimiterError) Unwrap() error { return e.error }

// Wait returns nil once the next attempt may be sent, and an error if ctx or calling is done, the request cannot be sent in
// time (at once if a hold lasts too long for it), or the shared limiter refuses. That one is asked once, last. calling ends
// only waiting; its cause is an error of the call itself.
func (t *Ticket) Wait(ctx, calling context.Context) error {
	if err := t.waitTurn(ctx, calling); err != nil || t.shared == nil {
		return err
	}
	if err := t.askShared(ctx, calling); err != nil {
		return err
	}
	for t.limiter.HoldEnd().After(time.Now()) { // a hold began meanwhile; the permit stays good
		if err := t.waitTurn(ctx, calling); err != nil {
			return err
		}
	}
	return nil
}

func (t *Ticket) askShared(ctx, calling context.Context) error {
	waiting, cancel := context.WithDeadline(ctx, t.waitDeadline)
	defer cancel()
	defer context.AfterFunc(calling, cancel)()
	err := t.shared.Wait(waiting)
	if stopped := reason(ctx, calling); stopped != nil || err == nil {
		return stopped
	}
	if waiting.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		err = errors.New(errline.Text(err)) // of a deadline that the caller has not set
	}
	return &LimiterError{errline.Wrap("the limiter", err)}
}

func (t *Ticket) waitTurn(ctx, calling context.Context) error {
	if err := reason(ctx, calling); err != nil {
		return err
	}
	if t.limiter.enter(t) {
		return t.err
	}
	late := time.NewTimer(time.Until(t.waitDeadline))
	defer late.Stop()
	select {
	case <-t.decided:
	case <-calling.Done():
	case <-ctx.Done():
	case <-late.C:
	}
	decided, held := t.limiter.remove(t)
	err := reason(ctx, calling)
	switch {
	case decided:
		return cmp.Or(t.err, err) // the call may have been stopped meanwhile
	case held == nil:
		return cmp.Or(err, context.DeadlineExceeded) // the context may say so a moment later
	case err == nil:
		held.error = errline.Wrap("held back for too long", held.error)
	case ctx.Err() != nil:
		held.error = errline.Wrap(errline.Text(err)+" while held back", held.error, err)
	default:
		return err
	}
	return held
}

// reason returns why nothing more must be sent; nil if something may.
func reason(ctx, calling context.Context) error {
	if calling.Err() != nil {
		return context.Cause(calling)
	}
	if ctx.Err() != nil {
		return errline.Context(ctx)
	}
	return nil
}

// enter lets a request go or fails it at once, or else puts it among those that wait. It reports whether that is decided.
func (l *Limiter) enter(t *Ticket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.decided = make(chan struct{})
	if l.refuse(t) {
		return true
	}
	at, _ := slices.BinarySearchFunc(l.waiting, t.number, func(t *Ticket, n uint64) int { return cmp.Compare(t.number, n) })
	l.waiting = slices.Insert(l.waiting, at, t)
	l.dispatch()
	select {
	case <-t.decided:
		t.rate = math.Inf(1)
		return true
	default:
		return false
	}
}

// remove takes a request out that waits no longer. It reports whether it was decided at the same time, and returns what held
// it back if it was not.
func (l *Limiter) remove(t *Ticket) (decided bool, held *HeldError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatch() // this may be the very moment
	at := slices.Index(l.waiting, t)
	if at < 0 {
		return true, nil
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	l.dispatch() // stops the timer if this was the last one
	if now := time.Now(); l.heldUntil.After(now) || !math.IsInf(l.pace.rate(now), 1) {
		return false, &HeldError{l.heldUntil, l.cause}
	}
	return false, nil
}

// refuse fails a request that would have to wait for the end of a hold for too long. It reports whether it did.
func (l *Limiter) refuse(t *Ticket) bool {
	if !l.heldUntil.After(t.waitDeadline) && l.heldUntil.Before(t.ctxDeadline) {
		return false
	}
	t.err = &HeldError{l.heldUntil, errline.Wrap("all requests are held back for "+time.Until(l.heldUntil).String(), l.cause)}
	close(t.decided)
	return true
}
