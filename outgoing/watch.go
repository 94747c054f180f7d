package outgoing

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/watch"
)

// WatchRequest is what [Client.Watch] follows, until when, and how often.
type WatchRequest struct {
	IDs             []int64            // repeated ones are watched once
	Until           func(Message) bool // a message for which it is true has reached its end; required
	InitialInterval time.Duration      // the wait after the first look at a message, and after a change; default 10s
	MaxInterval     time.Duration      // the wait doubles up to this while the message stays as it is; default 15m, or InitialInterval
}

// withDefaults checks the request, and fills in what it leaves to the defaults.
func (w WatchRequest) withDefaults() (WatchRequest, error) {
	switch {
	case w.Until == nil:
		return w, invalid("Until is nil: it must say when a message has reached its end")
	case min(w.InitialInterval, w.MaxInterval) < 0:
		return w, invalid(fmt.Sprintf("initial interval %v and max interval %v: must not be negative", w.InitialInterval, w.MaxInterval))
	}
	w.InitialInterval = cmp.Or(w.InitialInterval, 10*time.Second)
	w.MaxInterval = cmp.Or(w.MaxInterval, max(15*time.Minute, w.InitialInterval))
	if w.MaxInterval < w.InitialInterval {
		return w, invalid(fmt.Sprintf("max interval %v: below the initial interval, %v", w.MaxInterval, w.InitialInterval))
	}
	ids, err := distinct(w.IDs)
	w.IDs = ids
	return w, err
}

// Watch follows any number of messages until each has reached its end. Each is looked up at once, and yielded when it
// is first seen and after each change of its StatusCode or StatusDate. One for which Until is true is not looked up
// again; the loop ends when none is left. Each range starts a new watch.
//
// The wait before the next look doubles from InitialInterval to MaxInterval while a message stays as it is. Looks share
// requests of 50 IDs, [WithConcurrency] of them at once. None starts while the loop's body runs, but the halves of one
// that an ID breaks may. A look is one attempt, and uses the intervals of [WithRetry] but no retry quota. Rate limits
// postpone looks, and are logged; in an outage one look at a time is tried, after pauses that double up to 5 minutes. A
// watch holds less than 100 bytes for each ID.
//
// Until is called in the loop's goroutine, at every look. No document lists the last statuses: it should be true for
// the bad ones too, and the context should have a deadline, or the watch may never end. Errors come with a Message that
// has only its ID:
//
//   - A request that failed is a *[BatchError] with a zero Message: the first after a success; those that follow are
//     logged. Its IDs are looked up again. It may match context.DeadlineExceeded: only ctx.Err() tells whether the
//     context is done.
//   - An ID is given up that the gateway does not know at three looks over twice the InitialInterval ([ErrNotFound]), or
//     that three looks in a row could not settle, for an unreadable row or a 4xx other than 401, 403, 404, 408 and 429.
//   - After a 401 or 403, and when the context is done, the loop ends. Its last error is a *BatchError that matches
//     [ErrUnauthorized], [ErrForbidden] or the context's error, and names each ID left, in the order asked.
//   - [ErrInvalidArgument], before anything is sent: no Until, an ID below 1, bad intervals or options.
func (c *Client) Watch(ctx context.Context, w WatchRequest, opts ...Option) iter.Seq2[Message, error] {
	w, invalidRequest := w.withDefaults()
	return func(yield func(Message, error) bool) {
		call, err := c.newCall(opts)
		if err := cmp.Or(err, invalidRequest); err != nil {
			yield(Message{}, err)
			return
		}
		call.watch(ctx, w, yield)
	}
}

func (c *call) watch(ctx context.Context, w WatchRequest, yield func(Message, error) bool) {
	c.sender.Policy.MaxAttempts, c.sender.Policy.CountThrottled = 1, true
	c.sender.Policy.MaxElapsed = 365 * 24 * time.Hour // a hold postpones a look, however long it lasts
	c.watching = true
	left := watch.Run(ctx, watch.Config{
		IDs: w.IDs, IDsPerLook: MaxIDs, Until: w.Until, InitialInterval: w.InitialInterval, MaxInterval: w.MaxInterval,
		Concurrency: c.concurrency, HeldUntil: c.sender.Limiter.HoldEnd,
		LookUp:  c.look,
		Changed: func(m Message) bool { return yield(m, nil) },
		GivenUp: func(r watch.Result) bool { return yield(Message{ID: r.ID}, failures{{[]int64{r.ID}, r.Err}}.err()) },
		Failed: func(results []watch.Result) bool {
			var failed failures
			for _, result := range results {
				failed.add(result.Err, result.ID)
			}
			return yield(Message{}, failed.err())
		},
		Logger: c.sender.Logger.With("method", http.MethodGet, "path", pathMessagesByID),
	})
	if len(left) > 0 {
		yield(Message{}, failures{{left, c.stopped(ctx)}}.err())
	}
}

// look looks IDs up for a watch.
func (c *call) look(ctx context.Context, ids []int64) watch.Look {
	found := c.lookUp(ctx, ids)
	look := watch.Look{Results: make([]watch.Result, len(ids)), Attr: found.whole.trace.LogAttr()}
	for i, r := range found.results {
		look.Results[i] = watch.Result{ID: r.id, Finding: c.finding(r), Message: r.message, Err: cmp.Or(r.err, errUnknownID)}
	}
	return look
}

var errUnknownID = errline.New("the gateway does not know this ID", ErrNotFound)

// finding returns what a look says of one ID. If its request failed because of one of several, that is permanent for none.
func (c *call) finding(r idResult) watch.Finding {
	switch answer := answerOf(r.request.err); {
	case r.message != nil: // perhaps without a price, but the status is what counts
		return watch.Found
	case r.err == nil:
		return watch.Missing
	case r.request.err == nil:
		return watch.Unreadable
	case c.sender.Active.Err() != nil:
		return watch.Refused
	case r.request.trace.Throttled():
		return watch.Throttled
	case answer == nil, answer.StatusCode/100 == 5:
		return watch.Unreachable
	case answer.isPermanent() && (len(r.request.Rows) == 1 || !answer.blamesIDs()):
		return watch.Permanent
	}
	return watch.Temporary
}
