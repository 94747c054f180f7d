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

// Wait returns nil once the next attempt may be sent, and an error if ctx or calling is done, the request cannot be sent in
// time (at once if a hold lasts too long for it), or the shared limiter refuses. That one is asked once, last. calling ends
// only waiting; its cause is an error of the call itself.
func (t *Ticket) Wait(ctx, calling context.Context) error {
	err := t.waitTurn(ctx, calling)
	if err != nil || t.shared == nil {
		return err
	}
	err = t.askShared(ctx, calling)
	for err == nil && t.limiter.HoldEnd().After(time.Now()) { // a hold began meanwhile; the permit stays good
		err = t.waitTurn(ctx, calling)
	}
	return err
}

func (t *Ticket) askShared(ctx, calling context.Context) error {
	waiting, cancel := context.WithDeadline(ctx, t.waitDeadline)
	defer cancel()
	defer context.AfterFunc(calling, cancel)()
	err := t.shared.Wait(waiting)
	if stopped := StopReason(ctx, calling); stopped != nil || err == nil {
		return stopped
	}
	if waiting.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		err = errors.New(errline.Text(err)) // of a deadline that the caller has not set
	}
	return &HeldError{error: errline.Wrap("the limiter", err)}
}

func (t *Ticket) waitTurn(ctx, calling context.Context) error {
	if err := StopReason(ctx, calling); err != nil {
		return err
	}
	t.limiter.enter(t)
	late := time.NewTimer(time.Until(t.waitDeadline))
	defer late.Stop()
	select {
	case err := <-t.decided:
		return cmp.Or(err, StopReason(ctx, calling)) // the call may have been stopped meanwhile
	case <-calling.Done():
	case <-ctx.Done():
	case <-late.C:
	}
	return t.limiter.remove(ctx, calling, t)
}

// StopReason returns why nothing more must be sent: the cause of calling, or what ended ctx; nil if something may.
func StopReason(ctx, calling context.Context) error {
	if calling.Err() != nil {
		return context.Cause(calling)
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
		t.decided <- l.held("all requests are held back for " + time.Until(l.pace.heldUntil.Add(time.Second)).Truncate(time.Second).String())
	}
	return tooLong
}

// remove takes a request out that waits no longer, and returns why; nil if it was sent at this very moment.
func (l *Limiter) remove(ctx, calling context.Context, t *Ticket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := StopReason(ctx, calling)
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
