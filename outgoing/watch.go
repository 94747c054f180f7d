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
	case w.InitialInterval < 0:
		return w, invalid(fmt.Sprintf("initial interval %v: must not be negative", w.InitialInterval))
	case w.MaxInterval < 0:
		return w, invalid(fmt.Sprintf("max interval %v: must not be negative", w.MaxInterval))
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

// Watch follows any number of messages until each has reached its end. Each is looked up at once, and yielded when it is
// first seen and after each change of its StatusCode or StatusDate. One for which Until is true is not looked up again;
// the loop ends when none is left. Each range starts a new watch.
//
// The wait before the next look doubles from InitialInterval to MaxInterval while a message stays as it is. Looks share
// requests of 50 IDs, [WithConcurrency] of them at once; none starts while the loop's body runs. A look is one attempt:
// of [WithRetry] it takes only the intervals, and it uses no retry quota. Rate limits postpone looks, and are logged; in
// an outage one look at a time is tried, after pauses that double up to 5 minutes. A watch holds less than 100 bytes for
// each ID.
//
// Until is called in the loop's goroutine, at every look. No document lists the last statuses: it should be true for the
// bad ones too, and the context should have a deadline, or the watch may never end. Errors come with a Message that has
// only its ID:
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
	c.Policy.MaxAttempts, c.Policy.CountThrottled = 1, true
	c.Policy.MaxElapsed = 365 * 24 * time.Hour // a hold postpones a look, however long it lasts
	c.watching, c.unpriced = true, true
	left, reason := watch.Run(ctx, watch.Config[Message]{
		IDs: w.IDs, IDsPerLook: MaxIDs, Until: w.Until,
		State:           func(m Message) (string, *time.Time) { return m.StatusCode, m.StatusDate },
		InitialInterval: w.InitialInterval, MaxInterval: w.MaxInterval, Concurrency: c.concurrency,
		HeldUntil: c.Limiter.HoldEnd, Logger: c.Logger.With("method", http.MethodGet, "path", messagesByID),
	}, c.look, func(e watch.Event[Message]) bool {
		if len(e.Failures) == 0 {
			return yield(e.Message, nil)
		}
		var failed BatchError
		for _, f := range e.Failures {
			failed.add(f.Err, f.ID)
		}
		if e.GivenUp {
			e.Message.ID = e.Failures[0].ID
		}
		return yield(e.Message, &failed)
	})
	if reason == nil {
		return
	}
	if ctx.Err() != nil {
		reason = errline.Context(ctx)
	}
	yield(Message{}, &BatchError{Failures: []Failure{{IDs: left, Err: reason}}})
}

var errUnknownID = errline.New("the gateway does not know this ID", ErrNotFound)

// look looks up the IDs of one request of a watch.
func (c *call) look(ctx context.Context, ids []int64) watch.Look[Message] {
	r := c.getChunk(ctx, ids)
	if stopped := context.Cause(c.Calling); stopped != nil && !r.answered() {
		return watch.Look[Message]{Outcome: watch.Refused, Err: stopped}
	}
	look := lookOf(&r)
	if r.parts == nil {
		return look
	}
	look.Results = look.Results[:0]
	for _, part := range r.parts {
		l := lookOf(&part)
		look.Results = append(look.Results, l.Results...)
		if l.Outcome == watch.Answered {
			look.Outcome = watch.Answered
		}
	}
	return look
}

// lookOf returns what one request of a watch found.
func lookOf(r *getResult) watch.Look[Message] {
	look := watch.Look[Message]{Results: make([]watch.Result[Message], len(r.asked)), Attr: r.trace.LogAttr()}
	finding := watch.Unsettled
	switch answer := r.trace.answer(); {
	case r.answered():
		finding = watch.Permanent // an unreadable row
	case r.trace.Throttled():
		look.Outcome = watch.Throttled
	case answer == nil, answer.StatusCode/100 == 5:
		look.Outcome = watch.Unreachable
	default:
		look.Outcome = watch.Failed
		if answer.isPermanent() {
			finding = watch.Permanent
		}
	}
	found, missing := r.Messages, r.Missing
	for i, id := range r.asked {
		switch {
		case len(found) > 0 && found[0].ID == id:
			look.Results[i] = watch.Result[Message]{Finding: watch.Found, Message: found[0]}
			found = found[1:]
		case len(missing) > 0 && missing[0] == id:
			look.Results[i] = watch.Result[Message]{Finding: watch.Missing, Err: errUnknownID}
			missing = missing[1:]
		default:
			look.Results[i] = watch.Result[Message]{Finding: finding, Err: r.failed.reason(id)}
		}
	}
	return look
}
