package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	certificateWarning = 14 * 24 * time.Hour
	clockTolerance     = 5 * time.Second // Date has whole seconds, and an answer takes some time
)

// checkReach is D1: connection, certificate, clock, the time of an answer.
func checkReach(ctx context.Context, x *examination) []Result {
	asked := ok("gateway", "%s, asked by %s", x.Gateway, x.Version)
	a, err := x.list(ctx, 1, 1)
	if a == nil {
		refused := fail("connection", "%v", err).resting("nothing works without an answer")
		if errors.Is(err, errInterrupted) {
			refused = skip("connection", err)
		}
		why := errors.New("there was no answer")
		return []Result{asked, refused, skip("answer", why), skip("clock", why), skip("time", why)}
	}
	return []Result{asked, x.connection(a), reachAnswer(a, err), clock(a), x.latency(ctx, a)}
}

func (x *examination) connection(a *answer) Result {
	const title = "connection"
	if !a.conn.dialled {
		return skip(title, errors.New("the gateway is in memory, there is no connection"))
	}
	var parts []string
	if a.conn.addresses > 0 {
		parts = append(parts, fmt.Sprintf("DNS in %v", milliseconds(a.conn.dns)))
	}
	parts = append(parts, fmt.Sprintf("TCP in %v", milliseconds(a.conn.dial)))
	if a.tls == nil {
		return ok(title, "%s, no TLS (a loopback host), %s", strings.Join(parts, ", "), a.proto)
	}
	parts = append(parts, fmt.Sprintf("%s in %v", tls.VersionName(a.tls.Version), milliseconds(a.conn.secure)), a.proto)
	if len(a.tls.PeerCertificates) == 0 {
		return ok(title, "%s", strings.Join(parts, ", "))
	}
	end := a.tls.PeerCertificates[0].NotAfter
	left := time.Until(end)
	parts = append(parts, fmt.Sprintf("the certificate ends on %s, in %d days", end.UTC().Format(time.DateOnly), int(left/(24*time.Hour))))
	if left < certificateWarning {
		return note(title, "%s", strings.Join(parts, ", ")).resting("R1: certificate errors are not retried: every call fails once it has ended")
	}
	return ok(title, "%s", strings.Join(parts, ", "))
}

// reachAnswer says whether what answers is the gateway.
func reachAnswer(a *answer, asking error) Result {
	const (
		title   = "answer"
		promise = "E3: only a 200 with a JSON array is a success"
	)
	if asking != nil {
		return skip(title, asking)
	}
	_, err := a.rows()
	switch {
	case err == nil:
		return ok(title, "200 with an array of rows")
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return ok(title, "%s: see D2", a.describe())
	case a.status == http.StatusNotFound:
		return fail(title, "%v; a wrong base URL looks like this", err).resting(promise)
	case a.status >= http.StatusInternalServerError:
		return fail(title, "%v", err).resting("R1: retried, but not for ever")
	case a.contentType() == "text/html":
		return fail(title, "%v; a wrong base URL or a proxy looks like this", err).resting(promise)
	}
	return fail(title, "%v", err).resting(promise)
}

// clock compares the gateway's Date with the clock of this machine.
func clock(a *answer) Result {
	const title = "clock"
	value := a.header.Get("Date")
	date, err := http.ParseTime(value)
	switch {
	case value == "":
		return note(title, "the answer has no Date").resting("R3: a Retry-After date is then measured against the local clock")
	case err != nil:
		return note(title, "the answer's Date cannot be read").resting("R3: a Retry-After date is then measured against the local clock")
	}
	skew := date.Sub(a.at).Round(time.Second)
	text := fmt.Sprintf("the gateway's clock and this one differ by %v", skew.Abs())
	if skew.Abs() <= clockTolerance {
		return ok(title, "%s", text)
	}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return note(title, "%s: it is %s this one", text, direction).
		resting("R3: a Retry-After date is measured against the answer's own Date, so the library is not affected")
}

// latency is the time until the header of an answer, on a new connection and on one that is used again.
func (x *examination) latency(ctx context.Context, first *answer) Result {
	next, err := x.list(ctx, 1, 2)
	if err != nil {
		return ok("time", "%v for the first answer", milliseconds(first.took))
	}
	return ok("time", "%v for the first answer, %v for the next", milliseconds(first.took), milliseconds(next.took))
}

func milliseconds(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
