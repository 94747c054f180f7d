package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/internal/transport"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

const baseURLVariable = "GATEWAY_BASE_URL"

// gatewayURL returns the base URL that the flags or the environment name, and which of them did, if any.
func (f *flags) gatewayURL() (base, namedBy string, err error) {
	fromEnv, set := os.LookupEnv(baseURLVariable)
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
	if !strings.Contains(base, "://") {
		return "", "", usage("%s: the URL must begin with https:// (or http:// on this machine)", namedBy)
	}
	// With its host in lower case: net/http would send LOCALHOST, and not localhost, through a proxy.
	if base, err = transport.ParseBaseURL(base); err != nil {
		return "", "", usage("%s: base URL: %v", namedBy, err)
	}
	return strings.TrimRight(base, "/"), namedBy, nil
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
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forbidigo // a clone is not shared
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, concurrency
	t.MaxResponseHeaderBytes = 256 << 10
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return t
}
