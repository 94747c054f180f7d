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
		a := x.see(pageOf(1, limit))
		switch {
		case a.inconclusive() != nil || a.rows == nil && a.StatusCode/100 != 4:
			return skip(a.unusable())
		case a.rows != nil && len(a.rows) == min(limit, max(total, len(a.rows))):
			asAsked = append(asAsked, strconv.Itoa(limit))
		default:
			wrong = append(wrong, fmt.Sprintf("; %d gives %s", limit, a.describe()))
		}
	}
	return unless(wrong != nil, Fail, "as asked: %s (the history has %s)%s",
		cmp.Or(strings.Join(asAsked, ", "), "none"), inWords(total), strings.Join(wrong, ""))
}

// pages returns all pages so far that have rows.
func (x *examination) pages() []*answer {
	return slices.DeleteFunc(slices.Clone(x.answers), func(a *answer) bool { return a.rows == nil || a.limit == 0 })
}

// says returns a check of a count in the header of all pages so far, by what it should be.
func says(name string) func(*examination) finding {
	return func(x *examination) finding {
		pages, right := x.pages(), 0
		for _, p := range pages {
			if said := p.count(name); said != nil {
				if n := x.wanted(name, p, *said); n != *said {
					return Fail.found("says %s and should say %s (page %s, limit %d)",
						inWords(*said), inWords(n), inWords(p.page), p.limit)
				}
				right++
			}
		}
		return onPages(right, len(pages), "")
	}
}

// wanted returns what a count in the header of a page should be.
func (x *examination) wanted(name string, p *answer, said int) int {
	switch total := p.count("X-Total-Results"); {
	case name == "X-Limit":
		return p.limit
	case name == "X-Current-Page":
		return p.page
	case name == "X-Total-Results" && p.limit < outgoing.MaxLimit: // it may be older than some of the sample
		return max(said, len(p.rows))
	case name == "X-Total-Results":
		return max(said, len(x.sample)) // or more
	case total != nil:
		return (*total + p.limit - 1) / p.limit
	}
	return said
}

func onPages(right, all int, wrong string) finding {
	if all == 0 {
		return skip(errors.New("there was no page"))
	}
	return unless(right < all, Note, "right on %d pages, absent or not readable on %d%s", right, all-right, wrong)
}

// links compares the Link header with the pages.
func links(x *examination) finding {
	pages, right, wrong := x.pages(), 0, ""
	for _, p := range pages {
		next, total := p.links().Next, p.count("X-Total-Results")
		isMore := total == nil && next != "" || total != nil && p.page*p.limit < *total
		switch isThere := p.Header.Values("Link") != nil; {
		case isThere && (isMore != (next != "") || isMore && linked(next, "page") != strconv.Itoa(p.page+1)):
			wrong = fmt.Sprintf("; next of page %s of %d is not as it should be", inWords(p.page), p.limit)
		case isThere || total != nil && *total <= p.limit: // where there is nothing to link to
			right++
		}
	}
	return onPages(right, len(pages), wrong)
}

// toPage asks for a page whose number depends on how many messages there are.
func toPage(number func(total int) int) func(*examination) (*answer, error) {
	return func(x *examination) (*answer, error) {
		total, err := x.total()
		if err != nil {
			return nil, err
		}
		return to(pageOf(number(total), outgoing.MaxLimit))(x)
	}
}

func last(total int) int  { return (total + outgoing.MaxLimit - 1) / outgoing.MaxLimit }
func after(total int) int { return total + 2 } // whatever size the pages have

func lastPage(a *answer) finding {
	total := a.count("X-Total-Results") // as it is now
	if a.rows == nil || total == nil {
		return Fail.found("page %s: %s, or it has no X-Total-Results", inWords(a.page), a.describe())
	}
	want := min(*total-(a.page-1)*a.limit, a.limit)
	return unless(len(a.rows) < want, Fail, "page %s has %s; by X-Total-Results it has %d",
		inWords(a.page), errline.Plural(len(a.rows), "row"), want)
}

func (x *examination) total() (int, error) {
	a := x.see(pageOf(1, outgoing.MaxLimit))
	total := a.count("X-Total-Results")
	if a.rows == nil || total == nil || *total == 0 {
		return 0, cmp.Or(a.failed, errors.New("X-Total-Results does not say where the end is, or the history is empty"))
	}
	return *total, nil
}

func past(a *answer) finding {
	if a.StatusCode == http.StatusNotFound && a.problem != nil {
		return Note.found("%s", a.describe())
	}
	return unless(a.rows == nil || len(a.rows) > 0, Fail, "%s", a.describe())
}

// joins compares page 2 of 25 with rows 26 to 50 of page 1 of 50, between two looks at the latter that agree.
func joins(x *examination) finding {
	const tries = 3
	for range tries {
		var ids [3][]int64
		for i, req := range []request{pageOf(1, 50), pageOf(2, 25), pageOf(1, 50)} {
			a := x.ask(req)
			if err := a.unusable(); err != nil {
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
			return unless(!slices.Equal(ids[1], want), Fail, "of rows 26 to %d of page 1 of 50 it shows %d of %d",
				last, len(both(want, ids[1])), len(want))
		case !slices.Equal(both(ids[0], ids[2]), both(ids[2], ids[0])):
			return Fail.found("page 1 of 50 shows the same rows in another order the second time")
		}
	}
	return skip(fmt.Errorf("page 1 changed during each of %d tries", tries))
}

// both returns the IDs that are in others too, in their order.
func both(ids, others []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !slices.Contains(others, id) })
}

// D6: what a look-up gives for IDs that the history shows and for those that it does not.

func askOne(known, _ []int64) []int64         { return known[:1] }
func askTwice(known, _ []int64) []int64       { return []int64{known[0], known[0]} }
func askUnknown(_, unknown []int64) []int64   { return unknown[:1] }
func askAmong(known, unknown []int64) []int64 { return []int64{known[0], unknown[0]} }
func askTooMany(a, b []int64) []int64         { return slices.Concat(a, b)[:outgoing.MaxIDs+1] }

// askMany puts them into an order that is neither that of their IDs nor its reverse.
func askMany(known, _ []int64) []int64 {
	known = known[:min(len(known), outgoing.MaxIDs)]
	return slices.Concat(known[len(known)/2:], known[:len(known)/2])
}

// lookUp returns a check of a look-up, which finds nothing worse.
func lookUp(name string, choose func(known, unknown []int64) []int64, worst Verdict) func(*examination) finding {
	return func(x *examination) finding {
		sample, err := sample(x)
		if err != nil {
			return skip(err)
		}
		known, unknown := idsOf(identified(sample)), []int64(nil)
		if known == nil {
			return skip(errors.New("no row has an ID that can be read"))
		}
		for i := range int64(outgoing.MaxIDs) {
			unknown = append(unknown, slices.Max(known)+100_000_000-i)
		}
		asked := choose(known, unknown)
		ids := strings.ReplaceAll(strings.Trim(fmt.Sprint(asked), "[]"), " ", ",")
		a, err := to(request{name: name, target: "/messages/" + ids})(x)
		if err != nil {
			return skip(err)
		}
		seen := found(a, slices.Compact(both(asked, known)), len(both(asked, unknown)))
		if seen.verdict == Fail {
			seen.verdict = worst
		}
		return seen
	}
}

// found expects the rows of the known IDs, and counters that agree with them; or a 400 if there are too many.
func found(a *answer, known []int64, unknown int) finding {
	ids, success, failure := idsOf(a.rows), a.count("X-Success-Count"), a.count("X-Error-Count")
	switch missing := len(known) - len(both(known, ids)); {
	case len(known)+unknown > outgoing.MaxIDs:
		return unless(a.StatusCode != http.StatusBadRequest, Note, "%s; documented are at most %d IDs", a.describe(), outgoing.MaxIDs)
	case a.StatusCode == http.StatusNotFound && a.problem != nil && len(known) == 0:
		return Note.found("%s", a.describe())
	case a.rows == nil || missing > 0 || len(ids) > len(known):
		return Fail.found("%s; of %d IDs that the history shows %d are not found, and %s too many",
			a.describe(), len(known), missing, errline.Plural(max(0, len(ids)-len(known)), "row"))
	case success == nil || failure == nil:
		return Note.found("%s; X-Success-Count or X-Error-Count is absent or not a count, and nil in Meta (M1)", a.describe())
	}
	order := map[bool]string{true: " in the order asked", false: " in another order than asked"}[slices.Equal(ids, known)]
	return unless(*success != len(known) || *failure != unknown, Fail,
		"%s%s; X-Success-Count is %s and X-Error-Count %s, found were %d and not found %d",
		a.describe(), order, inWords(*success), inWords(*failure), len(known), unknown)
}
