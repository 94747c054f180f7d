package outgoing

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
		w := walk{prefetcher: prefetcher{operation: op}, cursor: newCursor(), yield: yield, serialLeft: 2, serialAfterMiss: minSerial}
		if err := w.run(ctx); err != nil {
			yield(Message{}, err)
		}
	}
}

// walk is one range over the history.
type walk struct {
	prefetcher
	*cursor
	counts counts
	yield  func(Message, error) bool

	serialLeft      int  // windows to fetch one by one, since one fetched ahead did not fit
	serialAfterMiss int  // how many these are the next time
	ending          bool // the last window seemed to be the end of the history
	ended           bool // so did a window since the last row delivered
	served          int  // the most rows that a window had: the gateway cuts no shorter page
}

const minSerial, maxSerial = 4, 64

var errLeft = errors.New("the loop was left")

// run walks until the end of the history or an error; leaving the loop is none.
func (w *walk) run(ctx context.Context) error {
	defer w.discard()
	for next := (window{1, MaxLimit}); ; {
		depth := w.concurrency
		if w.serialLeft > 0 || w.counts.answers > 0 {
			depth = 1
		}
		w.serialLeft--
		v := w.next(ctx, next, w.cursor, depth)
		if v.err != nil {
			return v.err
		}
		following, more, err := w.use(v)
		switch {
		case errors.Is(err, errLeft):
			return nil
		case err != nil:
			return err
		case w.counts.incomplete(w.delivered), !more && w.counts.altered && w.counts.missing(w.delivered):
			return w.gaveUp("the history is incomplete", w.counts.claim(w.delivered), ErrIncomplete)
		case !more:
			return nil
		case w.exhausted():
			return w.gaveUp("the history could not be followed", "", ErrDrift)
		}
		next = following
	}
}

// use delivers what a window proves to come next, and says which window to look at then, if there is more.
func (w *walk) use(v *fetchedPage) (next window, more bool, err error) {
	if limit := v.answer.meta.Limit; limit != nil && *limit != v.limit {
		return next, false, newError(fmt.Sprintf("GET %s: asked for pages of %d, and got pages of %d", messages, v.limit, *limit), ErrUnexpectedResponse)
	}
	if page := v.answer.meta.CurrentPage; page != nil && *page != v.page {
		w.serialLeft = w.serialAfterMiss
		w.misses++
		return v.window, true, nil
	}
	w.served = max(w.served, len(v.answer.rows))
	ending := w.ending
	w.ending = false
	fresh := v.delivered == w.delivered // asked for when all that is delivered by now had been seen
	m := w.locate(v.window, v.ids(), fresh, v.answer.meta.TotalResults)
	before := w.delivered
	if m.overlap == overlaps {
		w.counts.altered = w.counts.altered || m.altered
		if err := w.deliverFrom(v, m.from); err != nil {
			return next, false, err
		}
	}
	news := w.delivered > before
	if news {
		w.counts.altered = w.counts.altered || w.ended
		w.ended = false
		w.counts.news()
	} else {
		w.serialLeft = w.serialAfterMiss
	}
	w.counts.note(v.window, len(v.answer.rows), v.answer.meta)

	switch {
	case len(v.answer.rows) == 0 && v.page == 1 && fresh: // whatever was delivered, nothing is left
		w.ending = true
		w.misses++
		return windowPastEnd(0, 0, w.served), !ending || w.counts.contradict(w.delivered), nil
	case m.overlap == overlaps:
		w.arrived(v.start()+len(v.answer.rows)-1, v.answer.meta.TotalResults, news)
		if !v.isShort() {
			return windowFor(w.at, w.slack), true, nil
		}
		w.ending, w.ended = true, true
		return windowPastEnd(w.at, w.slack, w.served), news || !ending || w.counts.contradict(w.delivered), nil
	case !fresh: // prefetched page is stale: it shows where rows were, not where they are
		w.serialAfterMiss = min(2*w.serialAfterMiss, maxSerial)
		return windowFor(w.at, w.slack), true, nil
	case m.overlap == tooEarly:
		return w.stepOn(v.start()+m.last, v.answer.rows[m.last].ID, v.answer.meta.TotalResults), true, nil
	case m.overlap == doubtful:
		w.slack = slackAfterMiss
		next = w.stepOn(v.start()+m.last, v.answer.rows[m.last].ID, v.answer.meta.TotalResults)
		if v.isShort() {
			next = windowPastEnd(w.at, w.slack, w.served)
		}
		return next, true, nil
	}
	return w.search(v.window, len(v.answer.rows), v.answer.meta.TotalResults), true, nil
}

// gaveUp is the error of a walk that cannot go on.
func (w *walk) gaveUp(what, reason string, kind error) error {
	text := fmt.Sprintf("%s: %d messages were delivered, the last one has ID %d", what, w.delivered, w.lastID)
	if reason != "" {
		text += ", and " + reason
	}
	return newError(text, kind)
}

// deliverFrom yields the rows of a window from an index on.
func (w *walk) deliverFrom(v *fetchedPage, from int) error {
	for i, m := range v.answer.rows[from:] {
		if !w.deliver(m.ID) {
			continue
		}
		var err error
		if reason := v.answer.bad[from+i]; reason != nil {
			err = &BatchError{Failures: []Failure{{IDs: idOf(m), Err: reason}}}
		}
		if !w.yield(m, err) {
			return errLeft
		}
	}
	return nil
}

// idOf is the ID of an unreadable row, if that could be read.
func idOf(m Message) []int64 {
	if m.ID == 0 {
		return nil
	}
	return []int64{m.ID}
}

// prefetcher fetches windows of the history: the one that is needed now, and those that will be needed next if nothing
// changes.
type prefetcher struct {
	operation
	queue []*fetchedPage // in the order in which they will be needed
}

// fetchedPage is a window as one answer shows it.
type fetchedPage struct {
	window
	delivered int // how many rows had been delivered when it was asked for
	cancel    context.CancelFunc
	done      chan struct{}

	answer pageAnswer
	err    error
	panicCatcher
}

// next waits for window w. If w is not what was expected, what was fetched ahead is thrown away. Then up to depth windows
// are kept in flight, as far as the history reaches: by the total, if there is one, and by what was delivered, which a
// prefetch may at most double.
func (a *prefetcher) next(ctx context.Context, w window, c *cursor, depth int) *fetchedPage {
	if len(a.queue) > 0 && (a.queue[0].window != w || depth == 1) {
		a.discard()
	}
	if len(a.queue) == 0 {
		a.fetch(ctx, w, c.delivered)
	}
	for len(a.queue) < depth {
		last := a.queue[len(a.queue)-1]
		following := windowFor(last.end()-1, c.slack)
		if following.start() > c.at+c.delivered || c.total != nil && following.start() >= *c.total {
			break
		}
		a.fetch(ctx, following, c.delivered)
	}
	v := a.queue[0]
	a.queue[0], a.queue = nil, a.queue[1:]
	v.wait()
	return v
}

func (a *prefetcher) fetch(ctx context.Context, w window, delivered int) {
	ctx, cancel := context.WithCancel(ctx)
	v := &fetchedPage{window: w, delivered: delivered, cancel: cancel, done: make(chan struct{})}
	a.queue = append(a.queue, v)
	go func() {
		defer close(v.done)
		v.run(func() { v.answer, v.err = a.fetchPage(ctx, w) })
	}()
}

// fetchPage asks for a window. A 404 with a problem document is one way to say that a page is empty: if that was the
// answer, and not if it is found somewhere in an error, such as the cause that a context was cancelled with.
func (a *prefetcher) fetchPage(ctx context.Context, w window) (pageAnswer, error) {
	answer, tried, err := a.list(ctx, PageRequest{Page: w.page, Limit: w.limit})
	if w.page > 1 && tried.endsMissing() {
		return pageAnswer{}, nil
	}
	return answer, err
}

// discard gives up what was fetched ahead, and waits until nothing of it runs.
func (a *prefetcher) discard() {
	dropped := a.queue
	a.queue = nil
	for _, v := range dropped {
		v.cancel()
	}
	for _, v := range dropped {
		<-v.done
	}
	for _, v := range dropped {
		v.wait()
	}
}

// wait waits for the answer; a panic of a caller's hook is raised again.
func (v *fetchedPage) wait() {
	<-v.done
	v.cancel()
	v.rethrow()
}

func (v *fetchedPage) ids() []int64 {
	ids := make([]int64, len(v.answer.rows))
	for i, m := range v.answer.rows {
		ids[i] = m.ID
	}
	return ids
}

// isShort reports whether the history seems to end in this window.
func (v *fetchedPage) isShort() bool { return len(v.answer.rows) < v.limit }
