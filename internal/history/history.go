// Package history reads a history from its newest row to its oldest, page by page, while rows arrive and go and so move its
// pages. Each row that is there all the time is delivered exactly once; if that cannot be had, the walk ends with an [Error].
//
// It knows pages and IDs, and nothing of how they are fetched.
package history

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gsmservice-gateway/client-go/internal/parallel"
)

// Page is a page of the history as one answer shows it.
type Page[R any] struct {
	Rows                  []R
	Total, Current, Limit *int // how many rows there are, and which page of how many rows this is; nil if it does not say
	HasNext               bool // it names a next page
}

// Error is the early end of a walk: what was delivered is right, and there may be more.
type Error struct {
	Kind      Kind
	Delivered int
	LastID    int64  // of the last row delivered that has an ID
	Reason    string // what the answers say against the end, or against the page
}

// Kind is why a walk ended early.
type Kind string

// The kinds of early end.
const (
	Drift      Kind = "the history could not be followed" // it changes too fast, or other pages are served than asked for
	Incomplete Kind = "the history is incomplete"         // the answers count more rows than they show
	OtherLimit Kind = "pages of another size"             // than was asked for
)

func (e *Error) Error() string {
	if e.Kind == OtherLimit {
		return e.Reason
	}
	text := fmt.Sprintf("%s: %d messages were delivered, the last one has ID %d", e.Kind, e.Delivered, e.LastID)
	if e.Reason != "" {
		text += ", and " + e.Reason
	}
	return text
}

// Walk delivers the rows of a history, newest first. It fetches pages of 2 to 50 rows, up to concurrency at a time. A row
// whose ID is 0 is one that cannot be read. Walk returns nil at the end of the history, or if deliver returns false. It
// assumes that two rows never swap their order.
func Walk[R any](ctx context.Context, concurrency int, idOf func(R) int64, fetch func(ctx context.Context, page, limit int) (Page[R], error), deliver func(R) bool) error {
	w := walk[R]{concurrency: concurrency, idOf: idOf, fetch: fetch, deliver: deliver, cursor: newCursor(), serialLeft: serialAtStart}
	if err := w.run(ctx); !errors.Is(err, errStopped) {
		return err
	}
	return nil
}

// walk is one walk over the history.
type walk[R any] struct {
	concurrency int
	idOf        func(R) int64
	fetch       func(ctx context.Context, page, limit int) (Page[R], error)
	deliver     func(R) bool

	cursor cursor
	counts counts

	serialLeft int // windows to fetch one by one, since one did not bring what was expected
	served     int // the most rows that a window had: the gateway cuts no shorter page
}

const serialAtStart, serialAfterMiss = 2, 8

var errStopped = errors.New("deliver returned false")

// answer is what came for a window.
type answer[R any] struct {
	window    window
	delivered int // how many rows had been delivered when it was asked for
	page      Page[R]
	err       error
}

// run takes answers in the order of their requests. As soon as one shows that what was fetched ahead is not what is needed
// next, it starts again with what is.
func (w *walk[R]) run(ctx context.Context) error {
	get := func(ctx context.Context, a answer[R]) answer[R] {
		a.page, a.err = w.fetch(ctx, a.window.page, a.window.limit)
		return a
	}
	for next := (window{1, maxLimit}); ; {
		depth := w.depth()
		for a := range parallel.Ordered(ctx, depth, w.ahead(next), get) {
			if a.err != nil {
				return a.err
			}
			w.serialLeft--
			following, more, err := w.process(a)
			switch {
			case err != nil:
				return err
			case w.counts.incomplete(w.cursor.delivered, more):
				return w.endedEarly(Incomplete, w.counts.reason(w.cursor.delivered))
			case !more:
				return nil
			case w.cursor.misses >= maxMisses:
				return w.endedEarly(Drift, "")
			}
			next = following
			if next != w.cursor.following(a.window) || depth != w.depth() {
				break
			}
		}
	}
}

// depth returns how many windows to fetch at a time.
func (w *walk[R]) depth() int {
	if w.serialLeft > 0 || w.counts.answers > 0 {
		return 1
	}
	return w.concurrency
}

// ahead yields a window and those that will be needed next if nothing changes, as far as the history reaches: by the
// total, if there is one, and by what was delivered, which a prefetch may at most double.
func (w *walk[R]) ahead(next window) iter.Seq[answer[R]] {
	return func(yield func(answer[R]) bool) {
		c := &w.cursor
		for more := true; more && yield(answer[R]{window: next, delivered: c.delivered}); {
			next = c.following(next)
			more = next.start() <= c.at+c.delivered && (c.total == nil || next.start() < *c.total)
		}
	}
}

// process delivers what an answer proves to come next. It returns the window to look at then, and whether there is more.
func (w *walk[R]) process(a answer[R]) (next window, more bool, err error) {
	asked := a.window
	if limit := a.page.Limit; limit != nil && *limit != asked.limit {
		return next, false, w.endedEarly(OtherLimit, fmt.Sprintf("asked for pages of %d, and got pages of %d", asked.limit, *limit))
	}
	if page := a.page.Current; page != nil && *page != asked.page {
		w.serialLeft = serialAfterMiss
		w.cursor.misses++
		return asked, true, nil
	}
	before := w.cursor.delivered
	v := view{window: asked, ids: make([]int64, 0, len(a.page.Rows)), total: a.page.Total, fresh: a.delivered == before}
	for _, row := range a.page.Rows {
		v.ids = append(v.ids, w.idOf(row))
	}
	m := w.cursor.locate(v)
	if m.joined {
		for i, row := range a.page.Rows[m.from:] {
			if w.cursor.deliver(v.ids[m.from+i]) && !w.deliver(row) {
				return next, false, errStopped
			}
		}
	}
	news := w.cursor.delivered > before
	if news {
		w.counts.reset()
	} else {
		w.serialLeft = serialAfterMiss
	}
	w.counts.observe(v, m, a.page.HasNext)
	next, more = w.after(v, m, news)
	return next, more, nil
}

// after returns the window to look at after v, and whether there is more.
func (w *walk[R]) after(v view, m match, news bool) (next window, more bool) {
	c := &w.cursor
	w.served = max(w.served, len(v.ids))
	switch {
	case m.joined:
		c.advance(v, len(v.ids)-1, news)
		if v.short() {
			return windowPastEnd(c.at, c.slack, w.served), !w.counts.confirm(c.delivered)
		}
	case !v.fresh: // it shows where rows were, not where they are
	case m.last < 0:
		return c.search(v), true
	default:
		c.goOn(v, m.last)
	}
	return windowFor(c.at, c.slack), true
}

func (w *walk[R]) endedEarly(kind Kind, reason string) error {
	return &Error{kind, w.cursor.delivered, w.cursor.lastID, reason}
}
