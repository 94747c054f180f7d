package doctor_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// limited is a gateway that makes of each limit another.
func limited(limit func(int) int) http.Handler {
	gateway := sampled()
	return changedGateway(gateway, func(r *http.Request, a *response) {
		asked, err := strconv.Atoi(r.FormValue("limit"))
		if !isList(r) || err != nil || asked > 50 {
			return
		}
		*a = ask(gateway, withQuery(r, "limit", strconv.Itoa(limit(asked))))
		a.header.Set("X-Limit", strconv.Itoa(asked))
	})
}

func TestD4_PagesThatAreCappedAreAFail(t *testing.T) {
	found := examine(t, limited(func(asked int) int { return min(asked, 25) }))
	found.is(t, doctor.Fail, "limits", "as asked: 1, 2, 10, 25 (the history has 120); 49 gives 200 with 25 rows; 50 gives 200 with 25 rows")
	found.is(t, doctor.Skipped, "page 2 of 25", "only 25 rows")
	found.is(t, doctor.OK, "last page", "page 3 has 25 rows")
	found.is(t, doctor.Fail, "X-Total-Pages", "says 5 and should say 3")
	found.othersAreGood(t, "limits", "page 2 of 25", "X-Total-Pages", "Link")
}

func TestD4_ALimitThatIsIgnoredOrRoundedIsAFail(t *testing.T) {
	found := examine(t, limited(func(int) int { return 10 }))
	found.is(t, doctor.Fail, "limits", "as asked: 10 (the history has 120); 1 gives 200 with 10 rows")
	found = examine(t, limited(func(asked int) int { return (asked + 24) / 25 * 25 }))
	found.is(t, doctor.Fail, "limits", "as asked: 25, 50 (the history has 120); 1 gives 200 with 25 rows; 2 gives 200 with 25 rows; 10 gives 200 with 25 rows; 49 gives 200 with 50 rows")
}

func TestD4_PagesThatDoNotJoinAreAFail(t *testing.T) {
	gateway := sampled()
	found := examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		if r.FormValue("page") == "2" && r.FormValue("limit") == "25" {
			*a = ask(gateway, withQuery(r, "page", "3"))
			a.header.Set("X-Current-Page", "2")
		}
	}))
	found.is(t, doctor.Fail, "page 2 of 25", "of rows 26 to 50 of page 1 of 50 it shows 0 of 25")
	found.othersAreGood(t, "page 2 of 25")
}

func TestD4_AHistoryThatMovesIsNotTakenForOneThatDoesNotJoin(t *testing.T) {
	gateway, next := sampled(), outgoingtest.SampleMessages(1000)[500:]
	requests := 0
	arrives := changedGateway(gateway, func(*http.Request, *response) {
		gateway.Add(next[requests])
		requests++
	})
	found := examine(t, arrives)
	assert.Zero(t, count(found, doctor.Fail), "%v", found)
	found.is(t, doctor.Skipped, "page 2 of 25", "page 1 changed meanwhile")
	assert.LessOrEqual(t, requests, 40)
}

func TestD4_ABusyHistoryIsLookedAtUntilItStaysForAMoment(t *testing.T) {
	gateway, asked := sampled(), 0
	found := examine(t, changedGateway(gateway, func(r *http.Request, _ *response) {
		if r.FormValue("page") != "2" || r.FormValue("limit") != "25" {
			return
		}
		if asked++; asked < 3 {
			gateway.Add(outgoingtest.SampleMessages(1000)[500+asked])
		}
	}))
	found.is(t, doctor.OK, "page 2 of 25", "it shows 25 of 25")
	assert.Equal(t, 3, asked)
}

func TestD4_RowsPastTheEndAreAFail(t *testing.T) {
	gateway := sampled()
	past := func(change func(r *http.Request, a *response)) http.Handler {
		return changedGateway(gateway, func(r *http.Request, a *response) {
			if isList(r) && a.status == http.StatusOK && a.body == "[]" {
				change(r, a)
			}
		})
	}
	found := examine(t, past(func(_ *http.Request, a *response) {
		*a = response{http.StatusNotFound, http.Header{"Content-Type": {"application/problem+json"}}, `{"status":404,"code":"404-6"}`}
	}))
	found.is(t, doctor.Note, "past the end", "404 with a problem document (code 404-6)")
	found.is(t, doctor.Note, "far past the end", "404")
	found.othersAreGood(t, "past the end", "far past the end")

	found = examineTo(t, "past the end", past(func(r *http.Request, a *response) { *a = ask(gateway, withQuery(r, "page", "1")) }))
	found.is(t, doctor.Fail, "past the end", "200 with 50 rows")
	found = examineTo(t, "past the end", past(func(r *http.Request, a *response) { *a = ask(gateway, withQuery(r, "page", "3")) }))
	found.is(t, doctor.Fail, "past the end", "200 with 20 rows")
	found = examineTo(t, "past the end", past(func(_ *http.Request, a *response) {
		*a = response{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, "<html>"}
	}))
	found.is(t, doctor.Fail, "past the end", "404 with text/html")
}

func TestD4_AResultWindowIsNamed(t *testing.T) {
	gateway := newGateway(outgoingtest.SampleMessages(3000)...)
	found := examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		page, _ := strconv.Atoi(r.FormValue("page"))
		limit, _ := strconv.Atoi(r.FormValue("limit"))
		if page*limit > 1000 && limit <= 50 {
			a.body = "[]"
		}
	}))
	found.is(t, doctor.Fail, "last page", "page 60 has 0 rows; by X-Total-Results it has 50")
	found.othersAreGood(t, "last page")
}
