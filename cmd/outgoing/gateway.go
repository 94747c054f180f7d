package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

const baseURLVariable = "GATEWAY_BASE_URL"

// gatewayURL returns the base URL that the flags or the environment name, and which of them did, if any.
func (c *cli) gatewayURL(f *flags) (url, namedBy string, err error) {
	fromEnv, set := c.env(baseURLVariable)
	switch {
	case f.sandbox:
		return outgoing.SandboxURL, "", nil
	case f.baseURL != "":
		url, namedBy = f.baseURL, "--base-url"
	case f.demo || !set:
		return outgoing.ProductionURL, "", nil
	case fromEnv == "":
		return "", "", fmt.Errorf("%s is set, but empty: unset it for the production system", baseURLVariable)
	default:
		url, namedBy = fromEnv, baseURLVariable
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", "", usage("%s: the URL must begin with https:// (or http:// on this machine)%s", namedBy, completed(url))
	}
	// The host in lower case: net/http would send LOCALHOST, and not localhost, through a proxy. The library knows what else
	// may be wrong.
	host, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(scheme+"://"+host) + rest[len(host):], namedBy, nil
}

// completed proposes a URL with the scheme that one without any may have been meant to have. It repeats no password.
func completed(raw string) string {
	rest := strings.TrimLeft(raw, "/")
	u, err := url.Parse("https://" + rest)
	if err != nil || u.User != nil || u.Hostname() == "" || strings.HasPrefix(rest, "http") || strings.Contains(raw, "://") {
		return ""
	}
	if server.IsLoopback(u.Hostname()) {
		return ", such as http://" + rest
	}
	return ", such as https://" + rest
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

const demoSamples = 120 // enough for three requests of 50

func demoToken(context.Context) (string, error) { return "demo", nil }

func demoGateway() *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("demo"))
	gateway.Add(outgoingtest.SampleMessages(demoSamples)...)
	return gateway
}
