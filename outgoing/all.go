package outgoing

import (
	"context"
	"errors"
	"iter"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/history"
)

// All yields the history, newest message first: each message that was there when the loop began exactly once, while
// others arrive, are cancelled or are deleted and so move the pages. It assumes that two messages never swap their order.
// It reads pages of 25 to 50, [WithConcurrency] of them at once, and uses only what overlaps with what was delivered, for
// up to a quarter more requests. Each range starts from the beginning.
//
// A row that cannot be read is yielded as a [Message] with only its ID, or 0, and a *[BatchError]; the loop may go on.
// Any other error is the last thing yielded: [ErrInvalidArgument] for a bad option, *[APIError], the context's, the
// network's, or
//
//   - [ErrUnexpectedResponse] if another page or limit is served than asked for.
//   - [ErrDrift] if the history changes too fast; the text has how many messages were delivered, and the last ID.
//   - [ErrIncomplete], after all that could be delivered, if the gateway's counts (X-Total-Results, Link) speak of more.
//     A total up to four requests old or ahead is no error. Where an account's counts are known to be off, take
//     it for the end.
func (c *Client) All(ctx context.Context, opts ...Option) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		call, err := c.newCall(opts)
		if err == nil {
			err = history.Walk(ctx, call.concurrency, pageRow.id, call.historyPage, func(r pageRow) bool {
				return yield(r.Message, r.failed.orNil())
			})
		}
		if err != nil {
			yield(Message{}, historyError(err))
		}
	}
}

// historyPage fetches a page. A 404 with a problem document is one way to say that a page past the first is empty: if
// that was the answer, and not if it is found somewhere in an error, such as the cause that a context was cancelled with.
func (c *call) historyPage(ctx context.Context, page, limit int) (history.Page[pageRow], error) {
	answer, trace, err := c.list(ctx, PageRequest{page, limit})
	if page > 1 && trace.noneKnown() {
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
