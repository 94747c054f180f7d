package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// checkPages is D4: whether pages are as asked for, what the headers say about them, and what is after the last one.
func checkPages(ctx context.Context, x *examination) []Result {
	results := []Result{x.limits(ctx), x.defaultLimit(ctx)}
	results = append(results, x.pageHeaders(ctx)...)
	results = append(results, x.lastPage(ctx), x.joins(ctx))
	return append(results, x.pastTheEnd(ctx)...)
}

const promiseWindows = "H9: All asks for pages of 25 to 50, and ends with an error if it gets other ones"

// limits asks for pages of several sizes.
func (x *examination) limits(ctx context.Context) Result {
	const title = "limits"
	var (
		asked    = []int{1, 2, 10, 25, 49, outgoing.MaxLimit}
		got      = map[int]int{}
		refused  []string
		honoured []string
		wrong    []string
		skipped  error
	)
	atLeast := x.rowsSeen(ctx)
	for _, limit := range asked {
		a, rows, err := x.rows(ctx, 1, limit)
		switch {
		case err != nil && a != nil && a.status/100 == 4 && !a.holds() && a.status != 401 && a.status != 403:
			refused = append(refused, fmt.Sprintf("%d gives %s", limit, a.describe()))
		case err != nil:
			skipped = err
		default:
			got[limit] = len(rows)
			atLeast = max(atLeast, len(rows))
			if total := a.says().TotalResults; total != nil {
				atLeast = max(atLeast, *total)
			}
		}
	}
	if len(got) == 0 && len(refused) == 0 {
		return skip(title, skipped)
	}
	beyond := 0
	for _, limit := range asked {
		rows, ok := got[limit]
		switch {
		case !ok:
		case rows != min(limit, atLeast):
			wrong = append(wrong, fmt.Sprintf("%d gives %s", limit, rowCount(rows)))
		case atLeast < limit:
			beyond++
		default:
			honoured = append(honoured, strconv.Itoa(limit))
		}
	}
	text := "as asked: " + strings.Join(honoured, ", ")
	if len(honoured) == 0 {
		text = "none as asked"
	}
	if beyond > 0 {
		text += fmt.Sprintf("; larger ones cannot be told, the history has %d", atLeast)
	}
	if skipped != nil {
		text += fmt.Sprintf("; not all could be asked for: %v", skipped)
	}
	if len(wrong)+len(refused) == 0 {
		return ok(title, "%s", text)
	}
	if same := ignored(got); same > 0 && len(refused) == 0 {
		return fail(title, "limit is ignored: each of %d limits gives %s", len(got), rowCount(same)).resting(promiseWindows)
	}
	return fail(title, "%s; %s", strings.Join(slices.Concat(wrong, refused), ", "), text).resting(promiseWindows)
}

// rowsSeen is how many rows the history has at least: the sample may show more than one page has.
func (x *examination) rowsSeen(ctx context.Context) int {
	pages, _ := x.sample(ctx)
	n := 0
	for _, page := range pages {
		n += len(page.fresh)
	}
	return n
}

// ignored returns the number of rows that all pages have, if they have the same; 0 otherwise.
func ignored(got map[int]int) int {
	same := 0
	for _, rows := range got {
		if same != 0 && rows != same {
			return 0
		}
		same = rows
	}
	if len(got) < 2 || same <= 1 {
		return 0
	}
	return same
}

func (x *examination) defaultLimit(ctx context.Context) Result {
	const title, documented = "default limit", 10
	a, err := x.ask(ctx, request{name: "list-default", target: "/messages"})
	if err != nil {
		return skip(title, err)
	}
	rows, err := a.rows()
	switch {
	case err != nil:
		return skip(title, err)
	case len(rows) == documented || len(rows) < documented && x.rowsSeen(ctx) <= len(rows):
		return ok(title, "%s without a limit", rowCount(len(rows)))
	}
	return note(title, "%s without a limit; documented are %d", rowCount(len(rows)), documented).
		resting("List with a limit of 0 leaves it to the gateway")
}

// end is where the history ends, as page 1 of 50 and its X-Total-Results say: the number of the last page, and how many
// rows a page has, which are fewer than asked for if the gateway caps its pages.
func (x *examination) end(ctx context.Context) (last, size int, first []row, err error) {
	a, first, err := x.rows(ctx, 1, outgoing.MaxLimit)
	if err != nil {
		return 0, 0, nil, err
	}
	total := a.says().TotalResults
	size = max(len(first), 1)
	switch {
	case total == nil && len(first) == outgoing.MaxLimit:
		return 0, 0, first, errors.New("X-Total-Results does not say which it is")
	case total == nil:
		return 1, size, first, nil
	}
	return max((*total+size-1)/size, 1), size, first, nil
}

// lastPage asks for the page that X-Total-Results says is the last one.
func (x *examination) lastPage(ctx context.Context) Result {
	const (
		title   = "last page"
		limit   = outgoing.MaxLimit
		promise = "H9: All ends in ErrIncomplete where the total speaks of more messages than the pages show"
	)
	last, size, first, err := x.end(ctx)
	switch {
	case err != nil:
		return skip(title, err)
	case len(first) == 0:
		return skip(title, errEmptyHistory)
	}
	a, rows, err := x.rows(ctx, last, limit)
	switch {
	case a == nil || a.holds() || a.status >= 500:
		return skip(title, err)
	case err != nil:
		return fail(title, "page %s of %d: %v", count(last), limit, err).resting(promise)
	}
	total := a.says().TotalResults // as it is now
	if total == nil {
		return skip(title, errors.New("it has no X-Total-Results"))
	}
	if want := min(max(*total-(last-1)*size, 0), size); len(rows) < want {
		return fail(title, "page %s of %d has %s; by X-Total-Results it has %d", count(last), limit, rowCount(len(rows)), want).resting(promise)
	}
	return ok(title, "page %s of %d has %s, as X-Total-Results says", count(last), limit, rowCount(len(rows)))
}

// joins compares page 2 of 25 with rows 26 to 50 of page 1 of 50, between two looks at the latter that agree.
func (x *examination) joins(ctx context.Context) Result {
	const (
		title   = "page 2 of 25"
		promise = "H1: All joins pages of different sizes, so that it misses nothing"
		tries   = 3
	)
	before, err := x.ids(ctx, 1, 50)
	for range tries {
		if err != nil {
			return skip(title, err)
		}
		if len(before) <= 25 {
			return skip(title, fmt.Errorf("page 1 of 50 has only %s", rowCount(len(before))))
		}
		var second, after []int64
		if second, err = x.ids(ctx, 2, 25); err != nil {
			continue
		}
		if after, err = x.ids(ctx, 1, 50); err != nil {
			continue
		}
		x.twice = [][]int64{before, after}
		if !slices.Equal(before, after) {
			before = after
			continue
		}
		if want := before[25:min(50, len(before))]; !slices.Equal(second, want) {
			return fail(title, "it does not show what rows 26 to %d of page 1 of 50 show", min(50, len(before))).resting(promise)
		}
		return ok(title, "it shows what rows 26 to %d of page 1 of 50 show", min(50, len(before)))
	}
	if err != nil {
		return skip(title, err)
	}
	return skip(title, fmt.Errorf("page 1 changed during each of %d tries", tries))
}

// ids returns the IDs of a page as it is now.
func (x *examination) ids(ctx context.Context, page, limit int) ([]int64, error) {
	a, err := x.ask(ctx, listRequest(page, limit))
	if err != nil {
		return nil, err
	}
	rows, err := a.rows()
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	return ids, err
}

// pastTheEnd asks for a page after the last one, and for one far after it.
func (x *examination) pastTheEnd(ctx context.Context) []Result {
	const next, distant, far = "past the end", "far past the end", 1_000_000
	last, _, first, err := x.end(ctx)
	if err != nil && first == nil {
		return skipAll([]string{next, distant}, err)
	}
	if err != nil {
		return []Result{skip(next, err), x.past(ctx, distant, far, first)}
	}
	// Not the next one: a few messages may arrive meanwhile.
	return []Result{x.past(ctx, next, last+2, first), x.past(ctx, distant, far, first)}
}

func (x *examination) past(ctx context.Context, title string, page int, first []row) Result {
	const promise = "H9: All asks once more after the last page, and takes an empty page or a 404 with a problem document for the end"
	a, err := x.list(ctx, page, outgoing.MaxLimit)
	if err != nil {
		return skip(title, err)
	}
	rows, err := a.rows()
	_, isProblem := a.problem()
	switch {
	case err == nil && len(rows) == 0:
		return ok(title, "200 with an empty array")
	case err == nil && len(first) > 0 && rows[0].id == first[0].id:
		return fail(title, "the first page again").resting("H4: a page that is not the one asked for ends All with an error")
	case err == nil:
		return fail(title, "%s", rowCount(len(rows))).resting("H4: a page that is not the one asked for ends All with an error")
	case a.status == 404 && isProblem:
		return note(title, "%s", a.describe()).resting(promise)
	case a.status == 401 || a.status == 403 || a.status >= 500:
		return skip(title, a.unusable())
	}
	return fail(title, "%s", a.describe()).resting(promise)
}
