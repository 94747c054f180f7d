package history

import (
	"cmp"
	"fmt"
	"slices"
)

// counts holds what the gateway says about the length of the history against what its pages show, to decide whether the
// history may end where a page is short.
//
// In one answer the total and the offset after the last row of a short page are two ways to say the same thing,
// whatever arrived or was deleted before. A total may be a few requests older or newer than the rows, though: so where
// the history ended in one answer may explain the total of another, as long as both are among the few since the first
// short page.
type counts struct {
	first   *int // the first total: how many rows there were when the walk began
	varied  bool // not all totals were the same
	suspect bool // a short page was not the end, or rows were shown in another order than before

	// Since something new was delivered:
	sawEnd    bool  // a page showed the end of the history
	inARow    int   // how many such pages there were in a row
	ends      []int // the offsets after the last rows of short pages, these and others
	totals    []int // those of all answers since the first short page, that one included
	nextLinks int   // how many short pages in a row had a next one by their Link header only
}

// maxContradictions is how many answers in a row may contradict the end. It allows for a total that is four requests
// old.
const maxContradictions = 5

// reset records that rows were delivered, so that the history did not end before.
func (c *counts) reset() {
	*c = counts{first: c.first, varied: c.varied, suspect: c.suspect || c.sawEnd}
}

// observe takes an answer into account.
func (c *counts) observe(a *answer, m match) {
	c.suspect = c.suspect || m.reordered
	c.inARow++
	if m.relation != joined || !a.short() {
		c.inARow = 0
	}
	c.sawEnd = c.sawEnd || c.inARow > 0
	if a.short() {
		c.ends = append(c.ends, a.start()+len(a.IDs))
		c.nextLinks++
		if !a.HasNext || a.Total != nil && *a.Total > a.end() {
			c.nextLinks = 0
		}
	}
	if a.Total == nil {
		return
	}
	c.first = cmp.Or(c.first, a.Total)
	c.varied = c.varied || *a.Total != *c.first
	if len(c.ends) > 0 {
		c.totals = append(c.totals, *a.Total)
	}
}

// judge reports whether the history has ended: one more page confirmed it, and no count says that there must be more
// rows than were delivered. contradiction is what the counts say against the end, if they have said it for too long, or
// if the end was reached over rows that were suspect and fewer were delivered than there were.
//
// Totals say so if they are higher than the number of rows delivered, and than where the history ended. As long as the
// total has not changed, nothing arrived or went, and each short page has to end just there: one that ends elsewhere is
// not the page that was asked for.
func (c *counts) judge(delivered int) (ended bool, contradiction string) {
	missing := c.first != nil && *c.first > delivered
	exceed := missing && len(c.totals) > 0 && (slices.Min(c.totals) > slices.Max(c.ends) ||
		!c.varied && slices.ContainsFunc(c.ends, func(end int) bool { return end != *c.first }))
	switch {
	case exceed && len(c.totals) >= maxContradictions:
		return false, fmt.Sprintf("X-Total-Results says %d", slices.Min(c.totals))
	case c.nextLinks >= maxContradictions:
		return false, "Link has a next page"
	case exceed || c.nextLinks > 0 || c.inARow < 2:
		return false, ""
	case c.suspect && missing:
		return true, fmt.Sprintf("X-Total-Results said %d at first", *c.first)
	}
	return true, ""
}
