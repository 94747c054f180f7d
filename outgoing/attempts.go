package outgoing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// failure is an attempt that failed.
type failure struct {
	err           error
	answer        *APIError     // nil if none came; else err is the same
	status        int           // of the answer; 0 if none came
	reason        error         // why none came, for the log
	retryAfter    time.Duration // as the answer asked
	reachedServer bool          // the request may have reached the gateway
	noToken       bool          // there was no token, and so no attempt
}

// attr is the failure as a log may show it.
func (f *failure) attr() slog.Attr {
	switch {
	case f.status != 0:
		return slog.Int("status", f.status)
	case f.noToken:
		return slog.Any("error", f.err)
	}
	return slog.Any("error", f.reason)
}

// mayHaveTakenEffect reports whether the request may have taken effect. Only a 4xx says that it did not.
func (f *failure) mayHaveTakenEffect() bool {
	if f.status == 0 {
		return f.reachedServer
	}
	return f.status < 400 || f.status > 499
}

// after is the error of an attempt and of the one before it, if that failed for another reason.
func (f *failure) after(before *failure) error {
	if before == nil || f.repeats(before) {
		return f.err
	}
	return withPrevious(f.err, before.err)
}

// repeats reports whether two attempts got no answer for the same reason. Their texts differ in the local port of the
// connection.
func (f *failure) repeats(before *failure) bool {
	if f.reason == nil || before.reason == nil {
		return false
	}
	a, isOp := errors.AsType[*net.OpError](f.reason)
	b, wasOp := errors.AsType[*net.OpError](before.reason)
	if isOp && wasOp && a.Err != nil && b.Err != nil {
		return a.Op == b.Op && a.Err.Error() == b.Err.Error()
	}
	return f.reason.Error() == before.reason.Error()
}

// attempts records what is known about one request after its attempts.
type attempts struct {
	count     int
	sent      bool      // an attempt may have reached the gateway
	ambiguous bool      // an attempt before the last may have taken effect
	last      *failure  // failure of the last attempt; nil after a success or before the first attempt
	refusal   *APIError // the last 4xx
	redact    redactor  // of the tokens that the attempts were sent with
}

// note adds an attempt and returns the failure of the one before it, if any.
func (t *attempts) note(f *failure) (before *failure) {
	before = t.last
	t.ambiguous = t.mayHaveTakenEffect()
	t.sent = t.sent || f == nil || f.reachedServer
	t.last = f
	if f != nil && f.noToken {
		return before
	}
	t.count++
	if f != nil && f.status/100 == 4 {
		t.refusal = f.answer
	}
	return before
}

func (t *attempts) lastError() error {
	if t.last == nil {
		return nil
	}
	return t.last.err
}

// answer is what the last attempt was answered, if that was not a success; else nil. Outcomes are decided by it and not by
// what errors.As finds: errors of a caller's transport and token source may hold answers to other requests.
func (t *attempts) answer() *APIError {
	if t.last == nil {
		return nil
	}
	return t.last.answer
}

// endsMissing reports whether the last answer says that the gateway knows none of the messages.
func (t *attempts) endsMissing() bool {
	answer := t.answer()
	return answer != nil && answer.isMissing()
}

// explain is the error that a request ended in. It matches ErrNotSent if none of the attempts can have arrived.
func (t *attempts) explain(err error) error {
	if t.sent {
		return err
	}
	return notSent(err)
}

// mayHaveTakenEffect reports whether any attempt may have taken effect without saying so.
func (t *attempts) mayHaveTakenEffect() bool {
	return t.ambiguous || t.last != nil && t.last.mayHaveTakenEffect()
}

// noAnswer returns the error of a request that got no answer.
func (r request) noAnswer(n int, reason error) error {
	return newError(fmt.Sprintf("%s %s: no answer (%s): %v", r.Method, r.path, plural(n, "attempt"), reason), reason)
}

// attemptError returns what ended an attempt: the caller's context before the attempt's own limit, and both before what
// net/http made of them.
func attemptError(ctx, attemptCtx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return contextError(ctx)
	case attemptCtx.Err() != nil:
		return errAttemptTimeout
	}
	return err
}

// connection watches whether an attempt had a connection. Whether the request was written on it is not asked: over HTTP/2
// a request can arrive before the trace says so.
type connection struct{ wanted, had atomic.Bool }

func (c *connection) traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.had.Store(true) },
	})
}

// mayHaveCarried reports whether a request that ended in err may have reached the gateway. A transport that traces nothing
// is believed only when it could not connect.
func (c *connection) mayHaveCarried(err error) bool {
	if c.had.Load() {
		return true
	}
	return !c.wanted.Load() && !isDial(err) && !isTLS(err)
}
