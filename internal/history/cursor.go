package history

import "cmp"

// cursor is what a walk has delivered so far, and where in the history it thinks it is. It decides, from the IDs that a
// window shows, which of its rows may be delivered, and where to look next.
//
// It rests on one assumption: two rows never swap their order. So whatever a window shows directly after a delivered row
// comes next, and nothing else is known to.
type cursor struct {
	delivered int
	recent    []int64       // the last IDs delivered, oldest first; 0 stands for a row without a readable ID
	known     map[int64]int // of recent: how many rows were delivered up to and with it
	lastID    int64

	at       int  // the offset of the last delivered row, as far as is known
	total    *int // how long the history was said to be when at was right
	emptyAt  int  // the offset of a page that had no rows, since rows were delivered last; 0 without one
	slack    int  // how far before at the next window starts: 0 until a window showed nothing known
	misses   int  // fruitless windows in a row
	searched int  // of those, how many looked around
}

const (
	remembered     = 512
	maxMisses      = 8
	slackAfterMiss = 12
)

func newCursor() cursor { return cursor{known: make(map[int64]int), at: -1} }

// view is what one answer shows.
type view struct {
	window
	ids   []int64
	total *int
	fresh bool // asked for when all that is delivered by now had been seen
}

// short reports whether the history seems to end in v.
func (v view) short() bool { return len(v.ids) < v.limit }

// match is how a view relates to what was delivered. Where no row of it is known, or the view ends before the last delivered
// row, it is not joined.
type match struct {
	joined  bool // it goes on where the deliveries ended
	last    int  // the index of the last known row; -1 without one
	from    int  // the index of the first row to deliver
	altered bool // rows that were delivered stand in another order, or others between them
}

// locate finds the place in v after which nothing has been delivered yet. In a fresh view any delivered row will do to
// join at, since the later ones must be gone. An older one may still show a row that was gone when its successors were
// delivered, so there it must be the last delivered row itself. A short view is the last one, so that what it does not
// show is gone; if it is the first one and empty, all is.
func (c *cursor) locate(v view) (m match) {
	m.last, m.altered = c.compare(v.ids)
	m.from = c.afterUnreadable(v.ids, m.last+1)
	isLast := m.last >= 0 && v.ids[m.last] == c.lastID
	switch {
	case c.delivered == 0, v.fresh && len(v.ids) == 0 && v.page == 1:
		m.joined = true
	case m.last < 0:
	case v.fresh:
		m.joined = isLast || m.from < len(v.ids) || v.short()
	default:
		m.joined = isLast && !m.altered
	}
	return m
}

// compare finds the last known row, and whether the rows up to it are in another order than they were delivered in: a known
// row stands before one that was delivered earlier, or an unknown one between two known ones.
func (c *cursor) compare(ids []int64) (last int, altered bool) {
	before, unknown := 0, false
	last = -1
	for i, id := range ids {
		n, known := c.known[id]
		switch {
		case id == 0:
		case !known:
			unknown = true
		default:
			altered = altered || n < before || unknown && before > 0
			last, before, unknown = i, n, false
		}
	}
	return last, altered
}

// afterUnreadable passes over the rows without an ID that were delivered after the last row with one.
func (c *cursor) afterUnreadable(ids []int64, from int) int {
	for i := len(c.recent) - 1; i >= 0 && c.recent[i] == 0 && from < len(ids) && ids[from] == 0; i-- {
		from++
	}
	return from
}

// deliver records a row. It returns false for one that was delivered before: a gateway that repeats a row must not make the
// walk repeat it.
func (c *cursor) deliver(id int64) bool {
	if _, again := c.known[id]; again {
		return false
	}
	c.delivered++
	if len(c.recent) == remembered {
		delete(c.known, c.recent[0])
		c.recent = c.recent[1:]
	}
	c.recent = append(c.recent, id)
	if id != 0 {
		c.known[id], c.lastID = c.delivered, id
	}
	return true
}

// advance records that the last delivered row stands at this index of v, or would if v went that far.
func (c *cursor) advance(v view, last int, news bool) {
	c.at, c.total, c.searched = v.start()+last, v.total, 0
	c.misses++
	if news {
		c.misses, c.emptyAt = 0, 0
	}
}

// goOn records a view that ends too early: after its last known row others were delivered. If it would lead to where a page
// had no rows, those others are gone, and the history ends in between.
func (c *cursor) goOn(v view, last int) {
	c.advance(v, last+c.delivered-c.known[v.ids[last]], false)
	if v.end() <= c.emptyAt && c.emptyAt <= c.at {
		c.at = (v.end() + c.emptyAt) / 2
	}
}

// search records a view that shows nothing known. It returns the window to look at then: where the growth of the total
// says, or before an empty view, since the history ends there; and then before that place, since rows before the last one
// may have gone, each time twice as far. It need not look after it: what is too early shows known rows.
func (c *cursor) search(v view) window {
	at := c.at
	if len(v.ids) == 0 {
		c.emptyAt = v.start()
	}
	switch {
	case len(v.ids) == 0 && v.total != nil:
		at = min(v.start(), *v.total) - 1
	case len(v.ids) == 0:
		at = v.start() - 1
	case v.total != nil && c.total != nil:
		at += *v.total - *c.total
	}
	if at == c.at && c.searched == 0 {
		c.searched++ // it has just been looked at
	}
	back := slackAfterMiss<<c.searched - slackAfterMiss
	c.at, c.total, c.slack = max(at, 0), cmp.Or(v.total, c.total), slackAfterMiss
	c.misses++
	c.searched++
	return windowFor(c.at-back, c.slack)
}

// following returns the window that will be needed after w if nothing changes.
func (c *cursor) following(w window) window { return windowFor(w.end()-1, c.slack) }
