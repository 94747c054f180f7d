package outgoing

// delivered is a cursor that has delivered these rows.
func delivered(ids ...int64) *cursor {
	c := newCursor()
	for _, id := range ids {
		c.deliver(id)
	}
	return c
}
