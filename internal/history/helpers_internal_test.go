package history

// delivered is a cursor that has delivered these rows.
func delivered(ids ...int64) *cursor {
	c := new(cursor)
	for _, id := range ids {
		c.deliver(id)
	}
	return c
}

// full is a page with nothing known on it.
func full(total *int) *answer {
	return &answer{window: window{1, 50}, Page: Page{IDs: make([]int64, 50), Total: total}}
}

// aimed is the window of a cursor with so much slack.
func aimed(place, slack int) window { return (&cursor{slack: slack}).windowFor(place) }
