package doctor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD1_D2_D3_D4_D5_D6_D7_D8_AGatewayAsTheDocumentsSayIsAllGood(t *testing.T) {
	transport := newTransport(t, sampled())
	found := run(t, config(transport))
	found.othersAreGood(t)
	found.is(t, doctor.Skipped, "connection", "in memory")
	assert.Less(t, transport.requests.Load(), int32(30))
}

func TestD1_ASkewedClockIsANote(t *testing.T) {
	for hours, text := range map[int]string{3: "differ by 3h0m0s: it is ahead of", -3: "differ by 3h0m0s: it is behind"} {
		synctest.Test(t, func(t *testing.T) {
			found := examine(t, changed(func(_ *http.Request, a *response) {
				a.header.Set("Date", time.Now().Add(time.Duration(hours)*time.Hour).UTC().Format(http.TimeFormat))
			}))
			found.is(t, doctor.Note, "clock", text)
			found.othersAreGood(t, "clock")
		})
	}
	found := examine(t, changed(func(_ *http.Request, a *response) { a.header["Date"] = nil }))
	found.is(t, doctor.Note, "clock", "no Date")
	found = examine(t, changed(func(_ *http.Request, a *response) { a.header.Set("Date", "yesterday") }))
	found.is(t, doctor.Note, "clock", "cannot be read")
}

func TestD1_HTMLEverywhereIsAFailAndNothingElseIsGuessed(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		*a = response{http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<html>Welcome</html>"}
	}))
	found.is(t, doctor.Fail, "answer", "200 with text/html, not an array of rows; a wrong base URL or a proxy looks like this")
	found.is(t, doctor.Skipped, "token", "says nothing about it")
	found.is(t, doctor.Skipped, "rows", "text/html")
	found.is(t, doctor.Skipped, "order", "text/html")
	found.is(t, doctor.Fail, "wrong token", "200 with text/html")
}

func TestD1_ARedirectIsNotFollowed(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		*a = response{http.StatusFound, http.Header{"Location": {"https://elsewhere.test/"}}, ""}
	}))
	found.is(t, doctor.Fail, "answer", "302, a redirect, which is not followed")
}

func TestD1_AGatewayThatIsGoneIsAskedOnce(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	cfg := config(http.DefaultTransport)
	cfg.BaseURL = server.URL + "/rest"
	found := run(t, cfg)
	found.is(t, doctor.Fail, "connection", "the connection was refused")
	found.is(t, doctor.Skipped, "order", "refused")
	found.is(t, doctor.Skipped, "rate limit", "no answer")
	assert.Equal(t, 1, count(found, doctor.Fail))
}

func TestD1_AConnectionIsDescribed(t *testing.T) {
	server := httptest.NewUnstartedServer(sampled())
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	cfg := config(server.Client().Transport)
	cfg.BaseURL = server.URL + "/rest"
	found := run(t, cfg)
	found.is(t, doctor.OK, "connection", "TLS 1.3 in ")
	found.is(t, doctor.OK, "connection", "HTTP/2, the certificate ends on 2084-01-29, in ")
	found.othersAreGood(t)

	plain := httptest.NewServer(sampled())
	t.Cleanup(plain.Close)
	cfg = config(plain.Client().Transport)
	cfg.BaseURL = plain.URL + "/rest"
	run(t, cfg).is(t, doctor.OK, "connection", "no TLS (a loopback host), HTTP/1.1")
}

func TestD1_ACertificateThatEndedIsNamed(t *testing.T) {
	for end, want := range map[time.Duration]struct {
		verdict doctor.Verdict
		text    string
	}{
		-time.Hour:     {doctor.Fail, "the TLS certificate ended on "},
		48 * time.Hour: {doctor.Note, "the certificate ends on "},
	} {
		transport, url := certified(t, sampled(), time.Now().Add(end))
		cfg := config(transport)
		cfg.BaseURL = url + "/rest"
		found := run(t, cfg)
		found.is(t, want.verdict, "connection", want.text+time.Now().Add(end).UTC().Format(time.DateOnly))
	}
	server := httptest.NewTLSServer(sampled())
	t.Cleanup(server.Close)
	cfg := config(http.DefaultTransport)
	cfg.BaseURL = server.URL + "/rest"
	run(t, cfg).is(t, doctor.Fail, "connection", "the TLS certificate is not trusted here")
}

func TestD1_ServerErrorsAreNotAskedForWithoutEnd(t *testing.T) {
	transport := newTransport(t, changed(func(_ *http.Request, a *response) {
		*a = response{http.StatusServiceUnavailable, http.Header{}, ""}
	}))
	found := run(t, config(transport))
	found.is(t, doctor.Fail, "answer", "503 without a body")
	found.is(t, doctor.Skipped, "order", "503")
	found.is(t, doctor.Skipped, "wrong token", "503")
	assert.Equal(t, 1, count(found, doctor.Fail))
	assert.Equal(t, int32(3), transport.requests.Load())
}

func TestD2_ARefusedTokenGetsAdvice(t *testing.T) {
	cfg := config(newTransport(t, sampled()))
	cfg.Token = func(context.Context) (string, error) { return "of-another-account", nil }
	found := run(t, cfg)
	found.is(t, doctor.Fail, "token", "401 with a problem document (code 401-7): is it whole")
	found.is(t, doctor.Skipped, "rows", "the token was refused: 401")
	found.is(t, doctor.OK, "wrong token", "401")
	assert.Equal(t, 1, count(found, doctor.Fail))

	gateway := sampled()
	gateway.Inject(outgoingtest.Fault{Times: -1, Status: http.StatusForbidden})
	found = examine(t, gateway)
	found.is(t, doctor.Fail, "token", "a token can be bound to IP addresses")
}

func TestD2_M2_AnOddBooleanIsNamed(t *testing.T) {
	for spelled, want := range map[string]doctor.Verdict{"Yes": doctor.Note, "on": doctor.Note, "TRUE": doctor.OK, "0": doctor.OK} {
		found := examine(t, changed(func(_ *http.Request, a *response) { a.header.Set("X-Sandbox", spelled) }))
		found.is(t, want, "X-Sandbox", spelled)
		found.othersAreGood(t, "X-Sandbox")
	}
}

func TestD3_AnOddRowIsNamedByItsPointer(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		replace(a, `"id":43570,`, `"id":43570,"network_code":"26001","Kowalski":"+48999000105",`)
		replace(a, `"id":43569,`, `"id":43569,"Sent":{},`)
		replace(a, `"status_code":"QUEUED"`, `"status_code":"W kolejce"`)
		replace(a, `"type":10`, `"type":11`)
	}))
	found.is(t, doctor.Note, "members", "/masked is not in the document, and is ")
	found.is(t, doctor.Note, "members", "page 1: /5/network_code is not in the document, and is a string (1 of 120)")
	found.is(t, doctor.Note, "members", "page 1: /6/Sent is not in the document, and is an object (1 of 120)")
	found.is(t, doctor.Note, "status codes", "masked: 15")
	found.is(t, doctor.Note, "types", "11: 13")
	found.othersAreGood(t, "members", "status codes", "types")

	found = examine(t, changed(func(_ *http.Request, a *response) {
		replace(a, `"price":0.32`, `"price":"dear"`)
		replace(a, `"sent_date":"2026-01-05T10:10:48Z"`, `"sent_date":"05.01.2026 10:10"`)
	}))
	found.is(t, doctor.Fail, "rows", "cannot read ")
	found.is(t, doctor.Fail, "rows", "the first is page 1: /1")
	found.is(t, doctor.Note, "members", "page 1: /1/price is a string, not a number")
	found.is(t, doctor.Note, "members", "page 1: /1/sent_date is not a date as in RFC 3339, but like 00.00.0000 00:00")
	found.othersAreGood(t, "rows", "members")
}

func TestD3_AnEmptyHistoryIsSkippedAndNotGood(t *testing.T) {
	found := examine(t, newGateway())
	for _, title := range []string{"rows", "order", "known ID", "last page", "page 2 of 25"} {
		found.is(t, doctor.Skipped, title, "")
	}
	found.is(t, doctor.OK, "limits", "larger ones cannot be told, the history has 0")
	assert.Zero(t, count(found, doctor.Fail))
	found = examine(t, newGateway(outgoingtest.SampleMessages(8)...))
	assert.Zero(t, count(found, doctor.Fail))
	found.is(t, doctor.OK, "limits", "as asked: 1, 2; larger ones cannot be told, the history has 8")
	found.is(t, doctor.Skipped, "page 2 of 25", "page 1 of 50 has only 8 rows")
}

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
	found.is(t, doctor.Fail, "limits", "49 gives 25 rows, 50 gives 25 rows; as asked: 1, 2, 10, 25")
	found.is(t, doctor.Skipped, "page 2 of 25", "only 25 rows")
	found.is(t, doctor.OK, "last page", "page 5 of 50 has 20 rows")
	found.is(t, doctor.Fail, "X-Total-Pages", "says 5 and should say 3")
	found.othersAreGood(t, "limits", "page 2 of 25", "X-Total-Pages", "Link")
}

func TestD4_ALimitThatIsIgnoredOrRoundedIsAFail(t *testing.T) {
	found := examine(t, limited(func(int) int { return 10 }))
	found.is(t, doctor.Fail, "limits", "limit is ignored: each of 6 limits gives 10 rows")
	found = examine(t, limited(func(asked int) int { return (asked + 24) / 25 * 25 }))
	found.is(t, doctor.Fail, "limits", "1 gives 25 rows, 2 gives 25 rows, 10 gives 25 rows, 49 gives 50 rows; as asked: 25, 50")
}

func TestD4_HeadersThatAreAbsentAreNotes(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		for name := range a.header {
			if name != "Content-Type" {
				delete(a.header, name)
			}
		}
	}))
	for _, title := range []string{"X-Limit", "X-Current-Page", "X-Total-Results", "X-Total-Pages", "Link"} {
		found.is(t, doctor.Note, title, "absent from")
	}
	found.is(t, doctor.Note, "known ID", "X-Success-Count or X-Error-Count is absent")
	found.is(t, doctor.Skipped, "last page", "X-Total-Results does not say")
	assert.Zero(t, count(found, doctor.Fail))
	found.is(t, doctor.OK, "page 2 of 25", "")
	found.is(t, doctor.OK, "order", "by ID")
}

func TestD4_HeadersThatContradictTheRowsAreAFail(t *testing.T) {
	for title, value := range map[string]string{"X-Limit": "20", "X-Current-Page": "0", "X-Total-Pages": "7", "X-Total-Results": "3"} {
		found := examine(t, changed(func(_ *http.Request, a *response) {
			if a.header.Get(title) != "" {
				a.header.Set(title, value)
			}
		}))
		found.is(t, doctor.Fail, title, "says "+value)
	}
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if a.header.Get("X-Limit") != "" {
			a.header.Set("X-Limit", "ten")
		}
	}))
	found.is(t, doctor.Note, "X-Limit", "not a count")
	found.othersAreGood(t, "X-Limit")
	found = examine(t, changed(func(r *http.Request, a *response) {
		if page := r.FormValue("page"); page != "" {
			a.header.Set("Link", `<https://elsewhere.test/messages?page=9>; rel="next"`)
		}
	}))
	found.is(t, doctor.Note, "Link", "next of page 1 is not page 2")
}

func TestD4_PagesThatDoNotJoinAreAFail(t *testing.T) {
	gateway := sampled()
	found := examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		if r.FormValue("page") == "2" && r.FormValue("limit") == "25" {
			*a = ask(gateway, withQuery(r, "page", "3"))
			a.header.Set("X-Current-Page", "2")
		}
	}))
	found.is(t, doctor.Fail, "page 2 of 25", "does not show what rows 26 to 50 of page 1 of 50 show")
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
	found.is(t, doctor.Skipped, "page 2 of 25", "page 1 changed during each of 3 tries")
	found.is(t, doctor.Note, "X-Total-Results", "between 120 and")
	assert.LessOrEqual(t, requests, 40)
}

func TestD4_PastTheEnd(t *testing.T) {
	gateway := sampled()
	past := func(change func(r *http.Request, a *response)) report {
		return examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
			if isList(r) && a.status == http.StatusOK && a.body == "[]" {
				change(r, a)
			}
		}))
	}
	found := past(func(_ *http.Request, a *response) {
		*a = response{http.StatusNotFound, http.Header{"Content-Type": {"application/problem+json"}}, `{"status":404,"code":"404-6"}`}
	})
	found.is(t, doctor.Note, "past the end", "404 with a problem document (code 404-6)")
	found.is(t, doctor.Note, "far past the end", "404")
	found.othersAreGood(t, "past the end", "far past the end")

	found = past(func(r *http.Request, a *response) { *a = ask(gateway, withQuery(r, "page", "1")) })
	found.is(t, doctor.Fail, "past the end", "the first page again")
	found = past(func(r *http.Request, a *response) { *a = ask(gateway, withQuery(r, "page", "3")) })
	found.is(t, doctor.Fail, "past the end", "20 rows")
	found = past(func(_ *http.Request, a *response) {
		*a = response{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, "<html>"}
	})
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
	found.is(t, doctor.Fail, "last page", "page 60 of 50 has 0 rows; by X-Total-Results it has 50")
	found.othersAreGood(t, "last page")
}

func TestD5_TheOrderIsNamed(t *testing.T) {
	for _, c := range map[string]struct {
		compare func(a, b outgoing.Message) int
		verdict doctor.Verdict
		text    string
	}{
		"sent_date": {bySentDate, doctor.Note, "by sent_date, newest first, and not by ID, in 120 rows: a scheduled message may move"},
		"neither":   {func(a, b outgoing.Message) int { return int(a.ID*7919%samples - b.ID*7919%samples) }, doctor.Fail, "by neither ID nor date: of 119 neighbours "},
		"oldest":    {func(a, b outgoing.Message) int { return int(b.ID - a.ID) }, doctor.Fail, "by ID, oldest first"},
	} {
		found := examine(t, sortedBy(c.compare))
		found.is(t, c.verdict, "order", c.text)
		found.othersAreGood(t, "order", "SCHEDULED rows", "50 IDs")
	}
	found := examine(t, sortedBy(bySentDate))
	found.is(t, doctor.Note, "SCHEDULED rows", "of 15 stand where their sent_date says, and not where their ID says")
}

func TestD5_AnOrderByStatusDateMovesMessages(t *testing.T) {
	messages := outgoingtest.SampleMessages(samples)
	for i := range messages { // a report came for every second one, in the reverse order
		messages[i].StatusDate = new(messages[(i*7)%samples].StatusDate.Add(time.Duration(i) * time.Second))
	}
	sorted := sortedBy(func(a, b outgoing.Message) int {
		return messages[a.ID-messages[0].ID].StatusDate.Compare(*messages[b.ID-messages[0].ID].StatusDate)
	})
	for _, m := range messages {
		sorted.Add(m) // in its place
	}
	examine(t, sorted).is(t, doctor.Fail, "order", "by status_date in 120 rows: a message moves when its status changes")
}

func TestD5_WhatCannotBeToldApartIsANote(t *testing.T) {
	messages := outgoingtest.SampleMessages(samples)
	for i := range messages {
		messages[i].SentDate, messages[i].StatusCode = messages[i].StatusDate, "QUEUED"
		messages[i].SentDate = new(messages[0].SentDate.Add(time.Duration(i) * time.Minute))
	}
	found := examine(t, newGateway(messages...))
	found.is(t, doctor.Note, "order", "by ID and by sent_date alike in 120 rows")
	found.is(t, doctor.Skipped, "SCHEDULED rows", "there is none among 120 rows")
	found.othersAreGood(t, "order", "SCHEDULED rows")
}

func TestD5_AnOrderThatChangesIsAFail(t *testing.T) {
	requests := 0
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if requests++; requests/2%2 == 0 {
			replace(a, `"id":43570,`, `"id":9,`)
			replace(a, `"id":43569,`, `"id":43570,`)
			replace(a, `"id":9,`, `"id":43569,`)
		}
	}))
	found.is(t, doctor.Fail, "same page twice", "50 rows are there both times, in another order")
}

func TestD6_UnknownIDs(t *testing.T) {
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
	found.is(t, doctor.Fail, "unknown among known", "404 with a problem document (code 404-6), although one of them exists")
	found.othersAreGood(t, "unknown ID", "unknown among known")

	found = examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		if !isList(r) && a.body == "[]" {
			*a = response{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, "<h1>"}
		}
	}))
	found.is(t, doctor.Fail, "unknown ID", "404 with text/html")
}

func TestD6_RowsAndCountersOfLookups(t *testing.T) {
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
	found.is(t, doctor.Note, "repeated ID", "2 rows; one description says that it is processed once")
	found.is(t, doctor.Fail, "known ID", "X-Success-Count says 12 and X-Error-Count 0; found were 1, not found 0")
	found.is(t, doctor.Fail, "50 IDs", "of 50 IDs that the history shows 1 are not found")
	found.othersAreGood(t, "repeated ID", "known ID", "50 IDs")

	sorted := examine(t, changed(func(r *http.Request, a *response) {
		if strings.Count(r.URL.Path, ",") == 49 {
			list := ask(sampled(), withQuery(withQuery(listed(r), "page", "1"), "limit", "50"))
			a.body = list.body
		}
	}))
	sorted.is(t, doctor.OK, "50 IDs", "by ID, highest first")
}

// listed is a request for the history in place of one for messages.
func listed(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.URL.Path = r.URL.Path[:strings.LastIndex(r.URL.Path, "/")]
	return r
}

func TestD7_HowErrorsLook(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if a.status >= 400 {
			a.header.Set("Content-Type", "text/html")
			a.body = "<h1>no</h1>"
		}
	}))
	for _, title := range []string{"wrong token", "limit 51", "page 0"} {
		found.is(t, doctor.Fail, title, "with text/html; documented is a problem document")
	}
	found.is(t, doctor.OK, "unknown path", "404 with text/html, which a wrong base URL can be told by")

	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(samples)...)
	found = examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		switch {
		case r.FormValue("limit") == "51":
			*a = ask(gateway, withQuery(r, "limit", "50"))
		case r.FormValue("page") == "0":
			*a = ask(gateway, withQuery(r, "page", "1"))
		case a.status == http.StatusNotFound:
			a.header.Set("Content-Type", "application/json")
		}
	}))
	found.is(t, doctor.Fail, "wrong token", "200 with 1 row: any token is let in")
	found.is(t, doctor.Note, "limit 51", "200 with 50 rows")
	found.is(t, doctor.Note, "page 0", "200 with 1 row")
	found.is(t, doctor.OK, "unknown path", "404 with a problem document (code 404-6) as application/json")
	found.othersAreGood(t, "wrong token", "limit 51", "page 0")
}

func TestD8_ARateLimitIsWaitedForAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, requests := time.Now(), 0
		found := examine(t, changed(func(_ *http.Request, a *response) {
			a.header.Set("X-RateLimit-Remaining", "7")
			a.header.Set("RateLimit-Policy", "of +48 999 000 105")
			if requests++; requests%12 == 0 {
				*a = response{http.StatusTooManyRequests, http.Header{"Retry-After": {"20"}}, ""}
			}
		}))
		found.is(t, doctor.Note, "rate limit", "2 of 26 answers are a 429; Ratelimit-Policy: masked; Retry-After: 20; X-Ratelimit-Remaining: 7")
		found.othersAreGood(t, "rate limit")
		assert.Equal(t, 40*time.Second, time.Since(begun))
	})
}

func TestD8_ALongRateLimitSkipsWhatIsLeft(t *testing.T) {
	for retryAfter, why := range map[string]string{
		"3600": "rate limited: 429 asks for a wait of more than 30s", "": "rate limited: 429 after 4 waits",
		"99999999999999999999": "rate limited: 429", time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat): "rate limited: 429",
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			transport := newTransport(t, changed(func(_ *http.Request, a *response) {
				if requests++; requests > 10 {
					*a = response{http.StatusTooManyRequests, http.Header{"Retry-After": {retryAfter}}, ""}
				}
			}))
			found := run(t, config(transport))
			found.is(t, doctor.OK, "token", "accepted")
			found.is(t, doctor.Skipped, "wrong token", why)
			found.is(t, doctor.Skipped, "50 IDs", why)
			found.is(t, doctor.Note, "rate limit", "a 429")
			assert.Zero(t, count(found, doctor.Fail))
			assert.LessOrEqual(t, transport.requests.Load(), int32(10+5))
		})
	}
	synctest.Test(t, func(t *testing.T) { // from the first answer on
		gateway := sampled()
		gateway.Inject(outgoingtest.Fault{Times: -1, Status: 503, RetryAfter: "60"})
		found := examine(t, gateway)
		found.is(t, doctor.Skipped, "answer", "rate limited: 503 asks for a wait of more than 30s")
		assert.Zero(t, count(found, doctor.Fail))
	})
}

// The transport of each test counts requests; here they run out.
func TestD1_NoMoreThan60Requests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway, next := sampled(), outgoingtest.SampleMessages(1000)[500:]
		requests := 0
		transport := newTransport(t, changedGateway(gateway, func(r *http.Request, a *response) {
			gateway.Add(next[requests])
			requests++
			if requests%3 == 0 { // which a page that is asked for again meets too
				*a = response{http.StatusBadGateway, http.Header{}, ""}
			}
			_ = r
		}))
		run(t, config(transport))
		assert.LessOrEqual(t, transport.requests.Load(), int32(60))
	})
}

func TestD1_AnInterruptEndsTheExaminationWithWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	cfg := config(newTransport(t, changed(func(*http.Request, *response) {
		if requests++; requests == 5 {
			cancel()
		}
	})))
	var last doctor.Result
	for result := range doctor.Run(ctx, cfg) {
		last = result
	}
	assert.Equal(t, "D3", last.ID)
	assert.Equal(t, 5, requests)

	cfg = config(newTransport(t, sampled()))
	cfg.Token = func(context.Context) (string, error) { return "", fmt.Errorf("draining") }
	var results []doctor.Result
	for result := range doctor.Run(t.Context(), cfg) {
		results = append(results, result)
	}
	require.NotEmpty(t, results)
	for _, result := range results {
		assert.NotEqual(t, doctor.Fail, result.Verdict)
	}
}
