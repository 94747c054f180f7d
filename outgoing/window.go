package outgoing

// window is a page of the history taken as an interval of offsets: page P with limit L shows the rows at offsets
// (P-1)*L to P*L-1, as they are when the gateway answers.
type window struct{ page, limit int }

func (w window) start() int { return (w.page - 1) * w.limit }
func (w window) end() int   { return w.page * w.limit }

const leastLimit = MaxLimit / 2

// aim picks the window that shows the row at offset at, and the slack rows before it where a window can, and reaches
// furthest behind it. Only multiples of the limit can be addressed, so the limit is what there is to choose.
func aim(at, slack int) window {
	at = max(at, 0)
	if w, ok := reach(at, slack, leastLimit, MaxLimit); ok {
		return w
	}
	w, _ := reach(at, 0, leastLimit, MaxLimit)
	return w
}

// aimAtEnd is aim where the history seemed to end: the window also shows what follows the row at offset at, if anything
// does. It asks for no more rows than the gateway is known to serve, where that can be, since one that cuts pages short
// would show the same rows again.
func aimAtEnd(at, slack, served int) window {
	at = max(at, 0)
	for most := max(2, min(served, MaxLimit)); ; most++ {
		for _, slack := range []int{min(slack, most/2), 0} {
			if w, _ := reach(at, slack, 2, most); w.end() > at+1 {
				return w
			}
		}
	}
}

// reach picks, among the windows with a limit from least to most that start slack rows before at or earlier, the one that
// shows the most rows behind at.
func reach(at, slack, least, most int) (best window, ok bool) {
	for limit := least; limit <= most; limit++ {
		w := window{max(at-slack, 0)/limit + 1, limit}
		if w.end() > at && w.end() > best.end() {
			best, ok = w, true
		}
	}
	return best, ok
}
