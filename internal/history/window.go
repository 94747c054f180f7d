package history

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
