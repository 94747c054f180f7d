package outgoing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/bearer"
)

// operation is one call of a method: the options in force, and what the call's requests share. It embeds nothing with
// exported methods, since one called on it would lose its options.
type operation struct {
	*options
	transport transport
	limiter   *limiter
	stop      *stop
}

// request is what one request asks, whichever attempt carries it.
type request struct {
	*http.Request        // each attempt sends a copy with its own context and headers
	path          string // the template: "/messages/{ids}"
	ids           int    // how many IDs it names
}

// send performs req with retries until an attempt succeeds or must not be retried. Every request goes through it. It returns
// what decode made of the last answer, also beside an error: rows that arrived before a body broke off count.
func send[T any](ctx context.Context, op operation, req request, decode func(*response) (T, error)) (value T, t attempts, err error) {
	turn := op.limiter.ticket(ctx, op.retry.MaxElapsed)
	for {
		if err := turn.wait(ctx, op.stop); err != nil {
			return value, t, t.explain(withPrevious(err, t.lastError()))
		}
		var f *failure
		value, f = attempt(ctx, op, req, &t, decode)
		before := t.note(f)
		if f == nil {
			op.limiter.answered(turn)
			return value, t, nil
		}
		wait, again := op.next(ctx, req.Method, t.count, f, turn)
		if !again {
			if f.status == 0 { // the gateway's last word is in the answer before, if there was one
				return value, t, t.explain(f.after(before))
			}
			return value, t, f.err
		}
		op.logRetry(ctx, req, t.count, f, wait)
		turn.ready = time.Now().Add(wait)
	}
}

func (op operation) logRetry(ctx context.Context, req request, n int, f *failure, wait time.Duration) {
	op.logger.WarnContext(ctx, "the attempt failed and will be repeated", "method", req.Method, "path", req.path, "attempt", n, f.attr(), "wait", wait)
}

// next reports whether a failed attempt is followed by another, and after which wait.
func (op operation) next(ctx context.Context, method string, n int, f *failure, t *ticket) (wait time.Duration, again bool) {
	wait = op.retry.delay(n, f, random)
	if f.holds() {
		op.limiter.hold(t, wait, f.err)
	}
	switch {
	case !f.retryable(method), n >= op.retry.MaxAttempts, wait > time.Until(t.deadline()), f.status == 0 && ctx.Err() != nil:
		return 0, false
	case f.status == http.StatusTooManyRequests:
		return wait, true // paced by the hold, so the budget is left to failures
	}
	return wait, op.limiter.mayRetry()
}

var (
	errAttemptTimeout = fmt.Errorf("the attempt took too long: %w", context.DeadlineExceeded)
	errNoToken        = errors.New("no token to send")
)

// attempt is one HTTP exchange, the next of t.
func attempt[T any](ctx context.Context, op operation, req request, t *attempts, decode func(*response) (T, error)) (value T, f *failure) {
	n := t.count + 1
	attemptCtx, cancel := context.WithTimeoutCause(ctx, op.transport.limit(op.attemptTimeout), errAttemptTimeout)
	defer cancel()
	attemptCtx = context.WithValue(attemptCtx, attemptKey{}, Attempt{req.Method, req.path, n, req.ids})
	token, err := op.token(attemptCtx)
	t.redact = t.redact.and(token)
	if err == nil {
		err = bearer.Check(token)
	}
	if err != nil && ctx.Err() != nil { // then err is text only, since it may be the context's cause
		err = withPrevious(contextError(ctx), errors.New(textOf(err)))
	}
	err = t.redact.error(err)
	if err != nil {
		err = newError(fmt.Sprintf("%s %s: %v: %v", req.Method, req.path, errNoToken, err), errNoToken, err)
		return value, &failure{err: err, noToken: true}
	}

	var conn connection
	res, err := op.transport.roundTrip(req.with(conn.traced(attemptCtx), op.header, token))
	if err != nil {
		err = attemptError(ctx, attemptCtx, err)
		reason := t.redact.error(withoutQuotes(err))
		return value, &failure{err: req.noAnswer(n, reason), reason: reason, reachedServer: conn.mayHaveCarried(err)}
	}
	answer := readResponse(ctx, res, req.URL, cancel, t.redact)
	defer answer.release()
	var cause error
	if answer.status == http.StatusOK {
		if value, cause = decode(answer); cause == nil {
			return value, nil
		}
	}
	apiErr := newAPIError(req, answer, n, t.redact.error(cause))
	return value, &failure{err: apiErr, answer: apiErr, status: answer.status, retryAfter: apiErr.RetryAfter, reachedServer: true}
}

// with is the request for one attempt. net/http sends no DELETE twice by itself unless it has an Idempotency-Key, which
// WithHeader refuses.
func (r request) with(ctx context.Context, header http.Header, token string) *http.Request {
	sent := r.WithContext(ctx)
	sent.Header = maps.Clone(header)
	sent.Header["Authorization"] = []string{"Bearer " + token}
	return sent
}
