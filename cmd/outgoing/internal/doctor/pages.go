package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// D4: whether pages are as asked for, what their headers say, and what is after the last one.

// limits asks for pages of several sizes.
func limits(x *examination) Result {
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

// onPages returns a check of what a header of the pages so far says: whether it is there, and what is wrong with it, if
// anything is.
func onPages(verdict Verdict, check func(p *answer) (isThere bool, wrong string)) func(*examination) Result {
	return func(x *examination) Result {
		right, all := 0, 0
		for _, p := range x.answers {
			if p.rows == nil || p.limit == 0 {
				continue
			}
			isThere, wrong := check(p)
			if wrong != "" {
				return verdict.found("%s (page %s, limit %d)", wrong, inWords(p.page), p.limit)
			}
			if all++; isThere {
				right++
			}
		}
		if all == 0 {
			return Skipped.found("there was no page")
		}
		return unless(right < all, Note, "right on %d pages, absent or not readable on %d", right, all-right)
	}
}

// says returns a check of a count, by what it should be.
func says(name string, wanted func(p *answer, said int) int) func(*examination) Result {
	return onPages(Fail, func(p *answer) (isThere bool, wrong string) {
		said := p.count(name)
		if said == nil {
			return false, ""
		}
		if n := wanted(p, *said); n != *said {
			wrong = fmt.Sprintf("says %s and should say %s", inWords(*said), inWords(n))
		}
		return true, wrong
	})
}

func limitOf(p *answer, _ int) int        { return p.limit }
func numberOf(p *answer, _ int) int       { return p.page }
func rowsAtLeast(p *answer, said int) int { return max(said, len(p.rows)) }

func pagesInAll(p *answer, said int) int {
	if total := p.count("X-Total-Results"); total != nil {
		return (*total + p.limit - 1) / p.limit
	}
	return said
}

// links compares the next page of the Link header with the total.
func links(p *answer) (isThere bool, wrong string) {
	isThere = p.Header.Values("Link") != nil
	total := p.count("X-Total-Results")
	if total == nil {
		return isThere, ""
	}
	wanted := ""
	if p.page*p.limit < *total {
		wanted = strconv.Itoa(p.page + 1)
	}
	next, err := url.Parse(header.ParseLinks(p.Header.Values("Link"), p.Request.URL)["next"])
	if isThere && (err != nil || next.Query().Get("page") != wanted) {
		wrong = "the next page is not as it should be"
	}
	return isThere || *total <= p.limit, wrong // where there is nothing to link to
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

func lastPage(a *answer) Result {
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

func past(a *answer) Result {
	if a.StatusCode == http.StatusNotFound && a.isProblem {
		return Note.found("%s", a.describe())
	}
	return unless(a.rows == nil || len(a.rows) > 0, Fail, "%s", a.describe())
}

// joins compares page 2 of 25 with rows 26 to 50 of page 1 of 50, between two looks at the latter that agree, for which it
// tries three times.
func joins(x *examination) Result {
	for range 3 {
		var ids [3][]int64
		for i, req := range []request{pageOf(1, 50), pageOf(2, 25), pageOf(1, 50)} {
			a := x.ask(req)
			if err := a.unusable(); err != nil {
				return skip(err)
			}
			ids[i] = idsOf(a.rows)
		}
		before, page, later := ids[0], ids[1], ids[2]
		switch last := min(50, len(before)); {
		case last <= 25:
			return Skipped.found("page 1 of 50 has only %s", errline.Plural(last, "row"))
		case slices.Equal(before, later):
			want := before[25:last]
			return unless(!slices.Equal(page, want), Fail, "of rows 26 to %d of page 1 of 50 it shows %d of %d",
				last, len(both(want, page)), len(want))
		case !slices.Equal(both(before, later), both(later, before)):
			return Fail.found("page 1 of 50 shows the same rows in another order the second time")
		}
	}
	return Skipped.found("page 1 changed meanwhile, three times")
}

// both returns the IDs that are in others too, in their order.
func both(ids, others []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !slices.Contains(others, id) })
}

// D6: what a look-up gives for IDs that the history shows and for those that it does not.

// lookUp returns a check of a look-up of so many IDs that the history shows, if it shows as many, and so many that it does not.
// Each is named so many times. The check finds nothing worse than worst.
func lookUp(name string, known, unknown, times int, worst Verdict) func(*examination) Result {
	return func(x *examination) Result {
		sample, err := sample(x)
		ids := idsOf(identified(sample))
		if ids == nil {
			return skip(cmp.Or(err, errors.New("no row has an ID that can be read")))
		}
		newest := slices.Max(ids)
		ids = ids[:min(known, len(ids))]
		ids = slices.Concat(ids[len(ids)/2:], ids[:len(ids)/2]) // neither in their order nor in its reverse
		asked := slices.Clone(ids)
		for n := range unknown {
			asked = append(asked, newest+100_000_000+int64(n))
		}
		list := strings.Trim(fmt.Sprint(slices.Repeat(asked, times)), "[]")
		a, err := to(request{name: name, target: "/messages/" + strings.ReplaceAll(list, " ", ",")})(x)
		if err != nil {
			return skip(err)
		}
		r := found(a, ids, unknown)
		if r.Verdict == Fail {
			r.Verdict = worst
		}
		return r
	}
}

// found expects the rows of the known IDs, and counters that agree with them; or a 400 if there are too many.
func found(a *answer, known []int64, unknown int) Result {
	ids, success, failure := idsOf(a.rows), a.count("X-Success-Count"), a.count("X-Error-Count")
	switch missing := len(known) - len(both(known, ids)); {
	case len(known)+unknown > outgoing.MaxIDs:
		return unless(a.StatusCode != http.StatusBadRequest, Note, "%s; documented are at most %d IDs", a.describe(), outgoing.MaxIDs)
	case a.StatusCode == http.StatusNotFound && a.isProblem && len(known) == 0:
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
