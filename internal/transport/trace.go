package transport

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// kind is how an attempt ended. From noAnswer on the request may have reached the gateway.
type kind int

const (
	noToken kind = iota // so there was no attempt, as before the first one
	noConnection
	noAnswer
	answered // but not with a usable success
	succeeded
)

// ending is how an attempt ended, and why.
type ending struct {
	kind
	err        error         // nil after a success
	reason     error         // why no answer came, or why a 200 could not be used
	status     int           // of an answer that is not a usable success
	retryAfter time.Duration // that it asks for
}

func (e ending) throttled() bool { return retry.Throttles(e.status, e.retryAfter) }

// retryable reports whether the attempt should be repeated.
func (e ending) retryable(method string) bool {
	switch {
	case e.kind == noToken:
		return false
	case e.status == http.StatusOK:
		return method == http.MethodGet && errors.Is(e.reason, io.ErrUnexpectedEOF)
	case e.kind == answered:
		return retry.Status(e.status)
	}
	proxy, refused := errors.AsType[*proxyError](e.reason)
	return retry.Transient(e.reason) && !(refused && proxy.status < 500)
}

// mayHaveTakenEffect reports whether the request may have taken effect without saying so. Only a 4xx says that it did not.
func (e ending) mayHaveTakenEffect() bool {
	return e.kind == noAnswer || e.kind == answered && e.status/100 != 4
}

// withPrevious returns the error together with that of the attempt before, if this one got no answer, for another reason.
func (e ending) withPrevious(previous ending) error {
	if e.kind == answered || previous.kind < answered && root(e.reason) == root(previous.reason) {
		return e.err
	}
	return errline.WithPrevious(e.err, previous.err)
}

// root returns the text of what an error of the network comes from, which has no local port in it.
func root(err error) (text string) {
	for ; err != nil; err = errors.Unwrap(err) {
		text = err.Error()
	}
	return text
}

// Trace is what is known about a request after its attempts.
type Trace struct {
	Attempts      int
	Sent          bool  // an attempt may have reached the gateway
	Ambiguous     bool  // an attempt before the last may have taken effect
	Refusal       error // of the last answer of 4xx
	TokenReplaced bool  // the last answer refused a token that has been replaced since

	last    ending // of the last attempt
	waitErr error  // why the next attempt could not wait to be sent
}

// record adds an attempt and returns how the one before it ended.
func (t *Trace) record(e ending) (previous ending) {
	previous = t.last
	t.Ambiguous = t.MayHaveTakenEffect()
	t.Sent = t.Sent || e.kind >= noAnswer
	t.last = e
	if e.kind != noToken {
		t.Attempts++
	}
	if e.status/100 == 4 {
		t.Refusal = e.err
	}
	return previous
}

// Succeeded reports whether the last attempt did.
func (t *Trace) Succeeded() bool { return t.last.kind == succeeded }

// Answer returns the error of what the last attempt was answered, if that was not a success; else nil. Outcomes are decided by
// it and not by what errors.As finds: errors of a caller's transport and token source may hold answers to other requests.
func (t *Trace) Answer() error {
	if t.last.kind != answered {
		return nil
	}
	return t.last.err
}

// Unanswered reports whether the request was sent, or tried to be, and the gateway never said anything.
func (t *Trace) Unanswered() bool {
	return (t.last.kind == noConnection || t.last.kind == noAnswer) && t.waitErr == nil && t.Refusal == nil
}

// Throttled reports whether the request ended at a rate limit: it met one, or a hold or the shared limiter kept it back.
func (t *Trace) Throttled() bool {
	_, held := errors.AsType[*ratelimit.HeldError](t.waitErr)
	return held || t.waitErr == nil && t.last.throttled()
}

// MayHaveTakenEffect reports whether any attempt may have taken effect without saying so.
func (t *Trace) MayHaveTakenEffect() bool { return t.Ambiguous || t.last.mayHaveTakenEffect() }

// LogAttr returns why the last attempt failed, or why there was none, as a slog attribute.
func (t *Trace) LogAttr() slog.Attr {
	if t.last.kind == answered {
		return slog.Int("status", t.last.status)
	}
	return slog.Any("error", cmp.Or(t.last.reason, t.waitErr))
}
