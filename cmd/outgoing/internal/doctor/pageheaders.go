package doctor

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// pageHeaders compares what the headers of all pages so far say with the requests and with each other.
func (x *examination) pageHeaders(ctx context.Context) []Result {
	var pages []headedPage
	for _, a := range x.answers {
		if rows, err := a.rows(); err == nil && a.limit > 0 && a.token == "" {
			pages = append(pages, headedPage{a, a.says(), len(rows)})
		}
	}
	titles := []string{"X-Limit", "X-Current-Page", "X-Total-Results", "X-Total-Pages", "Link"}
	if len(pages) == 0 {
		return skipAll(titles, errors.New("there was no page"))
	}
	return []Result{
		compareHeader(pages, "X-Limit", "H9: All ends with an error if X-Limit is not the limit asked for",
			func(p headedPage) (*int, int) { return p.said.Limit, p.limit }),
		compareHeader(pages, "X-Current-Page", "H4: All does not use a page whose X-Current-Page is not the one asked for",
			func(p headedPage) (*int, int) { return p.said.CurrentPage, p.page }),
		totals(pages, x.rowsSeen(ctx)),
		compareHeader(pages, "X-Total-Pages", "documented; the library does not depend on it", func(p headedPage) (*int, int) {
			if p.said.TotalResults == nil {
				return p.said.TotalPages, orZero(p.said.TotalPages)
			}
			return p.said.TotalPages, (*p.said.TotalResults + p.limit - 1) / p.limit
		}),
		linkHeader(pages),
	}
}

// headedPage is a page with rows, and what its headers say.
type headedPage struct {
	*answer
	said outgoing.Page
	rows int
}

func orZero(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

const promiseAbsent = "M1: what is absent or cannot be read is nil in a Page; All then has less to check its end by"

// compareHeader compares a header of each page with what it should say.
func compareHeader(pages []headedPage, name, promise string, values func(headedPage) (said *int, want int)) Result {
	missing := 0
	for _, p := range pages {
		said, want := values(p)
		if said == nil {
			missing++
			continue
		}
		if *said != want {
			return fail(name, "says %s and should say %s (page %d, limit %d)", count(*said), count(want), p.page, p.limit).resting(promise)
		}
	}
	return missingHeader(pages, name, missing, "right")
}

func missingHeader(pages []headedPage, name string, missing int, otherwise string) Result {
	if missing == 0 {
		return ok(name, "%s on %d pages", otherwise, len(pages))
	}
	unreadable := slices.ContainsFunc(pages, func(p headedPage) bool { return len(p.header.Values(name)) > 0 })
	text := "absent from"
	if unreadable {
		text = "absent from, or not a count on,"
	}
	return note(name, "%s %d of %d pages", text, missing, len(pages)).resting(promiseAbsent)
}

// totals compares X-Total-Results with the rows that came.
func totals(pages []headedPage, seen int) Result {
	const name, promise = "X-Total-Results", "H9: All compares its end with the total"
	least, most, missing := -1, -1, 0
	for _, p := range pages {
		total := p.said.TotalResults
		if total == nil {
			missing++
			continue
		}
		if *total < p.rows {
			return fail(name, "says %s on a page of %s", count(*total), rowCount(p.rows)).resting(promise)
		}
		if least < 0 || *total < least {
			least = *total
		}
		most = max(most, *total)
	}
	switch {
	case missing > 0:
		return missingHeader(pages, name, missing, "")
	case most < seen:
		return fail(name, "says %s at most, and %s different rows were seen", count(most), count(seen)).resting(promise)
	case least != most:
		return note(name, "between %s and %s: messages came or went, or it depends on the page", count(least), count(most)).resting(promise)
	}
	return ok(name, "%s on %d pages", count(most), len(pages))
}

// linkHeader compares the Link header with the pages.
func linkHeader(pages []headedPage) Result {
	const name, promise = "Link", "H9: All does not end while Link speaks of a next page; its URLs are not requested (H8)"
	absent := 0
	for _, p := range pages {
		total := p.said.TotalResults
		if len(p.header.Values(name)) == 0 {
			if total == nil || *total > p.limit { // else there is nothing to link to
				absent++
			}
			continue
		}
		if next := p.said.Links.Next; next != "" {
			if page, _ := linked(next); page != strconv.Itoa(p.page+1) {
				return note(name, "next of page %d is not page %d", p.page, p.page+1).resting(promise)
			}
		}
		if total == nil {
			continue
		}
		if more := p.page*p.limit < *total; more != (p.said.Links.Next != "") {
			return note(name, "page %d of %d has %s next, and by X-Total-Results it should be the other way", p.page, p.limit,
				map[bool]string{true: "no", false: "a"}[more]).resting(promise)
		}
	}
	switch {
	case absent == len(pages):
		return note(name, "absent from all %d pages", len(pages)).resting(promise)
	case absent > 0:
		return note(name, "absent from %d of %d pages", absent, len(pages)).resting(promise)
	}
	if seen := relations(pages); seen != "" {
		return ok(name, "right on %d pages, with %s", len(pages), seen)
	}
	return ok(name, "absent, as there is only one page")
}

// relations lists the relation types that were seen.
func relations(pages []headedPage) string {
	var seen []string
	for _, p := range pages {
		links := p.said.Links
		for _, l := range []struct{ rel, target string }{{"first", links.First}, {"prev", links.Prev}, {"next", links.Next}, {"last", links.Last}} {
			if l.target != "" && !slices.Contains(seen, l.rel) {
				seen = append(seen, l.rel)
			}
		}
	}
	slices.Sort(seen)
	return strings.Join(seen, ", ")
}
