package outgoing

import (
	"context"
	"errors"
	"iter"

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
	op, err := c.with(opts)
	return func(yield func(Message, error) bool) {
		if err != nil {
			yield(Message{}, err)
			return
		}
		fetch := func(ctx context.Context, page, limit int) (history.Page[historyRow], error) {
			return op.historyPage(ctx, PageRequest{page, limit})
		}
		err := history.Walk(ctx, op.concurrency, historyRow.id, fetch, func(r historyRow) bool { return yield(r.Message, r.unreadable()) })
		if err != nil {
			yield(Message{}, historyError(err))
		}
	}
}

// historyRow is a row of the history. One that cannot be read is a Message with nothing but its ID, if that, and the reason.
type historyRow struct {
	Message
	reason error
}

func (r historyRow) id() int64 { return r.ID }

func (r historyRow) unreadable() error {
	if r.reason == nil {
		return nil
	}
	return &BatchError{Failures: []Failure{{IDs: idOf(r.Message), Err: r.reason}}}
}

// idOf is the ID of an unreadable row, if that could be read.
func idOf(m Message) []int64 {
	if m.ID == 0 {
		return nil
	}
	return []int64{m.ID}
}

// historyPage fetches a page. A 404 with a problem document is one way to say that a page past the first is empty: if that
// was the answer, and not if it is found somewhere in an error, such as the cause that a context was cancelled with.
func (op operation) historyPage(ctx context.Context, req PageRequest) (page history.Page[historyRow], err error) {
	answer, tried, err := op.list(ctx, req)
	if req.Page > 1 && tried.endsMissing() {
		return page, nil
	}
	page.Rows = make([]historyRow, 0, len(answer.rows))
	for i, m := range answer.rows {
		page.Rows = append(page.Rows, historyRow{m, answer.bad[i]})
	}
	meta := answer.meta
	page.Total, page.Current, page.Limit, page.HasNext = meta.TotalResults, meta.CurrentPage, meta.Limit, meta.Links.Next != ""
	return page, err
}

// historyError returns what All yields for the error that ended a walk.
func historyError(err error) error {
	early, ok := errors.AsType[*history.Error](err)
	switch {
	case !ok:
		return err
	case early.Kind == history.Drift:
		return newError(early.Error(), ErrDrift)
	case early.Kind == history.Incomplete:
		return newError(early.Error(), ErrIncomplete)
	}
	return newError("GET "+messages+": "+early.Error(), ErrUnexpectedResponse)
}
