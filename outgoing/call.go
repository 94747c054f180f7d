package outgoing

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// The paths of the contract. Requests are built by package gen and decoded here, and not by its ...WithResponse methods:
// those read a body without bound, turn one malformed counter header into an error after a cancel has taken effect, lose
// the HTTP status when an error body is not JSON, and answer nil, nil for a 200 that carries HTML.
const (
	pathMessages     = "/messages"
	pathMessagesByID = "/messages/{ids}"
)

// call is one call of a method, or one loop over its iterator: its options, and the state that its requests share.
type call struct {
	options
	stop context.CancelCauseFunc // ends the call: no further request is sent

	unanswered atomic.Int32 // requests in a row that ended without an answer
	fruitless  atomic.Int32 // of a request that was split, parts in a row that failed
	oddLogged  sync.Map     // kinds of odd members that the log has
	watching   bool         // a Watch, which has outages and retries of its own
	unpriced   bool         // a row whose price cannot be read counts, with a price of 0
}

// newCall merges opts over the client's defaults.
func (c *Client) newCall(opts []Option) (*call, error) {
	if c == nil || c.defaults.Client == nil {
		return nil, invalid("the Client is nil or zero: make one with New")
	}
	call := &call{options: c.defaults}
	call.inCall = true
	if err := call.apply(opts); err != nil {
		return nil, err
	}
	call.Calling, call.stop = context.WithCancelCause(context.Background())
	return call, nil
}

// newCallAbout is newCall for a call about IDs, of which it returns the distinct ones.
func (c *Client) newCallAbout(ids []int64, opts []Option) (*call, []int64, error) {
	call, err := c.newCall(opts)
	if err != nil {
		return nil, nil, err
	}
	asked, err := distinct(ids)
	return call, asked, err
}

// maxUnanswered is how many requests in a row may end without an answer, with their retries, before the gateway is taken
// for unreachable.
const maxUnanswered = 20

// do sends a request, with its retries. Each request of this package goes through it.
func do[T any](
	ctx context.Context, c *call, req transport.Request, decode func(*transport.Reply) (T, error),
) (T, transport.Trace, error) {
	value, t, err := transport.Do(ctx, &c.Call, req, decode)
	switch {
	case !t.Unanswered():
		c.unanswered.Store(0)
	case ctx.Err() == nil && !c.watching && c.unanswered.Add(1) >= maxUnanswered:
		c.stop(errline.Wrap("stopped: the gateway cannot be reached", err))
	}
	if answer := lastAnswer(&t); answer != nil && answer.refusesToken() && !t.TokenReplaced {
		c.stop(errline.Wrap("stopped", answer))
	}
	if err != nil && !t.Sent {
		err = notSent(err)
	}
	return value, t, err
}

// stopped returns why no further request must be sent; nil if one may be.
func (c *call) stopped(ctx context.Context) error { return ratelimit.StopReason(ctx, c.Calling) }

// lastAnswer returns what the last attempt of a request was answered, if that was not a success; else nil.
func lastAnswer(t *transport.Trace) *APIError { return asAPIError(t.Answer()) }

// asAPIError returns an error that newAPIError made as what it is.
func asAPIError(err error) *APIError {
	answer, _ := err.(*APIError) //nolint:errorlint // not one in its tree: that may be an answer to another request
	return answer
}

// newAPIError returns the answer as an error. Nothing in it shares memory with the reply, and nothing in it is the token.
func newAPIError(req transport.Request, r *transport.Reply, cause error) error {
	if cause == nil && r.Status/100 == 3 && r.Status != http.StatusNotModified {
		cause = errRedirect
	}
	p, ok := rows.ParseProblem(r.Body, r.Header.Get("Content-Type"))
	return &APIError{
		Method:     req.Method,
		Path:       req.Path,
		StatusCode: r.Status,
		Problem:    r.Redact.Problem(p),
		Body:       r.Redact.Bytes(r.Body, transport.MaxErrorBody),
		Header:     r.Redact.Header(r.Header),
		RetryAfter: r.RetryAfter,
		Attempts:   r.Attempt,
		cause:      cause,
		isProblem:  ok,
	}
}

var errRedirect = errors.New("redirects are not followed")

// logOdd logs members that could not be read, once for each kind, and returns how many there are.
func (c *call) logOdd(ctx context.Context, odd []rows.Odd) int {
	for _, o := range odd {
		if _, again := c.oddLogged.LoadOrStore(o, true); !again {
			c.Logger.WarnContext(ctx, "a member of a row could not be read and is left out", "member", o.Pointer, "reason", o.Reason)
		}
	}
	return len(odd)
}

// Attempt describes an HTTP attempt. The context of each request carries one, so that a caller's RoundTripper (tracing,
// metrics) can name it by its template and not by its IDs.
type Attempt struct {
	Method  string // "GET"
	Path    string // the template: "/messages/{ids}"
	Number  int    // 1 for the first
	IDCount int    // how many IDs it names; 0 for a page
}

type attemptKey struct{}

func withAttempt(ctx context.Context, r transport.Request, number int) context.Context {
	return context.WithValue(ctx, attemptKey{}, Attempt{r.Method, r.Path, number, r.IDs})
}

// AttemptFrom returns the [Attempt] of a request's context, if it has one.
func AttemptFrom(ctx context.Context) (Attempt, bool) {
	a, ok := ctx.Value(attemptKey{}).(Attempt)
	return a, ok
}
