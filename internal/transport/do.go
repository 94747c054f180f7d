package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/bearer"
	"github.com/gsmservice-gateway/client-go/internal/errline"
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
	Path string // the template: "/messages/{ids}"
	IDs  int    // how many IDs it names
	Once bool   // one attempt, whatever the policy says; not counting one that met a 429, unless the policy counts those
}

// Do sends r, again where the policy says so, until an attempt succeeds. It returns what decode made of the last answer, also
// with an error: rows that arrived before a body broke off count.
func Do[T any](ctx context.Context, c *Call, r Request, decode func(*Reply) (T, error)) (value T, t Trace, err error) {
	x := &exchange{Call: c, request: r, ticket: c.Limiter.Ticket(ctx, c.Policy.MaxElapsed, c.Shared)}
	for {
		if err := x.ticket.Wait(ctx, c.Calling); err != nil {
			x.waitErr = err
			return value, x.Trace, errline.WithPrevious(err, x.last.err)
		}
		var f failure
		value, f = attempt(ctx, x, decode)
		previous := x.record(f)
		if f.err == nil {
			x.ticket.Succeeded()
			return value, x.Trace, nil
		}
		wait, again := x.next(ctx, f)
		if !again {
			return value, x.Trace, f.withPrevious(previous)
		}
		c.Logger.WarnContext(ctx, "the attempt failed and will be repeated",
			"method", r.Method, "path", r.Path, "ids", r.IDs, "attempt", x.Attempts, f.logAttr(), "wait", wait)
	}
}

// exchange is a request with what its attempts share.
type exchange struct {
	*Call
	Trace
	request Request
	ticket  *ratelimit.Ticket
	redact  redact.Redactor
	token   string // of the last attempt
	renewed bool   // it was replaced once
	free    int    // attempts that do not count
}

// next reports whether a failed attempt is followed by another, and after which wait. If the token was refused and has been
// replaced since, the request is sent once more, which does not count; a DELETE with a single attempt is not.
func (x *exchange) next(ctx context.Context, f failure) (wait time.Duration, again bool) {
	x.TokenReplaced = f.status == http.StatusUnauthorized && !x.renewed && x.tokenReplaced(ctx)
	if x.TokenReplaced {
		x.renewed = true
		x.free++
		return 0, x.request.Method != http.MethodDelete || x.Policy.MaxAttempts > 1
	}
	if !f.retryable(x.request.Method) {
		return 0, false
	}
	wait = x.Policy.Delay(x.Attempts, f.status, f.retryAfter)
	if f.throttled() {
		x.ticket.Throttled(ctx, wait, f.err)
	}
	throttled := f.status == http.StatusTooManyRequests
	if throttled && !x.Policy.CountThrottled {
		x.free++
	}
	most := x.Policy.MaxAttempts
	if x.request.Once {
		most = 1
	}
	if x.Attempts-x.free >= most || !x.ticket.RetryIn(wait) || !f.answered && ctx.Err() != nil {
		return 0, false
	}
	return wait, throttled || x.Limiter.Retry() // a 429 is paced by the hold, so the quota is left to failures
}

func (x *exchange) tokenReplaced(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, x.limit())
	defer cancel()
	token, err := x.nextToken(x.WithAttempt(ctx, x.request, x.Attempts+1))
	return err == nil && token != x.token
}

// nextToken returns the token of this moment.
func (c *Call) nextToken(ctx context.Context) (string, error) {
	token, err := c.Token(ctx)
	if err == nil {
		err = bearer.Check(token)
	}
	return token, err
}

// limit returns the time that an attempt may take.
func (c *Call) limit() time.Duration { return min(c.AttemptTimeout, c.http.Timeout) }

var (
	errAttemptTimeout = fmt.Errorf("the attempt took too long: %w", context.DeadlineExceeded)
	errResent         = errors.New("net/http was about to send the request again by itself")
)

// patience is how long an attempt waits until the context's deadline before its connection may be taken for dead.
const patience = 5 * time.Second

// attempt sends the request once.
func attempt[T any](ctx context.Context, x *exchange, decode func(*Reply) (T, error)) (value T, f failure) {
	r, started := x.request, time.Now()
	attemptCtx, cancel := context.WithTimeoutCause(ctx, x.limit(), errAttemptTimeout)
	defer cancel()
	attemptCtx = x.WithAttempt(attemptCtx, r, x.Attempts+1)
	token, err := x.nextToken(attemptCtx)
	x.token, x.redact = token, x.redact.With(token)
	if err != nil {
		if ctx.Err() != nil { // then err may be the context's cause
			err = errline.Context(ctx)
		}
		err = errline.Wrap(fmt.Sprintf("%s %s: no token to send", r.Method, r.Path), x.redact.Error(err))
		return value, failure{noToken: true, err: err, reason: err}
	}

	tracedCtx, conn := x.trace(attemptCtx, r.Method == http.MethodGet, cancel)
	defer func() {
		timedOut := errors.Is(attemptCtx.Err(), context.DeadlineExceeded)
		conn.end(timedOut && (ctx.Err() == nil || time.Since(started) >= patience))
	}()
	sent := r.WithContext(tracedCtx)
	sent.Header = maps.Clone(x.Header) // without an Idempotency-Key, with which net/http would send a DELETE twice
	sent.Header["Authorization"] = []string{"Bearer " + token}
	res, err := x.roundTrip(sent)
	if err != nil {
		seen := conn.soFar()
		err = ended(ctx, attemptCtx, seen, err)
		reason := x.redact.Error(err)
		what := fmt.Sprintf("%s %s: no answer (%s)", r.Method, r.Path, errline.Plural(x.Attempts+1, "attempt"))
		return value, failure{err: errline.Wrap(what, reason), reason: reason, reached: seen.mayHaveCarried(err)}
	}
	answer := &Reply{URL: r.URL, Attempt: x.Attempts + 1, Redact: x.redact}
	readReply(ctx, res, answer, cancel)
	defer answer.release()
	var cause error
	if answer.Status == http.StatusOK {
		if value, cause = decode(answer); cause == nil {
			return value, failure{}
		}
	}
	cause = x.redact.Error(cause)
	return value, failure{
		err: x.NewError(r, answer, cause), cause: cause, reached: true,
		answered: true, status: answer.Status, retryAfter: answer.RetryAfter,
	}
}

// ended returns why an attempt got no answer: the caller's context before the attempt's own limit, and both before what net/http
// made of them; of the rest, only errors of connecting quote nothing of an answer.
func ended(ctx, attemptCtx context.Context, conn connection, err error) error {
	switch {
	case ctx.Err() != nil:
		return errline.Context(ctx)
	case conn.resent:
		return errResent
	case attemptCtx.Err() != nil:
		return errAttemptTimeout
	case conn.wanted && conn.got == 0:
		err = asProxyError(err)
	}
	if retry.IsDial(err) || retry.IsTLS(err) {
		return err
	}
	return redact.Quotes(err)
}
