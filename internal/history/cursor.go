package history

// cursor is what a walk has delivered so far, and where in the history it thinks it is. It decides, from the IDs that a
// window shows, which of its rows may be delivered, and where to look next. It knows nothing of HTTP.
//
// It rests on one assumption: two messages never swap their order. So whatever a window shows directly after a delivered
// row comes next, and nothing else is known to.
type cursor struct {
	delivered int
	recent    []int64       // the last IDs delivered, oldest first; 0 stands for a row without a readable ID
	known     map[int64]int // of recent: how many rows were delivered up to and with it
	lastID    int64

	at       int  // the offset of the last delivered row, as far as is known
	total    *int // how long the history was said to be when at was right
	slack    int  // how far before at the next window starts: 0 until a window missed
	misses   int  // fruitless windows in a row
	searched int  // of those, how many looked around
	empty    int  // of those, how many showed nothing at all
}

const (
	remembered     = 512
	maxMisses      = 8
	slackAfterMiss = 12
)

func newCursor() *cursor { return &cursor{known: make(map[int64]int), at: -1} }

// overlap is how a window relates to what was delivered.
type overlap int

const (
	noOverlap overlap = iota // nothing in it is known
	tooEarly                 // it ends before the last delivered row
	doubtful                 // rows may have moved across its start: a window with slack will show
	overlaps                 // it goes on where the deliveries ended
)

// match is a window held against what was delivered.
type match struct {
	overlap
	last    int  // the index of the last known row; -1 without one
	from    int  // the index of the first row to deliver
	altered bool // rows that were delivered stand in another order, or others between them
}

// view is what one answer shows.
type view struct {
	window
	ids   []int64
	total *int
	fresh bool // asked for when all that is delivered by now had been seen
}

func (v view) short() bool { return len(v.ids) < v.limit }

// locate finds the place in a window's rows after which nothing has been delivered yet. fresh means that the window was
// requested after the last delivered row had been seen: then any delivered row will do to join at, since the later ones
// must be gone. In an older window a row may still be shown that was gone when its successors were delivered, so it must
// be the last delivered row itself, and nothing unknown may stand before it. A short window is the last one, so that what
// it does not show is gone.
func (c *cursor) locate(v view) (m match) {
	ids := v.ids
	m.last = -1
	if c.delivered == 0 {
		m.overlap = overlaps
		return m
	}
	for i, id := range ids {
		if _, ok := c.known[id]; ok {
			m.last = i
		}
	}
	if m.last < 0 {
		return m
	}
	altered, unsure := c.compare(ids[:m.last+1])
	m.from = c.afterUnreadable(ids, m.last+1)
	isLast := ids[m.last] == c.lastID
	switch {
	case !v.fresh && (!isLast || altered || unsure):
		m.overlap = tooEarly
	case v.fresh && !isLast && m.from == len(ids) && !v.short():
		m.overlap = tooEarly
	case c.slack == 0 && (unsure || c.moved(v.start()+m.last, ids[m.last], v.total)):
		m.overlap = doubtful
	default:
		m.overlap, m.altered = overlaps, altered
	}
	return m
}

// compare holds rows, the last of which is known, against the order in which they were delivered. They are altered if a
// known row stands before one that was delivered earlier, or an unknown one between two known ones. An unknown one before
// all of them may have arrived, if all that was delivered before them is gone: so that is unsure.
func (c *cursor) compare(ids []int64) (altered, unsure bool) {
	before, unknown := 0, false
	for _, id := range ids {
		n, known := c.known[id]
		switch {
		case id == 0:
		case !known:
			unknown = true
		default:
			unsure = unsure || unknown && before == 0 && n > c.delivered-len(c.recent)+1
			altered = altered || n < before || unknown && before > 0
			before, unknown = n, false
		}
	}
	return altered, unsure
}

// moved reports whether a delivered row stands at another offset than the growth of the total explains.
func (c *cursor) moved(offset int, id int64, total *int) bool {
	return total != nil && c.total != nil && offset != c.at-(c.delivered-c.known[id])+*total-*c.total
}

// afterUnreadable passes over the rows without an ID that were delivered after the last row with one.
func (c *cursor) afterUnreadable(ids []int64, from int) int {
	for i := len(c.recent) - 1; i >= 0 && c.recent[i] == 0 && from < len(ids) && ids[from] == 0; i-- {
		from++
	}
	return from
}

// deliver notes a row. It is false for a row that was delivered before: a gateway that repeats a row must not make the
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

// advance notes a window that was joined, with news or without.
func (c *cursor) advance(v view, news bool) {
	c.at, c.total, c.searched, c.empty = v.start()+len(v.ids)-1, v.total, 0, 0
	if news {
		c.misses = 0
	} else {
		c.misses++
	}
}

// skipForward notes a window that ended too early: at the index last it shows a row after which others were delivered.
func (c *cursor) skipForward(v view, last int) window {
	after := c.delivered - c.known[v.ids[last]]
	c.misses++
	c.at, c.total, c.searched, c.empty = v.start()+last+after, v.total, 0, 0
	return windowFor(c.at, max(c.slack, min(after, minLimit-1)))
}

// search notes a window that showed nothing known, and looks around: first where the growth of the total says, then
// before that place, since rows before the last one may have been deleted, and after it, since the total may lag behind
// what arrived, each time twice as far away.
//
// An empty window says that the history ends before it: then the last row delivered is at the end, or before that.
func (c *cursor) search(v view) window {
	total := v.total
	c.misses++
	c.slack = slackAfterMiss
	if len(v.ids) == 0 {
		end := v.start()
		if total != nil {
			end = min(end, *total)
		}
		back := slackAfterMiss<<c.empty - slackAfterMiss
		c.empty++
		return windowFor(end-1-back, c.slack)
	}
	growth := 0
	if total != nil && c.total != nil {
		growth = *total - *c.total
	}
	if total != nil {
		c.total = total
	}
	c.at = max(c.at+growth, 0)
	if c.searched == 0 && growth != 0 {
		return windowFor(c.at, c.slack)
	}
	distance := slackAfterMiss << c.searched
	if c.searched%2 == 0 {
		distance = -distance
	}
	c.searched++
	return windowFor(c.at+distance, c.slack)
}

// exhausted reports whether looking any further makes no sense.
func (c *cursor) exhausted() bool { return c.misses >= maxMisses }

// window is a page of the history taken as an interval of offsets: page P with limit L shows the rows at offsets
// (P-1)*L to P*L-1, as they are when the gateway answers.
type window struct{ page, limit int }

func (w window) start() int { return (w.page - 1) * w.limit }
func (w window) end() int   { return w.page * w.limit }

const minLimit, maxLimit = 25, 50

// windowFor picks the window that shows the row at offset at, and the slack rows before it where a window can, and reaches
// furthest beyond it. Only multiples of the limit can be addressed, so the limit is what there is to choose.
func windowFor(at, slack int) window {
	at = max(at, 0)
	if w, ok := widestWindow(at, slack, minLimit, maxLimit); ok {
		return w
	}
	w, _ := widestWindow(at, 0, minLimit, maxLimit)
	return w
}

// following returns the window that will be needed after w if nothing changes.
func (c *cursor) following(w window) window { return windowFor(w.end()-1, c.slack) }

// windowPastEnd is windowFor where the history seemed to end: the window also shows what follows the row at offset at,
// if anything does. It asks for no more rows than the gateway is known to serve, where that can be, since one that cuts
// pages short would show the same rows again.
func windowPastEnd(at, slack, served int) window {
	at = max(at, 0)
	for high := max(2, min(served, maxLimit)); ; high++ {
		for _, slack := range []int{min(slack, high/2), 0} {
			if w, _ := widestWindow(at, slack, 2, high); w.end() > at+1 {
				return w
			}
		}
	}
}

// widestWindow picks, among the windows with a limit from low to high that start slack rows before at or earlier, the
// one that shows the most rows after at.
func widestWindow(at, slack, low, high int) (best window, ok bool) {
	for limit := low; limit <= high; limit++ {
		w := window{max(at-slack, 0)/limit + 1, limit}
		if w.end() > at && w.end() > best.end() {
			best, ok = w, true
		}
	}
	return best, ok
}
