// Package transport sends one request with its attempts, and tells what is known about it afterwards. Each attempt has the
// token of that moment, its own time limit and a bounded body. No redirect is followed, and net/http does not send a DELETE again
// by itself.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
)

// Client is what the requests of all calls share. It takes of an http.Client what it needs, and sends through the RoundTripper
// itself: http.Client follows redirects with the token, and swallows the status of one whose Location it cannot parse, also
// when it follows none.
type Client struct {
	Limiter *ratelimit.Limiter

	http http.Client

	mu      sync.Mutex // guards what httptrace records
	answers int        // how many answers began to arrive
}

// NewClient returns a Client that sends through a copy of hc, which may be nil.
func NewClient(hc *http.Client) *Client {
	c := &Client{Limiter: new(ratelimit.Limiter)}
	if hc != nil {
		c.http = *hc
	}
	if c.http.Transport == nil {
		c.http.Transport = defaultTransport()
	}
	if c.http.Timeout <= 0 {
		c.http.Timeout = math.MaxInt64
	}
	return c
}

// defaultTransport is like net/http's, but it keeps every idle connection for its next request: two per host, the default
// there, would mean a new TLS handshake for nearly each of a concurrent call's requests. How many there can be is bounded by
// how many requests were in flight at once. A ping finds HTTP/2 connections that died silently.
func defaultTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment, // never for a loopback host, so never for plain http
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConnsPerHost:    math.MaxInt32,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// ParseBaseURL checks a base URL, writes its host in lower case and ends it in a slash. net/http compares hosts as they
// are: it knows only "localhost" for loopback, and would send LOCALHOST through a proxy. The errors do not repeat the
// URL: it may hold a password.
func ParseBaseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("not a URL: must start with https://")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("must start with https://")
	case u.User != nil:
		return "", errors.New("must not have a user or a password in it")
	case u.Hostname() == "":
		return "", errors.New("has no host")
	case strings.ContainsAny(raw, "?#"):
		return "", errors.New("must have neither a query nor a fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "", errors.New("must start with https:// (http:// would show the token to the network; it is for loopback hosts only)")
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// CheckProxy returns an error for a caller's transport that would send plain http through a proxy, which would see the token.
// It is the caller's and not changed, and so it is asked once, for a URL of the kind that it will get.
func (c *Client) CheckProxy(baseURL string) error {
	theirs, ok := c.http.Transport.(*http.Transport)
	u, err := url.Parse(baseURL + "messages")
	if !ok || theirs.Proxy == nil || err != nil || u.Scheme != "http" {
		return err
	}
	if proxy, err := theirs.Proxy(&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}); err == nil && proxy != nil {
		return errors.New("the HTTP client's Proxy would show the token of http:// requests to a proxy")
	}
	return nil
}

// proxyError means that a proxy refused CONNECT. Its reason phrase is not shown: it may be anything.
type proxyError struct{ status int }

func (e *proxyError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy (not the gateway) refused CONNECT: %d %s", e.status, http.StatusText(e.status)))
}

func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &proxyError{res.StatusCode}
	}
	return nil
}

// asProxyError returns a proxyError for an error of net/http that is no more than a reason phrase, as it is where a caller's
// transport was refused by a proxy; else err.
func asProxyError(err error) error {
	for status := 300; status < 600; status++ {
		if text := http.StatusText(status); text != "" && strings.EqualFold(text, err.Error()) {
			return &proxyError{status}
		}
	}
	return err
}
