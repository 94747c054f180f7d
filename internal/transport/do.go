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
	Once bool   // one attempt, whatever the policy says; one that met a 429 is none
}

// Do sends r, again where the policy says so, until an attempt succeeds. It returns what decode made of the last answer, also
// beside an error: rows that arrived before a body broke off count.
func Do[T any](ctx context.Context, c *Call, r Request, decode func(*Reply) (T, error)) (value T, t Trace, err error) {
	ticket := c.Limiter.Ticket(ctx, c.Policy.MaxElapsed, c.Shared)
	for {
		if err := ticket.Wait(ctx, c.Calling); err != nil {
			t.waitErr = err
			return value, t, errline.WithPrevious(err, t.lastError())
		}
		var f *failure
		value, f = attempt(ctx, c, r, &t, decode)
		previous := t.record(f)
		if f == nil {
			ticket.Succeeded()
			return value, t, nil
		}
		if c.takesNewToken(ctx, r, &t, f) {
			ticket.RetryIn(0)
			continue
		}
		wait, again := c.next(ctx, r, &t, f, ticket)
		if !again {
			if !f.answered() { // the gateway's last word is in the answer before, if there was one
				return value, t, f.withPrevious(previous)
			}
			return value, t, f.err
		}
		c.Logger.WarnContext(ctx, "the attempt failed and will be repeated",
			"method", r.Method, "path", r.Path, "attempt", t.Attempts, f.logAttr(), "wait", wait)
	}
}

// next reports whether a failed attempt is followed by another, and after which wait.
func (c *Call) next(ctx context.Context, r Request, t *Trace, f *failure, ticket *ratelimit.Ticket) (wait time.Duration, again bool) {
	wait = c.Policy.Delay(max(1, t.Attempts), f.status(), f.retryAfter())
	if f.throttled() {
		ticket.Throttled(ctx, wait, f.err)
	}
	counted, most := t.Attempts, c.Policy.MaxAttempts
	if !c.Policy.CountThrottled {
		counted -= t.throttled
	}
	if t.renewed { // a token that is replaced costs nothing
		counted--
	}
	if r.Once {
		most = 1
	}
	switch {
	case !f.retryable(r.Method), counted >= most, !ticket.RetryIn(wait), !f.answered() && ctx.Err() != nil:
		return 0, false
	case f.status() == http.StatusTooManyRequests:
		return wait, true // paced by the hold, so the quota is left to failures
	}
	return wait, c.Limiter.Retry()
}

// takesNewToken reports whether the token was refused and has been replaced since. Then the request is sent once more, and the
// call goes on; a DELETE with a single attempt is not.
func (c *Call) takesNewToken(ctx context.Context, r Request, t *Trace, f *failure) bool {
	if f.status() != http.StatusUnauthorized || t.renewed {
		t.TokenReplaced = false
		return false
	}
	asking, cancel := context.WithTimeout(ctx, c.limit(c.AttemptTimeout))
	defer cancel()
	token, err := c.Token(asking)
	if err != nil || token == f.token() || bearer.Check(token) != nil {
		return false
	}
	t.renewed, t.TokenReplaced = true, true
	return r.Method != http.MethodDelete || c.Policy.MaxAttempts > 1
}

var (
	errAttemptTimeout = fmt.Errorf("the attempt took too long: %w", context.DeadlineExceeded)
	errResent         = errors.New("net/http was about to send the request again by itself")
	errNoToken        = errors.New("no token to send")
)

// attempt sends the request once.
func attempt[T any](ctx context.Context, c *Call, r Request, t *Trace, decode func(*Reply) (T, error)) (value T, f *failure) {
	n := t.Attempts + 1
	attemptCtx, cancel := context.WithTimeoutCause(ctx, c.limit(c.AttemptTimeout), errAttemptTimeout)
	defer cancel()
	attemptCtx = c.WithAttempt(attemptCtx, r, n)
	token, err := c.Token(attemptCtx)
	t.redact = t.redact.With(token)
	if err == nil {
		err = bearer.Check(token)
	}
	if err != nil {
		if ctx.Err() != nil { // then err is text only, since it may be the context's cause
			err = errline.WithPrevious(errline.Context(ctx), errors.New(errline.Text(err)))
		}
		err = t.redact.Error(err)
		return value, &failure{noToken: true, err: errline.New(fmt.Sprintf("%s %s: %v: %s", r.Method, r.Path, errNoToken, errline.Text(err)), errNoToken, err)}
	}

	started := time.Now()
	tracedCtx, conn := c.trace(attemptCtx, r.Method == http.MethodGet, cancel)
	defer c.inFlight.remove(conn)
	res, err := c.roundTrip(r.with(tracedCtx, c.Header, token))
	if err != nil {
		err = c.cause(ctx, attemptCtx, conn, err)
		if errors.Is(err, context.DeadlineExceeded) && (ctx.Err() == nil || time.Since(started) >= patience) {
			conn.drop()
		}
		reason := t.redact.Error(quoteless(err))
		return value, &failure{err: noAnswer(r, n, reason), reason: reason, reachedServer: conn.mayHaveCarried(err)}
	}
	answer := &Reply{URL: r.URL, Attempt: n, Redact: t.redact}
	readReply(ctx, res, answer, cancel)
	defer answer.release()
	var cause error
	if answer.Status == http.StatusOK {
		if value, cause = decode(answer); cause == nil {
			return value, nil
		}
	}
	if errors.Is(answer.Broken, io.ErrUnexpectedEOF) && ctx.Err() == nil && attemptCtx.Err() != nil {
		conn.drop()
	}
	cause = t.redact.Error(cause)
	return value, &failure{
		err: c.NewError(r, answer, cause), cause: cause, reachedServer: true,
		answer: &answerOf{answer.Status, answer.RetryAfter, func() string { return token }},
	}
}

// patience is how long an attempt waits until the context's deadline before its connection may be taken for dead.
const patience = 5 * time.Second

// with returns the request for one attempt. net/http sends no DELETE twice over HTTP/1.1 unless it has an Idempotency-Key,
// which the caller must not set.
func (r Request) with(ctx context.Context, header http.Header, token string) *http.Request {
	sent := r.WithContext(ctx)
	sent.Header = maps.Clone(header)
	sent.Header["Authorization"] = []string{"Bearer " + token}
	return sent
}

// cause returns what ended an attempt: the caller's context before the attempt's own limit, and both before what net/http made
// of them.
func (c *Call) cause(ctx, attemptCtx context.Context, conn *connection, err error) error {
	switch {
	case ctx.Err() != nil:
		return errline.Context(ctx)
	case conn.wasResent():
		return errResent
	case attemptCtx.Err() != nil:
		return errAttemptTimeout
	case conn.neverHad():
		return asProxyError(err)
	}
	return err
}

// quoteless returns err without what it quotes of an answer. Errors of connecting pass as they are: they quote none.
func quoteless(err error) error {
	if retry.IsDial(err) || retry.IsTLS(err) {
		return err
	}
	return redact.Quotes(err)
}

func noAnswer(r Request, n int, reason error) error {
	return errline.New(fmt.Sprintf("%s %s: no answer (%s): %s", r.Method, r.Path, errline.Plural(n, "attempt"), errline.Text(reason)), reason)
}
