package transport

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// failure is what an attempt ended in; the zero value is a success.
type failure struct {
	err        error
	answered   bool
	status     int           // of the answer
	retryAfter time.Duration // that the answer asks for
	cause      error         // why a 200 could not be used
	reason     error         // why no answer came
	reached    bool          // the request may have reached the gateway
	noToken    bool          // there was no token, and so no attempt
}

func (f failure) throttled() bool { return f.answered && retry.Throttles(f.status, f.retryAfter) }

// retryable reports whether the attempt should be repeated.
func (f failure) retryable(method string) bool {
	switch {
	case f.status == http.StatusOK:
		return method == http.MethodGet && errors.Is(f.cause, io.ErrUnexpectedEOF)
	case f.answered:
		return retry.Status(f.status)
	}
	proxy, refused := errors.AsType[*proxyError](f.reason)
	return !f.noToken && retry.Transient(f.reason) && !(refused && proxy.status < 500)
}

// mayHaveTakenEffect reports whether the request may have taken effect. Only a 4xx says that it did not.
func (f failure) mayHaveTakenEffect() bool { return f.reached && f.status/100 != 4 }

// logAttr returns the failure as a slog attribute.
func (f failure) logAttr() slog.Attr {
	if f.answered {
		return slog.Int("status", f.status)
	}
	return slog.Any("error", f.reason)
}

// withPrevious returns the error of an attempt together with that of the one before it, if it got no answer, for another reason.
func (f failure) withPrevious(previous failure) error {
	if f.answered || previous.reason != nil && root(f.reason).Error() == root(previous.reason).Error() {
		return f.err
	}
	return errline.WithPrevious(f.err, previous.err)
}

// root returns what an error of the network comes from, whose text has no local port in it.
func root(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// Trace is what is known about a request after its attempts.
type Trace struct {
	Attempts      int
	Sent          bool  // an attempt may have reached the gateway
	Ambiguous     bool  // an attempt before the last may have taken effect
	Refusal       error // of the last answer of 4xx
	TokenReplaced bool  // the last answer refused a token that has been replaced since

	last    failure // of the last attempt
	waitErr error   // why there was no further attempt
}

// record adds an attempt and returns what the one before it ended in.
func (t *Trace) record(f failure) (previous failure) {
	previous = t.last
	t.Ambiguous = t.MayHaveTakenEffect()
	t.Sent = t.Sent || f.err == nil || f.reached
	t.last = f
	if !f.noToken {
		t.Attempts++
	}
	if f.status/100 == 4 {
		t.Refusal = f.err
	}
	return previous
}

// Succeeded reports whether the last attempt did.
func (t *Trace) Succeeded() bool { return t.last.err == nil && t.Attempts > 0 }

// Answer returns the error of what the last attempt was answered, if that was not a success; else nil. Outcomes are decided by
// it and not by what errors.As finds: errors of a caller's transport and token source may hold answers to other requests.
func (t *Trace) Answer() error {
	if !t.last.answered {
		return nil
	}
	return t.last.err
}

// Cause returns why the last answer, a 200, could not be used; nil if it could or was none.
func (t *Trace) Cause() error { return t.last.cause }

// Unanswered reports whether the request was sent, or tried to be, and the gateway never said anything.
func (t *Trace) Unanswered() bool {
	return t.last.reason != nil && !t.last.noToken && t.waitErr == nil && t.Refusal == nil
}

// Throttled reports whether the request ended at a rate limit: it met one, or a hold or the shared limiter kept it back.
func (t *Trace) Throttled() bool {
	_, held := errors.AsType[*ratelimit.HeldError](t.waitErr)
	return held || t.waitErr == nil && t.last.throttled()
}

// MayHaveTakenEffect reports whether any attempt may have taken effect without saying so.
func (t *Trace) MayHaveTakenEffect() bool { return t.Ambiguous || t.last.mayHaveTakenEffect() }

// LogAttr returns the failure of the last attempt as a slog attribute.
func (t *Trace) LogAttr() slog.Attr {
	if t.last.err == nil {
		return slog.Any("error", t.waitErr)
	}
	return t.last.logAttr()
}
