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

const (
	Drift      Kind = "the history could not be followed" // it changes too fast, or other pages are served than asked for
	Incomplete Kind = "the history is incomplete"         // the answers count more rows than they show
	OtherLimit Kind = "pages of another size"
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
	w := walk[R]{concurrency: concurrency, idOf: idOf, fetch: fetch, deliver: deliver, cursor: newCursor(), serialLeft: 2}
	if err := w.run(ctx); !errors.Is(err, errStopped) {
		return err
	}
	return nil
}

// walk is one range over the history.
type walk[R any] struct {
	concurrency int
	idOf        func(R) int64
	fetch       func(ctx context.Context, page, limit int) (Page[R], error)
	deliver     func(R) bool

	cursor *cursor
	counts counts

	serialLeft int  // windows to fetch one by one, since one fetched ahead did not fit
	ending     bool // the last window seemed to be the end of the history
	ended      bool // so did a window since the last row delivered
	served     int  // the most rows that a window had: the gateway cuts no shorter page
}

const serialAfterMiss = 8

var errStopped = errors.New("deliver returned false")

// request is a window to fetch, and how many rows had been delivered when it was asked for.
type request struct {
	window
	delivered int
}

type answer[R any] struct {
	request
	page Page[R]
	err  error
}

func (w *walk[R]) run(ctx context.Context) error {
	for next := (window{1, maxLimit}); ; {
		depth := w.depth()
		for a := range parallel.Ordered(ctx, depth, w.ahead(next), w.get) {
			w.serialLeft--
			if a.err != nil {
				return a.err
			}
			var more bool
			var err error
			next, more, err = w.process(a)
			switch {
			case err != nil:
				return err
			case w.counts.incomplete(w.cursor.delivered), !more && w.counts.altered && w.counts.missing(w.cursor.delivered):
				return w.endedEarly(Incomplete, w.counts.reason(w.cursor.delivered))
			case !more:
				return nil
			case w.cursor.exhausted():
				return w.endedEarly(Drift, "")
			}
			if next != w.cursor.following(a.window) || depth != w.depth() {
				break // what was fetched ahead is not what is needed
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
func (w *walk[R]) ahead(next window) iter.Seq[request] {
	return func(yield func(request) bool) {
		for more := true; more && yield(request{next, w.cursor.delivered}); {
			next = w.cursor.following(next)
			more = next.start() <= w.cursor.at+w.cursor.delivered && (w.cursor.total == nil || next.start() < *w.cursor.total)
		}
	}
}

func (w *walk[R]) get(ctx context.Context, r request) answer[R] {
	page, err := w.fetch(ctx, r.page, r.limit)
	return answer[R]{r, page, err}
}

// process delivers what an answer proves to come next. It returns the window to look at then, and whether there is more.
func (w *walk[R]) process(a answer[R]) (next window, more bool, err error) {
	if limit := a.page.Limit; limit != nil && *limit != a.limit {
		return next, false, w.endedEarly(OtherLimit, fmt.Sprintf("asked for pages of %d, and got pages of %d", a.limit, *limit))
	}
	if page := a.page.Current; page != nil && *page != a.window.page {
		w.serialLeft = serialAfterMiss
		w.cursor.misses++
		return a.window, true, nil
	}
	v := view{window: a.window, ids: make([]int64, len(a.page.Rows)), total: a.page.Total, fresh: a.delivered == w.cursor.delivered}
	for i, row := range a.page.Rows {
		v.ids[i] = w.idOf(row)
	}
	w.served = max(w.served, len(v.ids))
	m := w.cursor.locate(v)
	news := false
	if m.overlap == overlaps {
		w.counts.altered = w.counts.altered || m.altered
		if news, err = w.deliverFrom(a.page.Rows, v.ids, m.from); err != nil {
			return next, false, err
		}
	}
	if news {
		w.counts.altered = w.counts.altered || w.ended
		w.ended = false
		w.counts.reset()
	} else {
		w.serialLeft = serialAfterMiss
	}
	w.counts.observe(v, a.page.HasNext)
	next, more = w.after(v, m, news)
	return next, more, nil
}

// after returns the window to look at after v, and whether there is more.
func (w *walk[R]) after(v view, m match, news bool) (next window, more bool) {
	c, ending := w.cursor, w.ending
	w.ending = false
	switch {
	case m.overlap == overlaps:
		c.advance(v, len(v.ids)-1, news)
		if v.short() {
			w.ending, w.ended = true, true
			return windowPastEnd(c.at, c.slack, w.served), news || !ending || w.counts.contradict(c.delivered)
		}
	case !v.fresh: // it shows where rows were, not where they are
	case m.overlap == tooEarly:
		c.skipForward(v, m.last)
	default:
		return c.search(v), true
	}
	return windowFor(c.at, c.slack), true
}

// deliverFrom delivers the rows of a window from an index on. It reports whether there were any.
func (w *walk[R]) deliverFrom(rows []R, ids []int64, from int) (news bool, err error) {
	for i, row := range rows[from:] {
		if !w.cursor.deliver(ids[from+i]) {
			continue
		}
		news = true
		if !w.deliver(row) {
			return news, errStopped
		}
	}
	return news, nil
}

func (w *walk[R]) endedEarly(kind Kind, reason string) error {
	return &Error{kind, w.cursor.delivered, w.cursor.lastID, reason}
}
