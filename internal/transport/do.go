package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// Call is what the requests of one call share.
type Call struct {
	*Client
	Policy         retry.Policy
	AttemptTimeout time.Duration
	Header         http.Header
	Token          func(context.Context) (string, error)
	Shared         ratelimit.Shared // may be nil
	Logger         *slog.Logger

	// Calling ends waiting, and not the attempts in flight. Its cause is why.
	Calling context.Context
	// WithAttempt returns a context that describes an attempt to the caller's RoundTripper.
	WithAttempt func(ctx context.Context, r Request, number int) context.Context
	// NewError returns the error of an answer that is not a usable success; cause may be nil.
	NewError func(r Request, answer *Reply, cause error) error
}

// Request is one request; each attempt sends a copy of it.
type Request struct {
	*http.Request
	Path    string // the template: "/messages/{ids}"
	IDs     int    // how many IDs it names
	FirstID int64  // of them, for the log
	Once    bool   // one attempt, whatever the policy says; not counting one that met a 429, unless the policy counts those
}

// Do sends r, again where the policy says so, until an attempt succeeds. It returns what decode made of the last answer, also
// with an error: rows that arrived before a body broke off count.
func Do[T any](ctx context.Context, c *Call, r Request, decode func(*Reply) (T, error)) (value T, t Trace, err error) {
	x := &exchange{Call: c, Request: r, ticket: c.Limiter.Ticket(ctx, c.Policy.MaxElapsed, c.Shared)}
	for {
		if err := x.ticket.Wait(ctx, c.Calling); err != nil {
			x.waitErr = err
			return value, x.Trace, errline.WithPrevious(err, x.last.err)
		}
		var e ending
		value, e = attempt(ctx, x, decode)
		previous := x.record(e)
		if e.kind == succeeded {
			x.ticket.RecordSuccess()
			return value, x.Trace, nil
		}
		wait, again := x.next(ctx)
		if !again {
			return value, x.Trace, e.withPrevious(previous)
		}
		c.Logger.WarnContext(ctx, "the attempt failed and will be repeated", "method", r.Method, "path", r.Path,
			"ids", r.IDs, "first_id", r.FirstID, "attempt", x.Attempts, x.LogAttr(), "wait", wait)
	}
}

// exchange is a request with what its attempts share.
type exchange struct {
	*Call
	Request
	Trace
	ticket    *ratelimit.Ticket
	redact    redact.Redactor
	token     string // of the last attempt
	renewals  int    // how many times it was refused and had been replaced
	uncounted int    // attempts that do not count
}

// maxRenewals bounds how often a request is sent again since its token has been replaced: a source may give a new one each time,
// and none that is accepted.
const maxRenewals = 3

// next reports whether a failed attempt is followed by another, and after which wait. If the token was refused and has been
// replaced since, the request is sent again, up to maxRenewals times, which do not count; a DELETE with a single attempt is not.
func (x *exchange) next(ctx context.Context) (wait time.Duration, again bool) {
	x.TokenReplaced = x.last.status == http.StatusUnauthorized && x.renewals < maxRenewals && x.tokenReplaced(ctx)
	if x.TokenReplaced {
		x.renewals++
		x.uncounted++
		return 0, x.Method != http.MethodDelete || x.Policy.MaxAttempts > 1
	}
	if !x.last.retryable(x.Method) {
		return 0, false
	}
	wait = x.Policy.Delay(x.Attempts, x.last.status, x.last.retryAfter)
	if x.last.throttled() {
		x.ticket.RecordLimit(ctx, wait, x.last.err)
	}
	tooMany := x.last.status == http.StatusTooManyRequests
	if tooMany && !x.Policy.CountThrottled {
		x.uncounted++
	}
	most := x.Policy.MaxAttempts
	if x.Once {
		most = 1
	}
	if x.Attempts-x.uncounted >= most || !x.ticket.RetryIn(wait) || x.last.kind != answered && ctx.Err() != nil {
		return 0, false
	}
	return wait, tooMany || x.Limiter.TakeRetry() // a 429 is paced by the hold, so the quota is left to failures
}

func (x *exchange) tokenReplaced(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, x.limit())
	defer cancel()
	token, err := x.nextToken(x.WithAttempt(ctx, x.Request, x.Attempts+1))
	return err == nil && token != x.token
}

// nextToken returns the token of this moment.
func (c *Call) nextToken(ctx context.Context) (string, error) {
	token, err := c.Token(ctx)
	if err == nil {
		err = header.CheckToken(token)
	}
	return token, err
}

// limit returns the time that an attempt may take.
func (c *Call) limit() time.Duration { return min(c.AttemptTimeout, c.http.Timeout) }

var (
	errAttemptTimeout = fmt.Errorf("the attempt took too long: %w", context.DeadlineExceeded)
	errResent         = errors.New("the transport was about to send the request again by itself")
)

// patience is how long an attempt that the context's deadline ends waits before its connection may be taken for dead.
const patience = 5 * time.Second

// attempt sends the request once.
func attempt[T any](ctx context.Context, x *exchange, decode func(*Reply) (T, error)) (value T, e ending) {
	started, number := time.Now(), x.Attempts+1
	attemptCtx, cancel := context.WithTimeoutCause(ctx, x.limit(), errAttemptTimeout)
	defer cancel()
	attemptCtx = x.WithAttempt(attemptCtx, x.Request, number)
	token, err := x.nextToken(attemptCtx)
	x.token, x.redact = token, x.redact.With(token)
	if err != nil {
		if ctx.Err() != nil { // then err may be the context's cause
			err = errline.Context(ctx)
		}
		return value, x.unanswered(noToken, "no token to send", err)
	}

	tracedCtx, conn := x.traceConnections(attemptCtx, x.Method, cancel)
	defer func() {
		if errors.Is(attemptCtx.Err(), context.DeadlineExceeded) && time.Since(started) >= min(patience, x.limit()) {
			conn.timedOut()
		}
	}()
	sent := x.WithContext(tracedCtx)
	sent.Header = maps.Clone(x.Call.Header) // without an Idempotency-Key, with which net/http would send a DELETE twice
	sent.Header["Authorization"] = []string{"Bearer " + token}
	res, err := x.roundTrip(sent)
	if err != nil {
		kind, err := conn.ended(ctx, attemptCtx, err)
		return value, x.unanswered(kind, "no answer ("+errline.Plural(number, "attempt")+")", err)
	}
	answer := &Reply{URL: x.URL, Attempt: number, Redact: x.redact}
	answer.read(ctx, res, cancel)
	defer answer.release()
	var cause error
	switch {
	case answer.Status != http.StatusOK:
	case answer.Broken != nil && !errors.Is(answer.Broken, io.ErrUnexpectedEOF): // nothing of it can be read
		cause = answer.Broken
	default:
		if value, cause = decode(answer); cause == nil {
			return value, ending{kind: succeeded}
		}
	}
	cause = x.redact.Error(cause)
	err = x.NewError(x.Request, answer, cause)
	return value, ending{answered, err, cause, answer.Status, answer.RetryAfter}
}

// unanswered returns how an attempt ended that got no answer.
func (x *exchange) unanswered(kind kind, what string, err error) ending {
	reason := x.redact.Error(err)
	return ending{kind: kind, err: errline.Wrap(x.Method+" "+x.Path+": "+what, reason), reason: reason}
}
