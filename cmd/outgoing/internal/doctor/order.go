package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const promiseOnce = "H1: All yields each message exactly once only if two messages never swap their order"

// checkOrder is D5: by what the history is ordered, and so whether All can promise exactly once here.
func checkOrder(ctx context.Context, x *examination) []Result {
	pages, err := x.sample(ctx)
	if err != nil {
		return skipAll([]string{"order", "SCHEDULED rows", "same page twice"}, err)
	}
	var rows []row
	for _, page := range pages {
		for _, r := range page.fresh {
			if r.id > 0 {
				rows = append(rows, r)
			}
		}
	}
	return []Result{historyOrder(rows), scheduledRows(rows), x.sameTwice(ctx)}
}

var errTooFew = errors.New("fewer than two rows have no order")

// historyOrder says what the order of the rows follows.
func historyOrder(rows []row) Result {
	const title = "order"
	if len(rows) < 2 {
		return skip(title, errTooFew)
	}
	byID := outOfOrder(rows, func(a, b row) int { return cmp.Compare(b.id, a.id) })
	bySent := outOfOrder(rows, func(a, b row) int { return compareDates(b.sent, a.sent) })
	byStatus := outOfOrder(rows, func(a, b row) int { return compareDates(b.statusDate, a.statusDate) })
	backwards := outOfOrder(rows, func(a, b row) int { return cmp.Compare(a.id, b.id) })
	switch {
	case byID == 0 && bySent == 0:
		return note(title, "by ID and by sent_date alike in %d rows, so it cannot be told which of the two it is", len(rows)).
			resting(promiseOnce + ", and a sent_date may change when a scheduled message goes out")
	case byID == 0:
		return ok(title, "by ID, newest first, in %d rows; not by sent_date", len(rows)).resting(promiseOnce)
	case bySent == 0:
		return note(title, "by sent_date, newest first, and not by ID, in %d rows: a scheduled message may move when it goes out", len(rows)).
			resting(promiseOnce + ": here that holds for messages that are not SCHEDULED any more")
	case byStatus == 0:
		return fail(title, "by status_date in %d rows: a message moves when its status changes", len(rows)).resting(promiseOnce)
	case backwards == 0:
		return fail(title, "by ID, oldest first, in %d rows; documented is the latest first", len(rows)).resting(promiseOnce)
	}
	return fail(title, "by neither ID nor date: of %d neighbours %d are not in the order of IDs, %d not in that of sent_date",
		len(rows)-1, byID, bySent).resting(promiseOnce)
}

// compareDates takes a date that cannot be read as out of order, before and after any other.
func compareDates(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return 1
	}
	return a.Compare(b)
}

// outOfOrder counts the neighbours that are not in order.
func outOfOrder(rows []row, compare func(a, b row) int) int {
	n := 0
	for i := range len(rows) - 1 {
		if compare(rows[i], rows[i+1]) > 0 {
			n++
		}
	}
	return n
}

// scheduledRows says where messages stand that have not gone out: by their ID, or by the time at which they will.
func scheduledRows(rows []row) Result {
	const title = "SCHEDULED rows"
	others := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.code == outgoing.StatusScheduled })
	scheduled := len(rows) - len(others)
	if scheduled == 0 {
		return skip(title, fmt.Errorf("there is none among %s", rowCount(len(rows))))
	}
	var byID, byDate, byBoth, byNeither int
	for i, r := range rows {
		if r.code != outgoing.StatusScheduled {
			continue
		}
		before, after := nearest(rows, i, -1), nearest(rows, i, 1)
		fitsID := (before == nil || before.id > r.id) && (after == nil || after.id < r.id)
		fitsDate := !r.sent.IsZero() && (before == nil || !before.sent.Before(r.sent)) && (after == nil || !after.sent.After(r.sent))
		switch {
		case fitsID && fitsDate:
			byBoth++
		case fitsID:
			byID++
		case fitsDate:
			byDate++
		default:
			byNeither++
		}
	}
	switch {
	case byDate+byNeither == 0 && byID > 0:
		return ok(title, "%d stand where their ID says, %d of them not where their sent_date says", scheduled, byID).resting(promiseOnce)
	case byDate+byNeither == 0:
		return note(title, "%d stand where both their ID and their sent_date say", scheduled).resting(promiseOnce)
	case byNeither > 0:
		return note(title, "%d of %d stand where neither their ID nor their sent_date says", byNeither, scheduled).resting(promiseOnce)
	}
	return note(title, "%d of %d stand where their sent_date says, and not where their ID says", byDate, scheduled).
		resting(promiseOnce + ": a scheduled message may move when it goes out")
}

// nearest returns the next row in a direction that is not SCHEDULED; nil if there is none.
func nearest(rows []row, i, step int) *row {
	for i += step; i >= 0 && i < len(rows); i += step {
		if rows[i].code != outgoing.StatusScheduled {
			return &rows[i]
		}
	}
	return nil
}

// sameTwice compares two looks at page 1: rows with equal dates may be in a different order each time.
func (x *examination) sameTwice(ctx context.Context) Result {
	const title = "same page twice"
	if x.twice == nil {
		for range 2 {
			ids, err := x.ids(ctx, 1, outgoing.MaxLimit)
			if err != nil {
				return skip(title, err)
			}
			x.twice = append(x.twice, ids)
		}
	}
	before, after := x.twice[0], x.twice[1]
	if len(before) < 2 {
		return skip(title, errTooFew)
	}
	first, second := positions(before, after), positions(after, before)
	switch {
	case len(first) < 2:
		return skip(title, errors.New("page 1 changed meanwhile"))
	case !slices.Equal(first, second):
		return fail(title, "%d rows are there both times, in another order", len(first)).resting(promiseOnce)
	}
	return ok(title, "%d rows are there both times, in the same order", len(first))
}

// positions returns the IDs that are in others too, in their order.
func positions(ids, others []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !slices.Contains(others, id) })
}
