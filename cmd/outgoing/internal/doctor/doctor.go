// Package doctor examines a gateway: it asks what no document says, and reports which promises of the library hold there.
//
// It only reads, one request at a time. A [Result] and a record have shapes in them and no values: statuses, names that the
// contract knows, counts, and what answers have in common. So nothing has to be masked.
package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Note    Verdict = "note"    // differs where no document says how it is
	Fail    Verdict = "FAIL"    // a promise of the documents or of the library does not hold
	Skipped Verdict = "skipped" // could not be looked at; Seen says why
)

// Result is one line of the report.
type Result struct {
	ID      string  `json:"id"` // of the rule: D1 to D8
	Title   string  `json:"title"`
	Verdict Verdict `json:"verdict"`
	Seen    string  `json:"seen"`
	Promise string  `json:"promise,omitempty"` // which one rests on it
}

// Config says which gateway is examined, and how it is reached.
type Config struct {
	BaseURL string // one that outgoing.New accepts, without a slash at its end
	Gateway string // how the report begins: which one it is, since its URL may be no one else's business, and who asks

	// Token is asked once for each request. After an error of it the rest is skipped.
	Token     func(context.Context) (string, error)
	Transport http.RoundTripper // is given each request as it is, so that no redirect is followed

	// Record is given the shape of each distinct answer, and a file name for it; nil records nothing.
	Record func(name string, answer []byte)
}

const (
	promiseOnce  = "H1: All yields each message exactly once only if two messages never swap their order"
	promiseEnd   = "H9: an empty page or a 404 with a problem document is the end; All ends with an error at any other page (H4)"
	promiseError = "E1: any error is an *APIError, with a zero Problem if it is no problem document"
)

// checks are the lines of the report. Each asks for what it needs and has not been seen yet.
var checks = []struct {
	id, title, promise string
	look               func(*examination) Result
}{
	{"D1", "gateway", "", gateway},
	{"D1", "connection", "R1: refused and dropped connections are retried, TLS errors are not: all calls fail once a certificate has ended", connection},
	{"D1", "answer", "E3: only a 200 with an array of rows is a success", judging(first, reached)},
	{"D1", "clock", "R3: a Retry-After date is measured against the answer's own Date, so that a wrong clock does no harm", judging(first, clock)},
	{"D1", "time", "", judging(first, latency)},
	{"D2", "token", "B6: a 401 or 403 stops a call: nothing more is sent", judging(first, token)},
	{"D2", "X-Sandbox", "M2: true, false, 1 and 0 are read; with anything else Meta.Sandbox is nil", judging(first, sandbox)},
	{"D3", "rows", "B9: a row without a readable id or price is reported as an error, and costs no other", judging(sample, readable)},
	{"D3", "members", "B9: what is unambiguous is read; what is not costs that member, and is counted in Meta.OddMembers", judging(sample, members)},
	{"D3", "status codes", "W7: Until should be true for each status that a message does not leave", judging(sample, statusCodes)},
	{"D3", "types", "MessageType is open: other types are accepted", judging(sample, types)},
	{"D4", "limits", "H9: All asks for pages of 25 to 50, and ends with an error if it gets other ones", limits},
	{"D4", "X-Limit", "H9: All ends with an error if X-Limit is not the limit asked for", says("X-Limit", limitOf)},
	{"D4", "X-Current-Page", "H4: All does not use a page whose X-Current-Page is not the one asked for", says("X-Current-Page", numberOf)},
	{"D4", "X-Total-Results", "H9: All compares its end with the total", says("X-Total-Results", rowsAtLeast)},
	{"D4", "X-Total-Pages", "documented; the library does not depend on it", says("X-Total-Pages", pagesInAll)},
	{"D4", "Link", "H9: All does not end while Link speaks of a next page; its URLs are not requested (H8)", onPages(Note, links)},
	{"D4", "last page", "H9: All ends in ErrIncomplete where the total speaks of more messages than the pages show", judging(toPage(last), lastPage)},
	{"D4", "page 2 of 25", "H1: All joins pages of different sizes, and needs an order that stays", joins},
	{"D4", "past the end", promiseEnd, judging(toPage(after), past)},
	{"D4", "far past the end", promiseEnd, judging(to(pageOf(1_000_000, outgoing.MaxLimit)), past)},
	{"D5", "order", promiseOnce, judging(sample, order)},
	{"D5", "SCHEDULED rows", promiseOnce, judging(sample, scheduled)},
	{"D6", "known ID", "B5: an ID is found, missing, or in a *BatchError; Meta's counts are what the headers say", lookUp("get-known", 1, 0, 1, Fail)},
	{"D6", "repeated ID", "B3: the library sends each ID once, so nothing rests on it", lookUp("get-repeated", 1, 0, 2, Note)},
	{"D6", "50 IDs", "B3: the library puts 50 IDs into a request, and sorts the rows itself", lookUp("get-many", 50, 0, 1, Fail)},
	{"D6", "51 IDs", "B3: the library never names more than 50", lookUp("get-51", 1, 50, 1, Note)},
	{"D6", "unknown ID", "B7: an ID is Missing if a 200 leaves it out, or if all the answer is a 404 with a problem document", lookUp("get-unknown", 0, 1, 1, Fail)},
	{"D6", "unknown among known", "B5: one unknown ID must not cost the others", lookUp("get-unknown-among", 1, 1, 1, Fail)},
	{"D7", "wrong token", "B6: a 401 or 403 stops a call", judging(to(wrongToken), refused)},
	{"D7", "limit 51", promiseError, judging(to(pageOf(1, outgoing.MaxLimit+1)), badRequest)},
	{"D7", "page 0", promiseError, judging(to(pageOf(0, 1)), badRequest)},
	{"D7", "unknown path", "B7: a 404 without a problem document is an error; with one, each ID is missing where the base URL is wrong",
		judging(to(request{name: "error-path", target: "/there-is-no-such-path"}), notFound)},
	{"D8", "rate limit", "R6: a 429, and a 503 with Retry-After, hold all requests of a client; other headers are not read", rateLimit},
}

// Run examines the gateway. It yields each result as soon as it is there. When ctx is done, what is left is skipped.
func Run(ctx context.Context, cfg Config) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		x := newExamination(ctx, cfg)
		for _, c := range checks {
			r := c.look(x)
			r.ID, r.Title, r.Seen = c.id, c.title, x.tokens.Text(r.Seen)
			if r.Verdict != Skipped {
				r.Promise = c.promise
			}
			if !yield(r) {
				return
			}
		}
	}
}

func (v Verdict) found(format string, args ...any) Result {
	return Result{Verdict: v, Seen: fmt.Sprintf(format, args...)}
}

// skip is for what could not be looked at. An answer that failed breaks a promise, whichever it is.
func skip(why error) Result {
	_, failed := errors.AsType[answerError](why)
	return map[bool]Verdict{true: Fail, false: Skipped}[failed].found("%v", why)
}

// unless returns a Result that is as it should be, or else has the other verdict.
func unless(wrong bool, other Verdict, format string, args ...any) Result {
	if !wrong {
		other = OK
	}
	return other.found(format, args...)
}

// judging returns a check of what see finds; an error of that skips it.
func judging[T any](see func(*examination) (T, error), judge func(T) Result) func(*examination) Result {
	return func(x *examination) Result {
		seen, err := see(x)
		if err != nil {
			return skip(err)
		}
		return judge(seen)
	}
}

// first returns the first answer, whatever it is.
func first(x *examination) (*answer, error) {
	a := x.see(start)
	return a, a.failed
}

// to returns the answer to a request, if it is about what was asked.
func to(req request) func(*examination) (*answer, error) {
	return func(x *examination) (*answer, error) {
		a := x.see(req)
		return a, a.inconclusive()
	}
}

// D1: connection, certificate, clock, the time of an answer.

func gateway(x *examination) Result { return OK.found("%s", x.Gateway) }

func connection(x *examination) Result {
	a := x.see(start)
	switch {
	case a.failed != nil:
		return skip(a.failed)
	case a.TLS == nil && a.Request.URL.Scheme == "https":
		return Skipped.found("the gateway is in memory, there is no connection")
	}
	text := map[bool]string{true: "DNS, TCP", false: "TCP"}[net.ParseIP(a.Request.URL.Hostname()) == nil]
	if a.TLS == nil || len(a.TLS.PeerCertificates) == 0 {
		return OK.found("%s, no TLS (a loopback host), %s", text, a.Proto)
	}
	end := a.TLS.PeerCertificates[0].NotAfter.UTC()
	days := int(time.Until(end) / (24 * time.Hour))
	return unless(days < 14, Note, "%s, %s, %s, the certificate ends on %s, in %d days",
		text, tls.VersionName(a.TLS.Version), a.Proto, end.Format(time.DateOnly), days)
}

// reached says whether what answers is the gateway.
func reached(a *answer) Result {
	text := ""
	if a.StatusCode == http.StatusNotFound || a.contentType() == "text/html" {
		text = "; a wrong base URL or a proxy looks like this"
	}
	return unless(a.rows == nil && !a.isRefused(), Fail, "%s%s", a.describe(), text) // a refusal is D2's
}

// clock compares the gateway's Date, which has whole seconds, with the clock of this machine.
func clock(a *answer) Result {
	date, err := http.ParseTime(header.Single(a.Header, "Date"))
	if err != nil {
		return Note.found("no Date, or one that cannot be read: the local clock is used")
	}
	skew := date.Sub(a.at).Round(time.Second)
	where := map[bool]string{true: "behind", false: "ahead of"}[skew < 0]
	return unless(skew.Abs() > 5*time.Second, Note, "the gateway's clock is %v %s this one", skew.Abs(), where)
}

// latency is the time until the header of an answer.
func latency(a *answer) Result { return OK.found("%v", a.took.Round(100*time.Microsecond)) }

// D2: whether the token is let in, and whether a GET says which system it reached.

func token(a *answer) Result {
	switch {
	case a.StatusCode == http.StatusUnauthorized:
		return Fail.found("refused, %s: is it whole, is it valid still, and is it one of this system? "+
			"(the test system may have others)", a.describe())
	case a.StatusCode == http.StatusForbidden:
		return Fail.found("refused, %s: a token can be bound to IP addresses in the vendor's panel; "+
			"is this machine's among them?", a.describe())
	case a.rows == nil:
		return skip(fmt.Errorf("%w, which says nothing about it", a.unusable()))
	}
	return OK.found("accepted")
}

func sandbox(a *answer) Result {
	const name = "X-Sandbox"
	switch {
	case a.rows == nil:
		return skip(a.unusable())
	case a.Header.Values(name) == nil:
		return OK.found("not on a GET (documented is only that of a cancel)")
	}
	return unless(header.Bool(a.Header, name) == nil, Note, "on a GET too, spelled %s", headerForm(a.Header.Get(name)))
}

// D7: how the gateway refuses what it does not accept.

var wrongToken = request{
	name: "error-wrong-token", target: "/messages?page=1&limit=1", token: "not-a-token-but-a-check-by-outgoing-doctor",
}

func refused(a *answer) Result {
	host := a.Request.URL.Hostname()
	isLoopback := net.ParseIP(host).IsLoopback() || strings.EqualFold(host, "localhost")
	switch {
	case a.rows != nil && isLoopback:
		return Note.found("%s: any token is let in, as by a gateway for tests on a loopback address", a.describe())
	case a.StatusCode < http.StatusBadRequest:
		return Fail.found("%s: any token is let in", a.describe())
	}
	return a.compare(http.StatusUnauthorized, http.StatusForbidden)
}

// badRequest is asked what the library never asks, so that another answer than a 400 does no harm.
func badRequest(a *answer) Result { return a.compare(http.StatusBadRequest) }

// compare compares an error with the ones that are documented, the first of which is the usual one.
func (a *answer) compare(documented ...int) Result {
	if slices.Contains(documented, a.StatusCode) && !a.isProblem {
		return Fail.found("%s; documented is a problem document", a.describe())
	}
	return unless(a.StatusCode != documented[0] || a.contentType() != problemType, Note, "%s", a.describe())
}

func notFound(a *answer) Result {
	return unless(a.StatusCode != http.StatusNotFound, Note, "%s", a.describe())
}

// rateLimit is D8: what the answers so far said about how many requests are allowed. It asks for nothing.
func rateLimit(x *examination) Result {
	limited, seen := 0, map[string]string{}
	for _, a := range x.answers {
		if a.StatusCode == http.StatusTooManyRequests {
			limited++
		}
		for name, values := range a.headers() {
			if limitHeader.MatchString(name) && seen[name] == "" {
				seen[name] = "; " + name + ": " + values[0]
			}
		}
	}
	return unless(limited > 0 || len(seen) > 0, Note,
		"%d of %d answers are a 429; there are %d RateLimit, X-RateLimit and Retry-After headers%s",
		limited, len(x.answers), len(seen), strings.Join(slices.Sorted(maps.Values(seen)), ""))
}
