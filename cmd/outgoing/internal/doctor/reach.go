package doctor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/internal/header"
)

// D1: connection, certificate, clock, the time of an answer.

func gateway(x *examination) finding { return ok("%s, asked by %s", x.Gateway, x.Version) }

func connection(x *examination) finding {
	a, err := x.see(pageOf(1, 1))
	switch {
	case err != nil && x.requests > 0 && len(x.answers) == 0 && !errors.Is(err, interrupt.ErrInterrupted):
		return fail("%v", err)
	case err != nil:
		return skip(err)
	case !x.isDialled.Load():
		return skip(errors.New("the gateway is in memory, there is no connection"))
	}
	text := map[bool]string{true: "DNS, TCP", false: "TCP"}[net.ParseIP(x.base.Hostname()) == nil]
	if a.tls == nil || len(a.tls.PeerCertificates) == 0 {
		return ok("%s, no TLS (a loopback host), %s", text, a.proto)
	}
	end := a.tls.PeerCertificates[0].NotAfter
	days := int(time.Until(end) / (24 * time.Hour))
	return unless(days < 14, Note, "%s, %s, %s, the certificate ends on %s, in %d days", text, tls.VersionName(a.tls.Version), a.proto, end.UTC().Format(time.DateOnly), days)
}

// reached says whether what answers is the gateway.
func reached(_ *examination, a *answer) finding {
	text := ""
	if a.status == http.StatusNotFound || a.contentType() == "text/html" {
		text = "; a wrong base URL or a proxy looks like this"
	}
	isRefused := a.status == http.StatusUnauthorized || a.status == http.StatusForbidden // which is D2's
	return unless(!a.isRows && !isRefused, Fail, "%s%s", a.describe(), text)
}

// clock compares the gateway's Date, which has whole seconds, with the clock of this machine.
func clock(_ *examination, a *answer) finding {
	value, _ := header.Single(a.header, "Date")
	date, err := http.ParseTime(value)
	if err != nil {
		return note("no Date, or one that cannot be read: the local clock is used")
	}
	skew := date.Sub(a.at).Round(time.Second)
	where := map[bool]string{true: "behind", false: "ahead of"}[skew < 0]
	return unless(skew.Abs() > 5*time.Second, Note, "the gateway's clock is %v %s this one", skew.Abs(), where)
}

// latency is the time until the header of an answer.
func latency(x *examination, a *answer) finding {
	text := a.took.Round(100 * time.Microsecond).String()
	if next, err := x.see(pageOf(1, 2)); err == nil {
		text += fmt.Sprintf(", %v on a connection that is used again", next.took.Round(100*time.Microsecond))
	}
	return ok("%s", text)
}

// D2: whether the token is let in, and whether a GET says which system it reached.

func token(_ *examination, a *answer) finding {
	switch {
	case a.status == http.StatusUnauthorized:
		return fail("refused, %s: is it whole, is it valid still, and is it one of this system? (the test system may have others)", a.describe())
	case a.status == http.StatusForbidden:
		return fail("refused, %s: a token can be bound to IP addresses in the vendor's panel; is this machine's among them?", a.describe())
	case !a.isRows:
		return skip(fmt.Errorf("%w, which says nothing about it", a.unusable()))
	}
	return ok("accepted")
}

func sandbox(_ *examination, a *answer) finding {
	const name = "X-Sandbox"
	switch {
	case !a.isRows:
		return skip(a.unusable())
	case a.header.Values(name) == nil:
		return ok("not on a GET (documented is only that of a cancel)")
	}
	return unless(header.Bool(a.header, name) == nil, Note, "on a GET too, spelled %s", headerForm(a.header.Get(name)))
}
