package outgoing

// window is a page of the history taken as an interval of offsets: page P with limit L shows the rows at offsets
// (P-1)*L to P*L-1, as they are when the gateway answers.
type window struct{ page, limit int }

func (w window) start() int { return (w.page - 1) * w.limit }
func (w window) end() int   { return w.page * w.limit }

const (
	leastLimit = MaxLimit / 2
	fewest     = 7 // rows asked for to look behind the end, where the last window had fewer
)

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

// aimAtEnd picks the window that shows whether anything follows the row at offset at, when a window of rows rows seemed to
// end there. It asks for no more than these, since a gateway that cuts pages short must have served them, too.
func aimAtEnd(at, rows int) window {
	most := max(fewest, min(rows, MaxLimit))
	if w, ok := reach(max(at, 0), 0, 2, most); ok && w.end() > at+1 {
		return w
	}
	return window{(at+1)/most + 1, most}
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
