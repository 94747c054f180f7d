package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	promiseMissing  = "B7: a 404 with a problem document means to the library that none of the request's IDs exist"
	promiseCounters = "Meta.SuccessCount and ErrorCount are what the headers say"
)

// checkLookups is D6: what a look-up by ID gives, for known and unknown IDs.
func checkLookups(ctx context.Context, x *examination) []Result {
	pages, err := x.sample(ctx)
	var known []int64
	for _, page := range pages {
		for _, r := range page.fresh {
			if r.id > 0 && !slices.Contains(known, r.id) {
				known = append(known, r.id)
			}
		}
	}
	if len(known) == 0 {
		if err == nil {
			err = errors.New("no row has an ID that can be read")
		}
		return skipAll([]string{"known ID", "repeated ID", "50 IDs", "51 IDs", "unknown ID", "unknown among known"}, err)
	}
	unknown := unknownID(known)
	return []Result{
		x.lookUpKnown(ctx, known[0]), x.lookUpRepeated(ctx, known[0]), x.lookUpMany(ctx, known), x.lookUpTooMany(ctx, known, unknown),
		x.lookUpUnknown(ctx, unknown), x.lookUpAmong(ctx, known[0], unknown),
	}
}

// unknownID is far above the IDs of the account, and in 32 bits if they are.
func unknownID(known []int64) int64 {
	const distance = 100_000_000
	highest := slices.Max(known)
	if highest < math.MaxInt32 {
		return min(highest+distance, math.MaxInt32)
	}
	return highest + distance
}

// lookUp is one look-up, as it was answered.
type lookUp struct {
	*answer
	found []int64
	err   error // why there are no rows
}

// lookUp asks for IDs. The error says why there is no answer.
func (x *examination) lookUp(ctx context.Context, name string, ids ...int64) (lookUp, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	a, err := x.ask(ctx, request{name: name, target: "/messages/" + strings.Join(texts, ",")})
	if err != nil {
		return lookUp{}, err
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= http.StatusInternalServerError {
		return lookUp{}, a.unusable()
	}
	l := lookUp{answer: a}
	rows, err := a.rows()
	l.err = err
	for _, r := range rows {
		l.found = append(l.found, r.id)
	}
	return l, nil
}

// counters compares the counts in the headers with what came; "" if they are right.
func (l lookUp) counters(success, failure int) (text string, absent bool) {
	meta := l.meta()
	if meta.SuccessCount == nil || meta.ErrorCount == nil {
		return "X-Success-Count or X-Error-Count is absent or not a count", true
	}
	if *meta.SuccessCount != success || *meta.ErrorCount != failure {
		return fmt.Sprintf("X-Success-Count says %s and X-Error-Count %s; found were %d, not found %d",
			count(*meta.SuccessCount), count(*meta.ErrorCount), success, failure), false
	}
	return "", false
}

// settled is the result of a look-up whose rows are as they should be: what its counters say decides.
func (l lookUp) settled(title string, success, failure int, text string) Result {
	switch wrong, absent := l.counters(success, failure); {
	case absent:
		return note(title, "%s; %s", text, wrong).resting("M1: a count that is absent is nil")
	case wrong != "":
		return fail(title, "%s; %s", text, wrong).resting(promiseCounters)
	}
	return ok(title, "%s, and the counters agree", text)
}

func (x *examination) lookUpKnown(ctx context.Context, id int64) Result {
	const title, promise = "known ID", "B5: an ID is found, missing, or in a *BatchError"
	l, err := x.lookUp(ctx, "get-known", id)
	switch {
	case err != nil:
		return skip(title, err)
	case l.err != nil:
		return fail(title, "%v", l.err).resting(promise)
	case !slices.Equal(l.found, []int64{id}):
		return fail(title, "%s, and not just the one asked for", rowCount(len(l.found))).resting(promise)
	}
	return l.settled(title, 1, 0, "200 with its row")
}

func (x *examination) lookUpRepeated(ctx context.Context, id int64) Result {
	const title, promise = "repeated ID", "B3: the library sends each ID once, so nothing rests on it"
	l, err := x.lookUp(ctx, "get-repeated", id, id)
	switch {
	case err != nil:
		return skip(title, err)
	case l.err != nil:
		return note(title, "%v", l.err).resting(promise)
	case !slices.Equal(l.found, []int64{id}):
		return note(title, "%s; one description says that it is processed once", rowCount(len(l.found))).resting(promise)
	}
	if wrong, _ := l.counters(1, 0); wrong != "" {
		return note(title, "one row; %s", wrong).resting(promise)
	}
	return ok(title, "one row, counted once")
}

// lookUpMany asks for as many as one request may name, in an order that is neither that of their IDs nor its reverse.
func (x *examination) lookUpMany(ctx context.Context, known []int64) Result {
	title, promise := "50 IDs", "B3: the library puts 50 IDs into a request, and sorts the rows itself"
	n := min(len(known), outgoing.MaxIDs)
	if n < 2 {
		return skip(title, errors.New("only one ID is known"))
	}
	var asked []int64
	for start := range 2 {
		for i := start; i < n; i += 2 {
			asked = append(asked, known[i])
		}
	}
	l, err := x.lookUp(ctx, "get-many", asked...)
	if err != nil {
		return skip(title, err)
	}
	if l.err != nil {
		return fail(title, "%d IDs: %v", n, l.err).resting(promise)
	}
	missing := slices.DeleteFunc(slices.Clone(asked), func(id int64) bool { return slices.Contains(l.found, id) })
	if len(missing) > 0 {
		return fail(title, "of %d IDs that the history shows %d are not found", n, len(missing)).
			resting("B5: they are Missing for GetByIDs")
	}
	if len(l.found) != n {
		return note(title, "%d IDs give %s", n, rowCount(len(l.found))).resting("B8: rows that were not requested are dropped")
	}
	return l.settled(title, n, 0, fmt.Sprintf("200 with %d rows, %s", n, orderOf(l.found, asked)))
}

// orderOf says how the rows of a look-up are ordered.
func orderOf(found, asked []int64) string {
	descending := slices.Clone(found)
	slices.Sort(descending)
	switch {
	case slices.Equal(found, asked):
		return "in the order asked"
	case slices.IsSorted(found):
		return "by ID, lowest first"
	}
	slices.Reverse(descending)
	if slices.Equal(found, descending) {
		return "by ID, highest first"
	}
	return "in another order than asked"
}

func (x *examination) lookUpTooMany(ctx context.Context, known []int64, unknown int64) Result {
	const title, promise = "51 IDs", "B3: the library never names more than 50"
	ids := slices.Clone(known[:min(len(known), outgoing.MaxIDs+1)])
	for len(ids) < outgoing.MaxIDs+1 {
		ids = append(ids, unknown-int64(len(ids)))
	}
	l, err := x.lookUp(ctx, "get-51", ids...)
	switch {
	case err != nil:
		return skip(title, err)
	case l.err == nil:
		return note(title, "200 with %s; documented are at most 50 IDs", rowCount(len(l.found))).resting(promise)
	case l.status == http.StatusBadRequest:
		return ok(title, "%s", l.describe()).resting(promise)
	}
	return note(title, "%s", l.describe()).resting(promise)
}

func (x *examination) lookUpUnknown(ctx context.Context, unknown int64) Result {
	const title = "unknown ID"
	l, err := x.lookUp(ctx, "get-unknown", unknown)
	if err != nil {
		return skip(title, err)
	}
	_, isProblem := l.problem()
	switch {
	case l.err == nil && len(l.found) == 0:
		return l.settled(title, 0, 1, "200 with an empty array")
	case l.err == nil:
		return fail(title, "200 with %s", rowCount(len(l.found))).resting("B8: rows that were not requested are dropped")
	case l.status == http.StatusNotFound && isProblem:
		return note(title, "%s", l.describe()).resting(promiseMissing)
	}
	return fail(title, "%s", l.describe()).resting(promiseMissing + "; anything else is an error, and the IDs are not Missing")
}

func (x *examination) lookUpAmong(ctx context.Context, known, unknown int64) Result {
	const title = "unknown among known"
	l, err := x.lookUp(ctx, "get-unknown-among", known, unknown)
	switch {
	case err != nil:
		return skip(title, err)
	case l.err == nil && slices.Equal(l.found, []int64{known}):
		return l.settled(title, 1, 1, "200 with the row of the known one")
	case l.err == nil:
		return fail(title, "200 with %s, not the one of the known ID", rowCount(len(l.found))).resting(promiseMissing)
	case l.status == http.StatusNotFound:
		return fail(title, "%s, although one of them exists", l.describe()).resting(promiseMissing)
	}
	return fail(title, "%s", l.describe()).resting("B5: one unknown ID must not cost the others")
}
