package doctor

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/header"
)

// D1: connection, certificate, clock, the time of an answer.

func gateway(x *examination) Result { return OK.found("%s, asked by %s", x.Gateway, x.Version) }

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
	value, _ := header.Single(a.Header, "Date")
	date, err := http.ParseTime(value)
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
