package outgoing

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/watch"
)

// WatchRequest says which messages [Client.Watch] follows, until when, and how often it looks them up.
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

// Watch follows messages until each has reached its end, any number of them. Each is looked up at once; it is yielded
// when it is first seen, and after each change of its StatusCode or StatusDate. When Until is true for it, it is
// yielded, if that state was not yet, and not looked up again. The loop ends when no message is left.
//
// The wait before the next look at a message doubles from InitialInterval to MaxInterval while the message stays as it
// is, and is short again after a change. Looks are put together, 50 IDs in a request, [WithConcurrency] requests at
// most; none is begun while the loop's body runs. A look is one attempt: [WithRetry]'s MaxAttempts and MaxElapsed do
// not apply, and no retry budget is used. A rate limit postpones looks, and is logged and not an error; while it goes
// on, looks are tried after pauses that double up to InitialInterval, or 5 minutes. In an outage (no answer or a 5xx,
// and no success between) one look at a time is made, after pauses that double from InitialInterval up to 5 minutes;
// what is due follows the first success.
//
// Errors do not end the loop, except where stated, and stand beside a Message that has no more than its ID:
//
//   - A request that failed is a *[BatchError] beside a zero Message: the first after a success, or at the start. Those
//     that follow it without a success are logged. Their IDs are looked up again when their time comes. It matches
//     context.DeadlineExceeded if the attempt took too long: ask ctx.Err() whether the context is done.
//   - An ID that the gateway does not know at the third look in a row, and twice the InitialInterval after the first of
//     these, is a Message{ID} with an error that matches [ErrNotFound], and is watched no more.
//   - So is an ID that could not be settled three times in a row for a reason that will not pass (its row cannot be
//     read, or its request is answered with a 4xx other than 401, 403, 404, 408 and 429), with that reason.
//   - After a 401 or 403, and when the context is done, the loop ends. Its last yield is a *[BatchError] that names
//     each ID left, in the order asked, and matches [ErrUnauthorized], [ErrForbidden] or the context's error: the next
//     Watch can begin with its IDs. Otherwise each message has reached its end or was given up.
//   - Bad arguments are [ErrInvalidArgument], and nothing is sent: no Until, an ID below 1, a negative interval, a
//     MaxInterval below InitialInterval.
//
// Until should be true for every last status, also the bad ones: no document lists them all, and a message that ends in
// one that Until does not know is watched until the context is done. A message that is scheduled for tomorrow is looked
// up every MaxInterval until then. So give the context a deadline. Until is called in the loop's goroutine, at every
// look.
//
// It holds less than 100 bytes for each ID, and no messages. Each range over the iterator starts a new watch.
func (c *Client) Watch(ctx context.Context, w WatchRequest, opts ...Option) iter.Seq2[Message, error] {
	op, err := c.with(opts)
	if err == nil {
		w, err = w.withDefaults()
	}
	return func(yield func(Message, error) bool) {
		if err != nil {
			yield(Message{}, err)
			return
		}
		op.watch(ctx, w, yield)
	}
}

func (op operation) watch(ctx context.Context, w WatchRequest, yield func(Message, error) bool) {
	o := *op.options
	o.retry.MaxAttempts = 1
	o.retry.MaxElapsed = 365 * 24 * time.Hour // a hold postpones a look, however long it lasts
	op.options, op.stop = &o, newStop()
	left, reason := watch.Run(ctx, watch.Config[Message]{
		IDs: w.IDs, IDsPerLook: MaxIDs, Until: w.Until,
		State:           func(m Message) (string, *time.Time) { return m.StatusCode, m.StatusDate },
		InitialInterval: w.InitialInterval, MaxInterval: w.MaxInterval, Concurrency: op.concurrency,
		HeldUntil: op.limiter.holdEnd, Logger: op.logger.With("method", http.MethodGet, "path", messagesByID),
	}, op.look, func(e watch.Event[Message]) bool {
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
		reason = contextError(ctx)
	}
	yield(Message{}, &BatchError{Failures: []Failure{{IDs: left, Err: reason}}})
}

var errUnknownID = newError("the gateway does not know this ID", ErrNotFound)

// look looks up the IDs of one request of a watch.
func (op operation) look(ctx context.Context, ids []int64) watch.Look[Message] {
	var (
		r       = op.getChunk(ctx, ids)
		last    = r.tried.last
		finding = watch.Unsettled
		look    = watch.Look[Message]{Results: make([]watch.Result[Message], len(ids))}
	)
	if last != nil {
		look.Attr = last.attr()
	}
	switch stopped := op.stop.reason(ctx); {
	case r.answered():
		finding = watch.Permanent // an unreadable row
	case stopped != nil:
		look.Outcome, look.Err = watch.Refused, stopped
	case last == nil || last.holds():
		look.Outcome = watch.Throttled
	case last.answer == nil || last.status/100 == 5:
		look.Outcome = watch.Unreachable
	case last.answer.isPermanent():
		look.Outcome, finding = watch.Failed, watch.Permanent
	default:
		look.Outcome = watch.Failed
	}
	found, missing := r.Messages, r.Missing
	for i, id := range ids {
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

// answered reports whether the gateway answered about the messages.
func (r *getResult) answered() bool {
	return r.tried.last == nil && r.tried.count > 0 || r.tried.endsMissing()
}
