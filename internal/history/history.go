// Package history reads a history from its newest row to its oldest, page by page, while rows arrive and go and so move
// its pages. Each row that is there all the time is delivered exactly once; if that cannot be had, the walk ends with
// an error.
//
// It knows pages and IDs, and nothing of how they are fetched, or of what else is in a row.
package history

import (
	"context"
	"errors"
	"fmt"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/parallel"
)

// Page is a page of the history as one answer shows it.
type Page struct {
	IDs            []int64          // of its rows, at most the limit; 0 for one that cannot be read
	Deliver        func(i int) bool // takes row i, and returns false to end the walk
	Total, Current *int             // how many rows there are, and which page this is; nil if it does not say
	HasNext        bool             // it names a next page
}

// The early ends of a walk: what was delivered is right, and there may be more.
var (
	// ErrDrift means that the history changes too fast, or that other pages are served than asked for.
	ErrDrift = errors.New("the history could not be followed")
	// ErrIncomplete means that the answers count more rows than they show.
	ErrIncomplete = errors.New("the history is incomplete")
)

// Walk delivers the rows of a history, newest first. It fetches pages of 2 to 50 rows, up to concurrency at a time. It
// returns nil at the end of the history, or if Deliver returns false, and else an error of fetch, or one that matches
// [ErrDrift] or [ErrIncomplete]. It assumes that two rows never swap their order.
func Walk(ctx context.Context, concurrency int, fetch func(ctx context.Context, page, limit int) (Page, error)) error {
	w := walk{next: window{1, maxLimit}, serialLeft: serialAtStart}
	get := func(ctx context.Context, a *answer) *answer {
		a.Page, a.err = fetch(ctx, a.page, a.limit)
		return a
	}
	// Answers are taken in the order of their requests. As soon as one shows that what was fetched ahead is not what is
	// needed next, it starts again with what is.
	for {
		depth := w.depth(concurrency)
		for a := range parallel.Ordered(ctx, depth, w.ahead, get) {
			if done, err := w.take(a); done {
				return err
			}
			if w.next != w.cursor.windowFor(a.end()) || depth != w.depth(concurrency) {
				break
			}
		}
	}
}

// walk is one walk over the history.
type walk struct {
	cursor     cursor
	counts     counts
	next       window // the one to look at
	misses     int    // how many windows in a row brought nothing
	serialLeft int    // windows to fetch one by one, since one brought nothing
}

const serialAtStart, serialAfterMiss, maxMisses = 2, 8, 8

// answer is what came for a window.
type answer struct {
	window
	delivered int // how many rows had been delivered when it was asked for
	Page
	err error
}

// short reports whether the history seems to end in a.
func (a *answer) short() bool { return len(a.IDs) < a.limit }

// depth returns how many windows to fetch at a time.
func (w *walk) depth(concurrency int) int {
	if w.serialLeft > 0 || len(w.counts.ends) > 0 {
		return 1
	}
	return concurrency
}

// ahead yields the next window and those that will be needed then if nothing changes, as far as the history reaches: by
// the total, if there is one, and by what was delivered, which a prefetch may at most double.
func (w *walk) ahead(yield func(*answer) bool) {
	c, next := &w.cursor, w.next
	for more := true; more && yield(&answer{window: next, delivered: c.delivered}); {
		next = c.windowFor(next.end())
		more = next.start() < c.place+c.delivered && (c.total == nil || next.start() < *c.total)
	}
}

// take delivers what an answer proves to come next, and finds the window to look at then. It reports whether the walk is
// done.
func (w *walk) take(a *answer) (done bool, err error) {
	c := &w.cursor
	before := c.delivered
	w.serialLeft--
	switch {
	case a.err != nil:
		return true, a.err
	case a.Current != nil && *a.Current != a.page:
		w.next = a.window
	default:
		m := c.locate(a)
		for i := m.from; i < len(a.IDs); i++ {
			if c.deliver(a.IDs[i]) && !a.Deliver(i) {
				return true, nil
			}
		}
		if c.delivered > before {
			w.misses = 0
			w.counts.reset()
		}
		w.counts.observe(a, m)
		w.next = c.aim(a, m)
	}
	if c.delivered == before {
		w.misses++
		w.serialLeft = serialAfterMiss
	}
	ended, contradiction := w.counts.judge(c.delivered)
	switch {
	case contradiction != "":
		return true, c.endedEarly(ErrIncomplete, ", and "+contradiction)
	case ended:
		return true, nil
	case w.misses == maxMisses:
		return true, c.endedEarly(ErrDrift, "")
	}
	return false, nil
}

func (c *cursor) endedEarly(kind error, reason string) error {
	text := fmt.Sprintf("%v: %d messages were delivered, the last one has ID %d%s", kind, c.delivered, c.lastID, reason)
	return errline.New(text, kind)
}
