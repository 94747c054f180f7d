package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// D4: whether pages are as asked for, what their headers say, and what is after the last one.

// limits asks for pages of several sizes.
func limits(x *examination) finding {
	var asAsked, wrong []string
	said, _ := x.total()
	total := max(said, len(x.sample)) // or more
	for _, limit := range []int{1, 2, 10, 25, 49, outgoing.MaxLimit} {
		a, err := x.see(pageOf(1, limit))
		switch {
		case err != nil:
			return skip(err)
		case a.inconclusive() || !a.isRows && a.status/100 != 4:
			return skip(a.unusable())
		case a.isRows && len(a.rows) == min(limit, max(total, len(a.rows))):
			asAsked = append(asAsked, strconv.Itoa(limit))
		default:
			wrong = append(wrong, fmt.Sprintf("; %d gives %s", limit, a.describe()))
		}
	}
	return unless(wrong != nil, Fail, "as asked: %s (the history has %s)%s", cmp.Or(strings.Join(asAsked, ", "), "none"), inWords(total), strings.Join(wrong, ""))
}

// pages returns all pages so far that have rows.
func (x *examination) pages() []*answer {
	return slices.DeleteFunc(slices.Clone(x.answers), func(a *answer) bool { return !a.isRows || a.limit == 0 })
}

// says returns a check of a count in the header of all pages so far, by what it should be.
func says(name string, want func(x *examination, p *answer, said int) int) func(*examination) finding {
	return func(x *examination) finding {
		pages, right := x.pages(), 0
		for _, p := range pages {
			if said := p.count(name); said != nil {
				if n := want(x, p, *said); n != *said {
					return fail("says %s and should say %s (page %s, limit %d)", inWords(*said), inWords(n), inWords(p.page), p.limit)
				}
				right++
			}
		}
		return onPages(right, len(pages), "")
	}
}

func onPages(right, all int, wrong string) finding {
	if all == 0 {
		return skip(errors.New("there was no page"))
	}
	return unless(right < all, Note, "right on %d pages, absent or not readable on %d%s", right, all-right, wrong)
}

func limitOf(_ *examination, p *answer, _ int) int  { return p.limit }
func numberOf(_ *examination, p *answer, _ int) int { return p.page }

func pagesOf(_ *examination, p *answer, said int) int {
	if total := p.count("X-Total-Results"); total != nil {
		return (*total + p.limit - 1) / p.limit
	}
	return said
}

// totalOf returns at least as many as came.
func totalOf(x *examination, p *answer, said int) int {
	if p.limit < outgoing.MaxLimit { // it may have been asked for before some of the sample arrived
		return max(said, len(p.rows))
	}
	return max(said, len(x.sample))
}

// links compares the Link header with the pages.
func links(x *examination) finding {
	pages, right, wrong := x.pages(), 0, ""
	for _, p := range pages {
		next, total := p.links().Next, p.count("X-Total-Results")
		isMore := total == nil && next != "" || total != nil && p.page*p.limit < *total
		switch isThere := p.header.Values("Link") != nil; {
		case isThere && (isMore != (next != "") || isMore && linked(next, "page") != strconv.Itoa(p.page+1)):
			wrong = fmt.Sprintf("; next of page %s of %d is not as it should be", inWords(p.page), p.limit)
		case isThere || total != nil && *total <= p.limit: // where there is nothing to link to
			right++
		}
	}
	return onPages(right, len(pages), wrong)
}

// atEnd asks for the page that X-Total-Results says is the last one.
func atEnd(x *examination) (request, error) {
	total, err := x.total()
	return pageOf((total+outgoing.MaxLimit-1)/outgoing.MaxLimit, outgoing.MaxLimit), err
}

func lastPage(_ *examination, a *answer) finding {
	total := a.count("X-Total-Results") // as it is now
	switch {
	case a.inconclusive():
		return skip(a.unusable())
	case !a.isRows || total == nil:
		return fail("page %s: %s, or it has no X-Total-Results", inWords(a.page), a.describe())
	}
	want := min(*total-(a.page-1)*a.limit, a.limit)
	return unless(len(a.rows) < want, Fail, "page %s has %s; by X-Total-Results it has %d", inWords(a.page), errline.Plural(len(a.rows), "row"), want)
}

// afterEnd asks for a page that is not there, whatever size the pages have.
func afterEnd(x *examination) (request, error) {
	total, err := x.total()
	return pageOf(total+2, outgoing.MaxLimit), err
}

func (x *examination) total() (int, error) {
	a, err := x.see(pageOf(1, outgoing.MaxLimit))
	if err != nil {
		return 0, err
	}
	total := a.count("X-Total-Results")
	if !a.isRows || total == nil || *total == 0 {
		return 0, errors.New("X-Total-Results does not say where the end is, or the history is empty")
	}
	return *total, nil
}

func past(_ *examination, a *answer) finding {
	switch {
	case a.inconclusive():
		return skip(a.unusable())
	case a.status == http.StatusNotFound && a.isProblem:
		return note("%s", a.describe())
	}
	return unless(!a.isRows || len(a.rows) > 0, Fail, "%s", a.describe())
}

// joins compares page 2 of 25 with rows 26 to 50 of page 1 of 50, between two looks at the latter that agree.
func joins(x *examination) finding {
	const tries = 3
	for range tries {
		var ids [3][]int64
		for i, req := range []request{pageOf(1, 50), pageOf(2, 25), pageOf(1, 50)} {
			a, err := x.ask(req)
			if err == nil {
				err = a.unusable()
			}
			if err != nil {
				return skip(err)
			}
			ids[i] = idsOf(a.rows)
		}
		last := min(50, len(ids[0]))
		if last <= 25 {
			return skip(fmt.Errorf("page 1 of 50 has only %s", errline.Plural(last, "row")))
		}
		switch want := ids[0][25:last]; {
		case slices.Equal(ids[0], ids[2]):
			return unless(!slices.Equal(ids[1], want), Fail, "of rows 26 to %d of page 1 of 50 it shows %d of %d", last, len(both(want, ids[1])), len(want))
		case !slices.Equal(both(ids[0], ids[2]), both(ids[2], ids[0])):
			return fail("page 1 of 50 shows the same rows in another order the second time")
		}
	}
	return skip(fmt.Errorf("page 1 changed during each of %d tries", tries))
}

// both returns the IDs that are in others too, in their order.
func both(ids, others []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !slices.Contains(others, id) })
}
