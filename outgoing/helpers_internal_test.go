package outgoing

// delivered is a chain that ends in these rows.
func delivered(ids ...int64) *cursor {
	c := newCursor()
	for _, id := range ids {
		c.deliver(id)
	}
	return c
}
