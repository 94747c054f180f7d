package outgoing

import (
	"context"
	"errors"
	"iter"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/history"
)

// All yields the history, newest message first: each message that was there when the loop began exactly once, while
// others arrive, are cancelled or are deleted meanwhile. Messages that arrive later are not part of it. It reads pages
// of 25 to 50 messages, [WithConcurrency] of them at a time, and delivers a row only where the same answer shows it
// directly after a row delivered before; so it needs up to a quarter more requests than there are pages of 50. It
// remembers the last 512 IDs, and its memory does not grow with the history.
//
// A row that cannot be read is yielded as a [Message] with its ID, or 0, beside a *[BatchError], and the loop may go
// on. Any other error is the last thing yielded: [ErrInvalidArgument] for a bad option, *[APIError], the context's or
// the network's, [ErrUnexpectedResponse] if the gateway does not serve the page or the limit asked for, and [ErrDrift],
// with how many messages were delivered and the last ID, if the history changes faster than it can be followed. Each
// range over the iterator starts from the beginning. It assumes that two messages never swap their order.
//
// [ErrIncomplete] comes last, after all that could be delivered, if the gateway's own counts (X-Total-Results, or a
// next page in Link) still speak of more messages where its pages end, or if it hid or reordered rows on the way and
// fewer messages were delivered than it counted at first. A total that changes, or is up to four requests old or ahead,
// is not an error. A caller who knows that the counts of an account are off can take it for the end. A gateway that
// sends neither of the two headers is believed when two short pages in a row end the history.
func (c *Client) All(ctx context.Context, opts ...Option) iter.Seq2[Message, error] {
	call, err := c.newCall(opts)
	return func(yield func(Message, error) bool) {
		if err != nil {
			yield(Message{}, err)
			return
		}
		call := call.again()
		id := func(r pageRow) int64 { return r.ID }
		err := history.Walk(ctx, call.concurrency, id, call.historyPage, func(r pageRow) bool { return yield(r.Message, r.err()) })
		if err != nil {
			yield(Message{}, historyError(err))
		}
	}
}

// historyPage fetches a page. A 404 with a problem document is one way to say that a page past the first is empty: if that
// was the answer, and not if it is found somewhere in an error, such as the cause that a context was cancelled with.
func (c *call) historyPage(ctx context.Context, page, limit int) (history.Page[pageRow], error) {
	answer, trace, err := c.list(ctx, PageRequest{page, limit})
	if page > 1 && noneKnown(&trace) {
		return history.Page[pageRow]{}, nil
	}
	meta := answer.meta
	return history.Page[pageRow]{
		Rows: answer.rows, Total: meta.TotalResults, Current: meta.CurrentPage, Limit: meta.Limit, HasNext: meta.Links.Next != "",
	}, err
}

// historyError returns what All yields for the error that ended a walk.
func historyError(err error) error {
	early, ok := errors.AsType[*history.Error](err)
	switch {
	case !ok:
		return err
	case early.Kind == history.Drift:
		return errline.New(early.Error(), ErrDrift)
	case early.Kind == history.Incomplete:
		return errline.New(early.Error(), ErrIncomplete)
	}
	return errline.New("GET "+messages+": "+early.Error(), ErrUnexpectedResponse)
}
