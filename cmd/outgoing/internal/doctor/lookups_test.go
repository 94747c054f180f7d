package doctor_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
)

func TestD6_HowUnknownIDsAreAnsweredIsNamed(t *testing.T) {
	gateway := sampled()
	notFound := func(a *response) {
		*a = response{http.StatusNotFound, http.Header{"Content-Type": {"application/problem+json"}}, `{"status":404,"title":"Not Found","code":"404-6"}`}
	}
	found := examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		if !isList(r) && a.body == "[]" {
			notFound(a)
		}
	}))
	found.is(t, doctor.Note, "unknown ID", "404 with a problem document (code 404-6)")
	found.othersAreGood(t, "unknown ID")

	found = examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		if !isList(r) && a.header.Get("X-Error-Count") == "1" {
			notFound(a)
		}
	}))
	found.is(t, doctor.Fail, "unknown among known", "404 with a problem document (code 404-6); of 1 IDs that the history shows 1 are not found")
	found.othersAreGood(t, "unknown ID", "unknown among known")

	found = examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		if !isList(r) && a.body == "[]" {
			*a = response{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, "<h1>"}
		}
	}))
	found.is(t, doctor.Fail, "unknown ID", "404 with text/html")
}

func TestD6_RowsAndCountersThatDifferFromWhatWasAskedAreNamed(t *testing.T) {
	found := examine(t, changed(func(r *http.Request, a *response) {
		ids := strings.Split(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], ",")
		switch {
		case isList(r) || a.status != http.StatusOK:
		case len(ids) == 2 && ids[0] == ids[1]:
			a.body = strings.ReplaceAll(a.body, "]", ","+strings.Trim(a.body, "[]")+"]")
		case len(ids) == 1 && a.body != "[]":
			a.header.Set("X-Success-Count", "12")
		case len(ids) == 50:
			a.body = "[" + a.body[strings.Index(a.body, "},")+2:]
		}
	}))
	found.is(t, doctor.Note, "repeated ID", "200 with 2 rows; of 1 IDs that the history shows 0 are not found, and 1 row too many")
	found.is(t, doctor.Fail, "known ID", "X-Success-Count is 12 and X-Error-Count 0, found were 1 and not found 0")
	found.is(t, doctor.Fail, "50 IDs", "of 50 IDs that the history shows 1 are not found")
	found.othersAreGood(t, "repeated ID", "known ID", "50 IDs")

	sorted := examine(t, changed(func(r *http.Request, a *response) {
		if strings.Count(r.URL.Path, ",") == 49 {
			list := ask(sampled(), withQuery(withQuery(listed(r), "page", "1"), "limit", "50"))
			a.body = list.body
		}
	}))
	sorted.is(t, doctor.OK, "50 IDs", "in another order than asked")
}

// listed is a request for the history in place of one for messages.
func listed(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.URL.Path = r.URL.Path[:strings.LastIndex(r.URL.Path, "/")]
	return r
}
