package transport

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// failure is an attempt that failed.
type failure struct {
	err           error
	answer        *answerOf // nil if none came
	cause         error     // why an answer of 200 could not be used
	reason        error     // why none came, for the log
	reachedServer bool      // the request may have reached the gateway
	noToken       bool      // there was no token, and so no attempt
}

type answerOf struct {
	status     int
	retryAfter time.Duration
	token      func() string // that was sent; a closure, where reflection does not find it
}

func (f *failure) answered() bool { return f.answer != nil }

// status returns the status of the answer; 0 if none came.
func (f *failure) status() int {
	if f.answer == nil {
		return 0
	}
	return f.answer.status
}

func (f *failure) retryAfter() time.Duration {
	if f.answer == nil {
		return 0
	}
	return f.answer.retryAfter
}

func (f *failure) token() string { return f.answer.token() }

func (f *failure) throttled() bool {
	return f.answered() && retry.Throttles(f.status(), f.retryAfter())
}

// retryable reports whether the attempt should be repeated.
func (f *failure) retryable(method string) bool {
	if !f.answered() {
		proxy, refused := errors.AsType[*proxyError](f.reason)
		return !f.noToken && retry.Transient(f.err) && !(refused && proxy.status < 500)
	}
	if f.status() == http.StatusOK {
		return method == http.MethodGet && errors.Is(f.cause, io.ErrUnexpectedEOF)
	}
	return retry.Status(f.status())
}

// mayHaveTakenEffect reports whether the request may have taken effect. Only a 4xx says that it did not.
func (f *failure) mayHaveTakenEffect() bool {
	if !f.answered() {
		return f.reachedServer
	}
	return f.status()/100 != 4
}

// logAttr returns the failure as a slog attribute.
func (f *failure) logAttr() slog.Attr {
	switch {
	case f.answered():
		return slog.Int("status", f.status())
	case f.noToken:
		return slog.Any("error", f.err)
	}
	return slog.Any("error", f.reason)
}

// withPrevious returns the error of an attempt and of the one before it, if that failed for another reason.
func (f *failure) withPrevious(previous *failure) error {
	if previous == nil || f.repeats(previous) {
		return f.err
	}
	return errline.WithPrevious(f.err, previous.err)
}

// repeats reports whether two attempts got no answer for the same reason. Their texts differ in the local port of the
// connection.
func (f *failure) repeats(previous *failure) bool {
	if f.reason == nil || previous.reason == nil {
		return false
	}
	a, isOp := errors.AsType[*net.OpError](f.reason)
	b, wasOp := errors.AsType[*net.OpError](previous.reason)
	if isOp && wasOp && a.Err != nil && b.Err != nil {
		return a.Op == b.Op && a.Err.Error() == b.Err.Error()
	}
	return f.reason.Error() == previous.reason.Error()
}

// Trace is what is known about a request after its attempts.
type Trace struct {
	Attempts      int
	Sent          bool  // an attempt may have reached the gateway
	Ambiguous     bool  // an attempt before the last may have taken effect
	Refusal       error // of the last answer of 4xx
	TokenReplaced bool  // the last answer refused a token that has been replaced since

	throttled int      // attempts that met a 429
	last      *failure // failure of the last attempt; nil after a success or before the first attempt
	waitErr   error    // why there was no further attempt
	renewed   bool     // a replaced token was taken once
	redact    redact.Redactor
}

// record adds an attempt and returns the failure of the one before it, if any.
func (t *Trace) record(f *failure) (previous *failure) {
	previous = t.last
	t.Ambiguous = t.MayHaveTakenEffect()
	t.Sent = t.Sent || f == nil || f.reachedServer
	t.last = f
	if f != nil && f.noToken {
		return previous
	}
	t.Attempts++
	if f != nil && f.answered() && f.status()/100 == 4 {
		t.Refusal = f.err
	}
	if f != nil && f.status() == http.StatusTooManyRequests {
		t.throttled++
	}
	return previous
}

func (t *Trace) lastError() error {
	if t.last == nil {
		return nil
	}
	return t.last.err
}

// Succeeded reports whether the last attempt did.
func (t *Trace) Succeeded() bool { return t.last == nil && t.Attempts > 0 }

// Answer returns the error of what the last attempt was answered, if that was not a success; else nil. Outcomes are decided by
// it and not by what errors.As finds: errors of a caller's transport and token source may hold answers to other requests.
func (t *Trace) Answer() error {
	if t.last == nil || !t.last.answered() {
		return nil
	}
	return t.last.err
}

// Cause returns why the last answer, a 200, could not be used; nil if it could or was none.
func (t *Trace) Cause() error {
	if t.last == nil {
		return nil
	}
	return t.last.cause
}

// Unanswered reports whether the request was sent, or tried to be, and the gateway never said anything.
func (t *Trace) Unanswered() bool {
	return t.last != nil && !t.last.answered() && !t.last.noToken && t.waitErr == nil && t.Refusal == nil
}

// Throttled reports whether the request ended at a rate limit: it met one, or a hold or the shared limiter kept it back.
func (t *Trace) Throttled() bool {
	_, held := errors.AsType[*ratelimit.HeldError](t.waitErr)
	_, refused := errors.AsType[*ratelimit.LimiterError](t.waitErr)
	return held || refused || t.waitErr == nil && t.last != nil && t.last.throttled()
}

// MayHaveTakenEffect reports whether any attempt may have taken effect without saying so.
func (t *Trace) MayHaveTakenEffect() bool {
	return t.Ambiguous || t.last != nil && t.last.mayHaveTakenEffect()
}

// LogAttr returns the failure of the last attempt as a slog attribute.
func (t *Trace) LogAttr() slog.Attr {
	if t.last == nil {
		return slog.Any("error", t.waitErr)
	}
	return t.last.logAttr()
}
