package history

import "cmp"

// cursor is what a walk has delivered so far, and where in the history it thinks it is. It decides, from the IDs that
// an answer shows, which of its rows may be delivered, and where to look next.
//
// It rests on one assumption: two rows never swap their order. So whatever an answer shows directly after a delivered
// row comes next, and nothing else is known to.
type cursor struct {
	delivered int
	recent    []int64       // the last IDs delivered, oldest first; 0 stands for a row without a readable ID
	known     map[int64]int // of recent: how many rows were delivered up to and with it
	lastID    int64

	at       int  // the offset of the last delivered row, as far as is known
	total    *int // how long the history was said to be when at was right
	slack    int  // how far before at the next window starts: 0 until a window showed nothing known
	served   int  // the most rows that a window had: the gateway cuts no shorter page
	searched int  // how many windows in a row showed nothing known

	// Since rows were delivered last:
	misses  int // how many windows there were
	emptyAt int // the offset of a page that had no rows; 0 without one
}

const (
	remembered     = 512
	maxMisses      = 8
	slackAfterMiss = 12
)

func newCursor() cursor { return cursor{known: make(map[int64]int), at: -1} }

// locate finds the place in a after which nothing has been delivered yet. If a is fresh, that is, was asked for when
// all that is delivered by now had been seen, any delivered row will do to join at, since the later ones must be gone.
// An older answer may still show a row that was gone when its successors were delivered, so there it must be the last
// delivered row itself. A short page is the last one, so that what it does not show is gone; if it is the first one and
// empty, all is.
func (c *cursor) locate(a *answer) {
	a.last, a.altered = c.compare(a.IDs)
	a.from = a.last + 1
	for unreadable := c.unreadable(); a.from-a.last <= unreadable && a.from < len(a.IDs) && a.IDs[a.from] == 0; {
		a.from++
	}
	fresh := a.delivered == c.delivered
	isLast := a.last >= 0 && a.IDs[a.last] == c.lastID
	switch {
	case c.delivered == 0, fresh && len(a.IDs) == 0 && a.page == 1:
		a.joined = true
	case a.last < 0:
		a.joined = fresh && a.page == 1 && a.from == c.delivered // no row has an ID
	case fresh:
		a.joined = isLast || a.from < len(a.IDs) || a.short()
	default:
		a.joined = isLast && !a.altered
	}
}

// unreadable returns how many rows without an ID were delivered after the last one with an ID.
func (c *cursor) unreadable() (n int) {
	for n < len(c.recent) && c.recent[len(c.recent)-1-n] == 0 {
		n++
	}
	return n
}

// compare finds the last known row, and whether the rows up to it are in another order than they were delivered in: a
// known row stands before one that was delivered earlier, or an unknown one between two known ones.
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

// deliver records a row. It returns false for one that was delivered before: a gateway that repeats a row must not make
// the walk repeat it.
func (c *cursor) deliver(id int64) bool {
	if _, again := c.known[id]; again {
		return false
	}
	c.delivered++
	c.misses, c.emptyAt = 0, 0
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

// aim returns the window to look at after a.
func (c *cursor) aim(a *answer) window {
	c.served = max(c.served, len(a.IDs))
	switch {
	case a.joined:
		c.at, c.total, c.searched = a.start()+len(a.IDs)-1, a.Total, 0
		if a.short() {
			return windowPastEnd(c.at-c.unreadable(), c.at, c.slack, c.served)
		}
	case a.last < 0:
		return c.search(a)
	default: // it ends too early: others were delivered after its last known row
		c.at, c.total, c.searched = a.start()+a.last+c.delivered-c.known[a.IDs[a.last]], a.Total, 0
		if a.end() <= c.emptyAt && c.emptyAt <= c.at { // the others are gone, and the history ends in between
			c.at = (a.end() + c.emptyAt) / 2
		}
	}
	return windowFor(c.at, c.slack)
}

// search returns the window to look at after a, which shows nothing known: where the growth of the total says, or
// before an empty page, since the history ends there; and then before that place, since rows before the last one may
// have gone, each time twice as far. It need not look after it: what is too early shows known rows.
func (c *cursor) search(a *answer) window {
	was := c.at
	switch {
	case len(a.IDs) == 0:
		c.emptyAt = a.start()
		c.at = a.start() - 1
		if a.Total != nil {
			c.at = min(c.at, *a.Total-1)
		}
	case a.Total != nil && c.total != nil:
		c.at += *a.Total - *c.total
	}
	if c.at == was && c.searched == 0 {
		c.searched++ // it has just been looked at
	}
	c.at, c.total, c.slack = max(c.at, 0), cmp.Or(a.Total, c.total), slackAfterMiss
	c.searched++
	back := slackAfterMiss * (1<<(c.searched-1) - 1) // 0, 12, 36, 84 ... rows
	return windowFor(c.at-back, c.slack)
}

// following returns the window that will be needed after w if nothing changes.
func (c *cursor) following(w window) window { return windowFor(w.end()-1, c.slack) }

// window is a page of the history taken as an interval of offsets: page P with limit L shows the rows at offsets
// (P-1)*L to P*L-1, as they are when the gateway answers.
type window struct{ page, limit int }

func (w window) start() int { return (w.page - 1) * w.limit }
func (w window) end() int   { return w.page * w.limit }

const minLimit, maxLimit = 25, 50

// windowFor returns the window that shows the row at offset at, and the slack rows before it where a window can, and
// reaches furthest beyond it. Only multiples of the limit can be addressed, so the limit is what there is to choose.
func windowFor(at, slack int) window { return widestWindow(at, at, slack, minLimit, maxLimit) }

// windowPastEnd is windowFor where the history seemed to end: the window also shows what follows the row at offset last,
// if anything does, and the rows from first on. It asks for no more rows than the gateway is known to serve, where that
// can be, since one that cuts pages short would show the same rows again.
func windowPastEnd(first, last, slack, served int) window {
	return widestWindow(first, last+1, slack, 2, max(2, min(served, maxLimit)))
}

// widestWindow returns, of the windows with a limit from low to high that show the rows at the offsets first to last,
// and the slack rows before them, the one that reaches furthest; where there is none, one with less slack, a higher
// limit, or at least the last two.
func widestWindow(first, last, slack, low, high int) (best window) {
	for limit := low; limit <= high; limit++ {
		if w := (window{max(first-slack, 0)/limit + 1, limit}); w.end() > max(last, best.end()) {
			best = w
		}
	}
	switch {
	case best != window{}:
		return best
	case slack > 0:
		return widestWindow(first, last, 0, low, high)
	case high < maxLimit:
		return widestWindow(first, last, 0, low, high+1)
	}
	return widestWindow(last-1, last, 0, low, high)
}
