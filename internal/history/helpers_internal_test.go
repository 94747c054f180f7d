package history

// delivered is a cursor that has delivered these rows.
func delivered(ids ...int64) *cursor {
	c := new(newCursor())
	for _, id := range ids {
		c.deliver(id)
	}
	return c
}

// full is a page with nothing known on it.
func full(total *int) view { return view{window{1, 50}, make([]int64, 50), total, true} }
