package outgoing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// call is one call of a method: the client, the options in force, and the context that the call's requests share.
// Everything that reaches the network goes through send.
type call struct {
	*Client
	*options
	stop *stop
}

// request is what one request asks, whichever attempt carries it.
type request struct {
	*http.Request        // each attempt sends a copy with its own context and headers
	path          string // the template: "/messages/{ids}"
}

// failure is an attempt that brought no usable answer.
type failure struct {
	err        error
	answer     *APIError     // nil if none came; else err is the same
	status     int           // of the answer; 0 if none came
	reason     error         // why none came, for the log
	retryAfter time.Duration // as the answer asked
	left       bool          // the request may have reached the gateway
	unmade     bool          // there was no token, and so no attempt
}

// mayHaveWorked tells whether the request may have taken effect. Only a 4xx says that it did not.
func (f *failure) mayHaveWorked() bool {
	if f.status == 0 {
		return f.left
	}
	return f.status < 400 || f.status > 499
}

// trail is what the attempts of one request came to, so far as an outcome depends on it.
type trail struct {
	attempts int
	sent     bool      // an attempt may have reached the gateway
	doubt    bool      // an attempt before the last may have taken effect
	last     *failure  // what the last attempt came to; nil if it was answered as it should be, or if there was none
	refusal  *APIError // the last 4xx
	clean    redactor  // of the tokens that the attempts were sent with
}

// after is the error of an attempt and of the one before it, if that failed for another reason.
func (f *failure) after(before *failure) error {
	if before == nil || f.repeats(before) {
		return f.err
	}
	return followed(f.err, before.err)
}

// repeats reports whether two attempts got no answer for the same reason. Each connection has a port of its own, which
// makes the texts differ.
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

// note adds an attempt and returns the failure of the one before it, if any.
func (t *trail) note(f *failure) (before *failure) {
	before = t.last
	t.doubt = t.mayHaveWorked()
	t.sent = t.sent || f == nil || f.left
	t.last = f
	if f != nil && f.unmade {
		return before
	}
	t.attempts++
	if f != nil && f.status/100 == 4 {
		t.refusal = f.answer
	}
	return before
}

func (t *trail) lastError() error {
	if t.last == nil {
		return nil
	}
	return t.last.err
}

// answer is what the last attempt was answered, if that was not a success; else nil. Outcomes are decided by it and not by
// what errors.As finds: errors of a caller's transport and token source may hold answers to other requests.
func (t *trail) answer() *APIError {
	if t.last == nil {
		return nil
	}
	return t.last.answer
}

// endsMissing reports whether the last attempt was answered by "there is no such message".
func (t *trail) endsMissing() bool {
	answer := t.answer()
	return answer != nil && answer.isMissing()
}

// explain is the error that a request ended in. It matches ErrNotSent if none of the attempts can have arrived.
func (t *trail) explain(err error) error {
	if t.sent {
		return err
	}
	return notSent(err)
}

// mayHaveWorked tells whether any attempt may have taken effect without saying so.
func (t *trail) mayHaveWorked() bool {
	return t.doubt || t.last != nil && t.last.mayHaveWorked()
}

// send sends one request until an attempt is answered as it should be, or another attempt would be of no use, and returns
// what decode made of the last answer: also beside an error, since rows that arrived before a body broke off count.
func send[T any](ctx context.Context, c call, req request, decode func(*response) (T, error)) (value T, t trail, err error) {
	ticket := c.limiter.ticket(ctx, c.retry.MaxElapsed)
	for {
		if err := ticket.wait(ctx, c.stop); err != nil {
			return value, t, t.explain(followed(err, t.lastError()))
		}
		var f *failure
		value, f = attempt(ctx, c, req, &t, decode)
		before := t.note(f)
		if f == nil {
			c.limiter.answered(ticket)
			return value, t, nil
		}
		wait, again := c.next(ctx, req.Method, t.attempts, f, ticket)
		if !again {
			if f.status == 0 { // the gateway's last word is in the answer before, if there was one
				return value, t, t.explain(f.after(before))
			}
			return value, t, f.err
		}
		c.logRetry(ctx, req, t.attempts, f, wait)
		ticket.ready = time.Now().Add(wait)
	}
}

func (c call) logRetry(ctx context.Context, req request, n int, f *failure, wait time.Duration) {
	came := slog.Int("status", f.status)
	if f.status == 0 {
		came = slog.Any("error", f.reason)
	}
	c.logger.WarnContext(ctx, "the attempt failed and will be repeated", "method", req.Method, "path", req.path, "attempt", n, came, "wait", wait)
}

// next decides whether, and after which wait, a failed attempt is followed by another.
func (c call) next(ctx context.Context, method string, n int, f *failure, t *ticket) (wait time.Duration, again bool) {
	wait = c.retry.delay(n, f, random)
	if f.holds() {
		c.limiter.hold(t, wait, f.err)
	}
	switch {
	case !f.retryable(method), n >= c.retry.MaxAttempts, wait > time.Until(t.deadline()), f.status == 0 && ctx.Err() != nil:
		return 0, false
	case f.status == http.StatusTooManyRequests:
		return wait, true // paced by the hold, so the budget is left to failures
	}
	return wait, c.limiter.mayRetry()
}

var (
	errAttemptTimeout = fmt.Errorf("the attempt took too long: %w", context.DeadlineExceeded)
	errNoToken        = errors.New("no token to send")
)

// attempt is one HTTP exchange, the next of t.
func attempt[T any](ctx context.Context, c call, req request, t *trail, decode func(*response) (T, error)) (value T, f *failure) {
	n := t.attempts + 1
	attemptCtx, cancel := context.WithTimeoutCause(ctx, c.transport.limit(c.attemptTimeout), errAttemptTimeout)
	defer cancel()
	token, err := c.token(attemptCtx)
	clean := t.clean.and(token)
	t.clean = clean
	if err == nil {
		err = checkToken(token)
	}
	if err != nil && ctx.Err() != nil { // then err is text only, since it may be the context's cause
		err = followed(contextError(ctx), errors.New(bare(err)))
	}
	err = clean.error(err)
	if err != nil {
		err = errorLine(fmt.Sprintf("%s %s: %v: %v", req.Method, req.path, errNoToken, err), errNoToken, err)
		return value, &failure{err: err, unmade: true}
	}

	var conn connection
	res, err := c.transport.roundTrip(req.with(conn.traced(attemptCtx), c.header, token))
	if err != nil {
		err = why(ctx, attemptCtx, err)
		reason := clean.error(withoutQuotes(err))
		return value, &failure{err: req.noAnswer(n, reason), reason: reason, left: conn.mayHaveCarried(err)}
	}
	answer := readResponse(ctx, res, req.URL, cancel, clean)
	defer answer.release()
	var cause error
	if answer.status == http.StatusOK {
		if value, cause = decode(answer); cause == nil {
			return value, nil
		}
	}
	apiErr := newAPIError(req, answer, n, clean.error(cause))
	return value, &failure{err: apiErr, answer: apiErr, status: answer.status, retryAfter: apiErr.RetryAfter, left: true}
}

// with is the request for one attempt. net/http sends no DELETE twice by itself unless it has an Idempotency-Key, which
// WithHeader refuses.
func (r request) with(ctx context.Context, header http.Header, token string) *http.Request {
	attempt := r.WithContext(ctx)
	attempt.Header = maps.Clone(header)
	attempt.Header["Authorization"] = []string{"Bearer " + token}
	return attempt
}

// noAnswer is the error of a request that got none.
func (r request) noAnswer(n int, why error) error {
	return errorLine(fmt.Sprintf("%s %s: no answer (%s): %v", r.Method, r.path, plural(n, "attempt"), why), why)
}

// why is what ended an attempt: the caller's context before the attempt's own limit, and both before what net/http made
// of them.
func why(ctx, attemptCtx context.Context, err error) error {
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

// mayHaveCarried tells whether a request that ended in err may have reached the gateway. A transport that traces nothing
// is believed only when it could not connect.
func (c *connection) mayHaveCarried(err error) bool {
	if c.had.Load() {
		return true
	}
	return !c.wanted.Load() && !isDial(err) && !isTLS(err)
}
