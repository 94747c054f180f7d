package doctor

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// D6: what a look-up gives for IDs that the history shows and for those that it does not.

func askOne(known, _ []int64) []int64         { return known[:1] }
func askTwice(known, _ []int64) []int64       { return []int64{known[0], known[0]} }
func askUnknown(_, unknown []int64) []int64   { return unknown[:1] }
func askAmong(known, unknown []int64) []int64 { return []int64{known[0], unknown[0]} }
func askTooMany(a, b []int64) []int64         { return slices.Concat(a, b)[:outgoing.MaxIDs+1] }

// askMany puts them into an order that is neither that of their IDs nor its reverse.
func askMany(known, _ []int64) (asked []int64) {
	for start := range 2 {
		for i := start; i < min(len(known), outgoing.MaxIDs); i += 2 {
			asked = append(asked, known[i])
		}
	}
	return asked
}

// lookUp returns a check of a look-up, which finds nothing worse.
func lookUp(name string, choose func(known, unknown []int64) []int64, worst Verdict) func(*examination) finding {
	return func(x *examination) finding {
		sample, err := x.readSample()
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
		a, err := x.ask(request{name: name, target: "/messages/" + strings.ReplaceAll(strings.Trim(fmt.Sprint(asked), "[]"), " ", ",")})
		switch {
		case err != nil:
			return skip(err)
		case a.inconclusive():
			return skip(a.unusable())
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
		return unless(a.status != http.StatusBadRequest, Note, "%s; documented are at most %d IDs", a.describe(), outgoing.MaxIDs)
	case a.status == http.StatusNotFound && a.isProblem && len(known) == 0:
		return note("%s", a.describe())
	case !a.isRows || missing > 0 || len(ids) > len(known):
		return fail("%s; of %d IDs that the history shows %d are not found, and %s too many", a.describe(), len(known), missing, errline.Plural(max(0, len(ids)-len(known)), "row"))
	case success == nil || failure == nil:
		return note("%s; X-Success-Count or X-Error-Count is absent or not a count, and nil in Meta (M1)", a.describe())
	}
	order := map[bool]string{true: " in the order asked", false: " in another order than asked"}[slices.Equal(ids, known)]
	return unless(*success != len(known) || *failure != unknown, Fail, "%s%s; X-Success-Count is %s and X-Error-Count %s, found were %d and not found %d",
		a.describe(), order, inWords(*success), inWords(*failure), len(known), unknown)
}

// D7: how the gateway refuses what it does not accept.

var wrongToken = request{name: "error-wrong-token", target: "/messages?page=1&limit=1", token: "not-a-token-but-a-check-by-outgoing-doctor"}

func refused(x *examination, a *answer) finding {
	ip := net.ParseIP(x.base.Hostname())
	switch isLoopback := ip.IsLoopback() || strings.EqualFold(x.base.Hostname(), "localhost"); {
	case a.isRows && isLoopback:
		return note("%s: any token is let in, as by a gateway for tests on a loopback address", a.describe())
	case a.status < http.StatusBadRequest:
		return fail("%s: any token is let in", a.describe())
	}
	return a.compare(http.StatusUnauthorized, http.StatusForbidden)
}

// badRequest is asked what the library never asks, so that another answer than a 400 does no harm.
func badRequest(_ *examination, a *answer) finding { return a.compare(http.StatusBadRequest) }

// compare compares an error with the ones that are documented, the first of which is the usual one.
func (a *answer) compare(documented ...int) finding {
	switch isDocumented := slices.Contains(documented, a.status); {
	case !isDocumented && a.inconclusive():
		return skip(a.unusable())
	case isDocumented && !a.isProblem:
		return fail("%s; documented is a problem document", a.describe())
	}
	return unless(a.status != documented[0] || a.contentType() != problemType, Note, "%s", a.describe())
}

func notFound(_ *examination, a *answer) finding {
	if a.inconclusive() {
		return skip(a.unusable())
	}
	return unless(a.status != http.StatusNotFound, Note, "%s", a.describe())
}

// rateLimit is D8: what the answers so far said about how many requests are allowed. It asks for nothing.
func rateLimit(x *examination) finding {
	limited, seen := 0, map[string]string{}
	for _, a := range x.answers {
		if a.status == http.StatusTooManyRequests {
			limited++
		}
		for name, values := range a.headers() {
			if limitHeader.MatchString(name) && seen[name] == "" {
				seen[name] = "; " + name + ": " + values[0]
			}
		}
	}
	return unless(limited > 0 || len(seen) > 0, Note, "%d of %d answers are a 429; there are %d RateLimit, X-RateLimit and Retry-After headers%s",
		limited, len(x.answers), len(seen), strings.Join(slices.Sorted(maps.Values(seen)), ""))
}
