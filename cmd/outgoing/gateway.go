package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

const baseURLVariable = "GATEWAY_BASE_URL"

// gatewayURL returns the base URL that the flags or the environment name, and which of them did, if any.
func (c *cli) gatewayURL(f *flags) (base, namedBy string, err error) {
	fromEnv, set := c.env(baseURLVariable)
	switch {
	case f.sandbox:
		return outgoing.SandboxURL, "", nil
	case f.baseURL != "":
		base, namedBy = f.baseURL, "--base-url"
	case f.demo || !set:
		return outgoing.ProductionURL, "", nil
	case fromEnv == "":
		return "", "", fmt.Errorf("%s is set, but empty: unset it for the production system", baseURLVariable)
	default:
		base, namedBy = fromEnv, baseURLVariable
	}
	scheme, rest, ok := strings.Cut(base, "://")
	if ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		// The host in lower case: net/http would send LOCALHOST, and not localhost, through a proxy. The library knows what
		// else may be wrong.
		host, _, _ := strings.Cut(rest, "/")
		return strings.ToLower(scheme+"://"+host) + rest[len(host):], namedBy, nil
	}
	advice, rest := "", strings.TrimLeft(base, "/")
	u, err := url.Parse("https://" + rest)
	if err == nil && u.User == nil && u.Hostname() != "" && !ok && !strings.HasPrefix(rest, "http") {
		if u.Scheme = "https"; server.IsLoopback(u.Hostname()) {
			u.Scheme = "http"
		}
		advice = ", such as " + u.Scheme + "://" + rest
	}
	return "", "", usage("%s: the URL must begin with https:// (or http:// on this machine)%s", namedBy, advice)
}

// describe says which gateway it is, for people.
func (s *session) describe() string {
	switch {
	case s.demo:
		return "in the demo gateway, in memory"
	case s.url == outgoing.ProductionURL:
		return "in production (" + s.url + ")"
	case s.url == outgoing.SandboxURL:
		return "in the sandbox (" + s.url + ")"
	}
	return "at " + display.Printable(s.url)
}

// newTransport returns a transport for the Drainer to wrap. The library's default cannot be wrapped, so this is net/http's,
// with an idle connection for each concurrent request, and pings that find connections that died silently.
func newTransport(concurrency int) http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forbidigo // a clone is not shared
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, concurrency
	transport.MaxResponseHeaderBytes = 256 << 10
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return transport
}
