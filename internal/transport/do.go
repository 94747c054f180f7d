package transport

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// Sender sends the requests of one call.
type Sender struct {
	*Client
	Policy         retry.Policy
	AttemptTimeout time.Duration
	Header         http.Header
	Token          func(context.Context) (string, error) // a valid one
	Shared         ratelimit.Shared                      // may be nil
	Logger         *slog.Logger

	// Active is done when no further attempt may begin: it ends waiting, and not the attempts in flight. Its cause says why.
	Active context.Context
	// WithAttempt returns a context that describes an attempt to the caller's RoundTripper.
	WithAttempt func(ctx context.Context, r Request, number int) context.Context
	// NewError returns the error of an answer that is not a usable success; cause may be nil.
	NewError func(r Request, answer *Reply, cause error) error
}

// Request is one request; each attempt sends a copy of it.
type Request struct {
	*http.Request
	Path string  // the template: "/messages/{ids}"
	IDs  []int64 // that it names
	Once bool    // as if MaxAttempts of the policy were 1
}

// Do sends r, again where the policy says so, until an attempt succeeds: until decode accepts a 200. decode gets each one that
// arrived, also where its body broke off. If an answer ended the request, the error is the one that NewError made of it.
func (s *Sender) Do(ctx context.Context, r Request, decode func(*Reply) error) (Trace, error) {
	x := &exchange{sender: s, request: r, ticket: s.Limiter.Ticket(ctx, s.Policy.MaxElapsed, s.Shared)}
	defer func() {
		if x.tookRetry { // and did not send it
			s.Limiter.ReturnRetry()
		}
	}()
	for {
		if err := x.ticket.Wait(ctx, s.Active); err != nil {
			x.trace.waitErr = err
			return x.trace, errline.WithPrevious(err, x.trace.last.err)
		}
		e := x.attempt(ctx, decode)
		previous := x.trace.record(e)
		if e.kind == succeeded || e.status == http.StatusNotFound { // which is an answer, too
			x.ticket.RecordSuccess()
		}
		if e.kind == succeeded {
			return x.trace, nil
		}
		wait, again := x.next(ctx)
		switch {
		case !again:
			return x.trace, e.withPrevious(previous)
		case ratelimit.StopReason(ctx, s.Active) == nil: // else Wait returns why no attempt follows
			s.Logger.WarnContext(ctx, "the attempt failed and will be repeated", "method", r.Method, "path", r.Path,
				"ids", len(r.IDs), "first_id", cmp.Or(r.IDs...), "attempt", x.trace.Attempts, x.trace.LogAttr(), "wait", wait)
		}
	}
}

// exchange is a request with what its attempts share.
type exchange struct {
	sender    *Sender
	request   Request
	trace     Trace
	ticket    *ratelimit.Ticket
	token     string // of the last attempt
	renewals  int    // how many times it was refused and had been replaced
	uncounted int    // attempts that do not count
	tookRetry bool   // the next attempt was taken from the quota, and is not sent yet
}

// maxRenewals bounds how often a request is sent again since its token has been replaced: a source may give a new one each time,
// and none that is accepted.
const maxRenewals = 3

// next decides whether a failed attempt is followed by another, and after which wait. If its token was refused and has been
// replaced since, the request is sent again, up to maxRenewals times; but a DELETE only if the policy allows a second attempt.
func (x *exchange) next(ctx context.Context) (wait time.Duration, again bool) {
	t, last := &x.trace, x.trace.last
	t.TokenReplaced = last.status == http.StatusUnauthorized && x.renewals < maxRenewals && x.tokenReplaced(ctx)
	switch {
	case t.TokenReplaced:
		x.renewals++
		x.uncounted++
		return 0, x.request.Method != http.MethodDelete || x.sender.Policy.MaxAttempts > 1
	case !last.retryable(x.request.Method):
		return 0, false
	}
	wait = x.sender.Policy.Delay(t.Attempts, last.status, last.retryAfter)
	if last.throttled() {
		x.ticket.RecordThrottle(ctx, wait, last.err)
	}
	return wait, x.mayRetry(ctx, wait)
}

// mayRetry reports whether attempts, time and quota are left for a retry after the wait, which it takes from the quota.
func (x *exchange) mayRetry(ctx context.Context, wait time.Duration) bool {
	t, policy := &x.trace, x.sender.Policy
	if x.request.Once {
		policy.MaxAttempts = 1
	}
	tooMany := t.last.status == http.StatusTooManyRequests
	if tooMany && !policy.CountThrottled {
		x.uncounted++
	}
	switch {
	case t.Attempts-x.uncounted >= policy.MaxAttempts:
		return false
	case !x.ticket.RetryIn(wait):
		t.OutOfTime = true
		return false
	case ctx.Err() != nil: // the error of an attempt without an answer says so; after one that has one, Wait does
		return t.last.kind == answered
	case tooMany: // it is paced by the hold, so the quota is left to failures
		return true
	}
	x.tookRetry = x.sender.Limiter.TakeRetry()
	return x.tookRetry
}

func (x *exchange) tokenReplaced(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, x.sender.attemptTimeout())
	defer cancel()
	token, err := x.sender.Token(x.sender.WithAttempt(ctx, x.request, x.trace.Attempts+1))
	return err == nil && token != x.token
}

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
	retryAfter time.Duration // the wait that it asks for
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
	Sent          bool            // an attempt may have reached the gateway
	Answered      bool            // an attempt got an answer, whatever it was
	Ambiguous     bool            // an attempt before the last may have taken effect
	Refusal       error           // the error of the last 4xx
	TokenReplaced bool            // the last answer refused a token that has been replaced since
	OutOfTime     bool            // there was no time for the wait before another attempt
	Redact        redact.Redactor // of the tokens that it was sent with

	last    ending // of the last attempt
	waitErr error  // why the next attempt could not wait to be sent
}

// record adds an attempt and returns how the one before it ended.
func (t *Trace) record(e ending) (previous ending) {
	previous = t.last
	t.Ambiguous = t.MayHaveTakenEffect()
	t.Sent = t.Sent || e.kind >= noAnswer
	t.Answered = t.Answered || e.kind >= answered
	t.last = e
	if e.kind != noToken {
		t.Attempts++
	}
	if e.status/100 == 4 {
		t.Refusal = e.err
	}
	return previous
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
