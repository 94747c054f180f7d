package history

import "cmp"

// window is a page of the history taken as an interval of offsets: page P with limit L shows the rows at offsets
// (P-1)*L to P*L-1, as they are when the gateway answers.
type window struct{ page, limit int }

func (w window) start() int { return (w.page - 1) * w.limit }
func (w window) end() int   { return w.page * w.limit }

const minLimit, maxLimit = 25, 50

// windowFor returns the window that shows the row at offset at, and the slack rows before it where a window can, and
// reaches furthest beyond it. Only multiples of the limit can be addressed, so the limit is what there is to choose.
func windowFor(at, slack int) window {
	return cmp.Or(widestWindow(at, slack, minLimit, maxLimit), widestWindow(at, 0, minLimit, maxLimit))
}

// windowPastEnd is windowFor where the history seemed to end: the window also shows what follows the row at offset at,
// if anything does. It asks for no more rows than the gateway is known to serve, where that can be, since one that cuts
// pages short would show the same rows again.
func windowPastEnd(at, slack, served int) window {
	for high := max(2, min(served, maxLimit)); ; high++ {
		if w := cmp.Or(widestWindow(at+1, min(slack, high/2)+1, 2, high), widestWindow(at+1, 1, 2, high)); w != (window{}) {
			return w
		}
	}
}

// widestWindow returns, of the windows with a limit from low to high that start slack rows before at or earlier, the one
// that shows the most rows from at on, or none.
func widestWindow(at, slack, low, high int) (best window) {
	at = max(at, 0)
	for limit := low; limit <= high; limit++ {
		if w := (window{max(at-slack, 0)/limit + 1, limit}); w.end() > max(at, best.end()) {
			best = w
		}
	}
	return best
}
