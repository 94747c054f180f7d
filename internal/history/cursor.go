package history

import (
	"cmp"
	"slices"
)

// cursor is what a walk has delivered so far, and where in the history it thinks that this ended. It decides, from the
// IDs that an answer shows, which of its rows may be delivered, and where to look next.
//
// It rests on one assumption: two rows never swap their order. So whatever an answer shows directly after a delivered
// row comes next, and nothing else is known to. Here d are the rows that were delivered, the place is where they end,
// and brackets are what an answer shows:
//
//	          newest                place            oldest
//	history   . . . d d d d d d d d d | . . . . . . . . . .
//	joined                      [ d d | . . . . ]              shows what follows the place: it is delivered
//	early         [ . d d d d d ]                              ends before the place: look that much further on
//	lost      [ . . ]        or            [ . . . . . ]       shows nothing known: look where the total says, and back
//
// Rows that arrive move the place on, and those that go move it back.
type cursor struct {
	delivered  int
	recent     []int64 // the last IDs delivered, oldest first; 0 stands for a row without a readable ID
	unreadable int     // how many rows without an ID were delivered after the last one with an ID
	lastID     int64

	place   int  // the offset after the last delivered row, as far as is known
	total   *int // how long the history was said to be when place was right
	slack   int  // how many rows before place a window is to show: 0 until one was lost
	served  int  // the most rows that a window had: the gateway cuts no shorter page
	back    int  // how far before place to look if the next window is lost too
	emptyAt *int // the offset of a page without rows, if there was one since rows were joined
}

const (
	remembered         = 512
	slackOnceLost      = 12
	minLimit, maxLimit = 25, 50
)

// match is how an answer relates to what was delivered.
type match struct {
	relation
	from      int  // the index of the first row to deliver; none is left from there if not joined
	place     int  // where the deliveries end according to this answer, after that of its rows; unknown if lost
	reordered bool // rows that were delivered stand in another order, or others between them
}

type relation int

const (
	lost relation = iota
	early
	joined
)

// locate finds the place in a. If a is fresh, that is, was asked for when all that is delivered by now had been seen,
// it is after any delivered row, since the later ones must be gone. An older answer may still show a row that was gone
// when its successors were delivered, so there it must be the last delivered row itself. A short page is the last one,
// so that what it does not show is gone. Where no known row is shown, the place can only be at the start of the
// history: if nothing but rows without an ID was delivered, or nothing is left.
func (c *cursor) locate(a *answer) match {
	last, behind, reordered := c.compare(a.IDs)
	from := last + 1
	for _, id := range c.recent[max(0, len(c.recent)-behind):] { // those without an ID that were delivered right after it
		if id != 0 || from == len(a.IDs) || a.IDs[from] != 0 {
			break
		}
		from++
	}
	fresh, isLast := a.delivered == c.delivered, behind == c.unreadable
	join := match{joined, from, a.start() + len(a.IDs), reordered}
	switch {
	case last < 0 && fresh && a.page == 1 && (from == c.delivered || len(a.IDs) == 0):
		return join
	case last < 0:
		return match{relation: lost, from: len(a.IDs)}
	case isLast && !reordered, fresh && (isLast || from < len(a.IDs) || a.short()):
		return join
	}
	return match{relation: early, from: len(a.IDs), place: a.start() + last + 1 + behind}
}

// compare finds the last known row, and how many were delivered after it. The rows up to it are reordered if a known
// row stands before one that was delivered earlier, or an unknown one between two known ones.
func (c *cursor) compare(ids []int64) (last, behind int, reordered bool) {
	last, behind = -1, c.delivered
	unknown := false
	for i, id := range ids {
		n := slices.Index(c.recent, id)
		switch {
		case id == 0:
		case n < 0:
			unknown = true
		default:
			n = len(c.recent) - 1 - n
			reordered = reordered || n > behind || unknown && last >= 0
			last, behind, unknown = i, n, false
		}
	}
	return last, behind, reordered
}

// deliver records a row. It returns false for one that the same page showed before: a gateway that repeats a row must
// not make the walk repeat it.
func (c *cursor) deliver(id int64) bool {
	if id != 0 && slices.Contains(c.recent[max(0, len(c.recent)-maxLimit):], id) {
		return false
	}
	c.delivered++
	c.recent = append(c.recent, id)
	c.recent = c.recent[max(0, len(c.recent)-remembered):]
	c.unreadable++
	if id != 0 {
		c.lastID, c.unreadable = id, 0
	}
	return true
}

// aim returns the window to look at after a.
func (c *cursor) aim(a *answer, m match) window {
	c.served = max(c.served, len(a.IDs))
	if m.relation == lost {
		return c.search(a)
	}
	c.place, c.total, c.back = m.place, a.Total, 0
	switch {
	case m.relation == joined && a.short():
		return c.windowPastEnd()
	case m.relation == joined:
		c.emptyAt = nil
	case c.emptyAt != nil && a.end() <= *c.emptyAt && *c.emptyAt <= c.place:
		c.place = (a.end() + *c.emptyAt) / 2 // the rows in between are gone, and the history ends there
	}
	return c.windowFor(c.place)
}

// search returns the window to look at after a, which is lost: where the growth of the total says, or before an empty
// page, since the history ends there; and then before that, since rows before the place may have gone, each time twice
// as far. It need not look after it: what is too early shows known rows.
func (c *cursor) search(a *answer) window {
	switch {
	case len(a.IDs) == 0:
		c.emptyAt, c.place = new(a.start()), a.start()
		if a.Total != nil {
			c.place = min(c.place, *a.Total)
		}
	case a.Total != nil && c.total != nil && *a.Total != *c.total:
		c.place = max(c.place+*a.Total-*c.total, 0)
	default: // it has just been looked at
		c.back = max(c.back, slackOnceLost)
	}
	c.total, c.slack = cmp.Or(a.Total, c.total), slackOnceLost
	next := c.windowFor(c.place - c.back)
	c.back = 2*c.back + slackOnceLost // 0, 12, 36, 84 ... rows
	return next
}

// window is a page of the history taken as an interval of offsets, the newest row at 0: page P with limit L shows the
// rows from (P-1)*L to before P*L, as they are when the gateway answers.
type window struct{ page, limit int }

func (w window) start() int { return (w.page - 1) * w.limit }
func (w window) end() int   { return w.page * w.limit }

// windowFor returns the window that shows the row before place and reaches furthest beyond it; where one can, it also shows
// the last row with an ID, and the slack rows before that.
func (c *cursor) windowFor(place int) window {
	from, to := place-1-c.unreadable, place+1
	return cmp.Or(widest(from-c.slack, to, minLimit, maxLimit), widest(from, to, minLimit, maxLimit), widest(place-1, place, minLimit, maxLimit))
}

// windowPastEnd is windowFor where the history seemed to end: the window also shows what follows the place, if anything
// does, and the last row with an ID. It asks for no more rows than the gateway is known to serve, where that can be,
// since one that cuts pages short would show the same rows again.
func (c *cursor) windowPastEnd() window {
	from, to := c.place-1-c.unreadable, c.place+1
	for high := c.served; high <= maxLimit; high++ {
		if w := cmp.Or(widest(from-c.slack, to, 2, high), widest(from, to, 2, high)); w != (window{}) {
			return w
		}
	}
	return c.windowFor(c.place)
}

// widest returns, of the windows with a limit from low to high that show the rows from the offset from to before to,
// the one that reaches furthest, if there is one. Only multiples of the limit can be addressed, so the limit is what
// there is to choose.
func widest(from, to, low, high int) (best window) {
	for limit := low; limit <= high; limit++ {
		if w := (window{max(from, 0)/limit + 1, limit}); w.end() >= max(to, best.end()+1) {
			best = w
		}
	}
	return best
}
