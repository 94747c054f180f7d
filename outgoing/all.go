package outgoing

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/history"
)

// All yields the history, newest message first: each message that was there when the loop began exactly once, while
// others arrive, are cancelled or are deleted and so move the pages. It assumes that two messages never swap their
// order. It reads pages of up to 50, [WithConcurrency] of them at once, and uses only what overlaps with what was
// delivered, for up to a quarter more requests. Each range starts from the beginning.
//
// A row that cannot be read is yielded as a [Message] with only its ID, or 0, and a *[BatchError]; the loop may go on.
// Any other error is the last thing yielded: [ErrInvalidArgument] for a bad option, *[APIError], the context's, the
// network's, or
//
//   - [ErrUnexpectedResponse] if another page or limit is served than asked for.
//   - [ErrDrift] if the history changes too fast; the text has how many messages were delivered, and the last ID.
//   - [ErrIncomplete], after all that could be delivered, if the gateway counts more (X-Total-Results, Link).
//     A total a few requests old or ahead is rarely one. Where counts are known to be off, it is the end.
func (c *Client) All(ctx context.Context, opts ...Option) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		call, err := c.newCall(opts)
		if err == nil {
			err = history.Walk(ctx, call.concurrency, func(ctx context.Context, page, limit int) (history.Page, error) {
				return call.historyPage(ctx, PageRequest{page, limit}, yield)
			})
		}
		if err != nil {
			yield(Message{}, err)
		}
	}
}

// historyPage fetches a page for a walk, which has its rows yielded. A 404 with a problem document is one way to say
// that a page past the first is empty.
func (c *call) historyPage(ctx context.Context, asked PageRequest, yield func(Message, error) bool) (history.Page, error) {
	answer, err := c.list(ctx, asked)
	switch limit := answer.Limit; {
	case asked.Page > 1 && answerOf(err).noneKnown():
		return history.Page{}, nil
	case err != nil:
		return history.Page{}, err
	case limit != nil && *limit != asked.Limit, len(answer.rows) > asked.Limit:
		got := cmp.Or(limit, new(len(answer.rows)))
		text := fmt.Sprintf("GET %s: asked for pages of %d, and got pages of %d", pathMessages, asked.Limit, *got)
		return history.Page{}, errline.New(text, ErrUnexpectedResponse)
	}
	page := history.Page{Total: answer.TotalResults, Current: answer.CurrentPage, HasNext: answer.Links.Next != ""}
	for _, row := range answer.rows {
		page.IDs = append(page.IDs, row.Value.ID)
	}
	page.Deliver = func(i int) bool {
		m, unreadable := messageOf(answer.rows[i])
		return yield(m, unreadable.err())
	}
	return page, nil
}
