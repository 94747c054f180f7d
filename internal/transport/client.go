// Package transport sends one request with its attempts, and tells what is known about it afterwards. Each attempt has the
// token of that moment, its own time limit and a bounded body. No redirect is followed, and no DELETE is sent again unless the
// caller's policy says so.
package transport

import (
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
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

	mu      sync.Mutex // of what net/http records while it sends
	answers int        // that began to arrive
}

// NewClient returns a Client that sends through a copy of hc, which may be nil.
func NewClient(hc *http.Client) *Client {
	c := &Client{Limiter: ratelimit.New()}
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

// roundTrip adds what http.Client does around a RoundTripper: cookies, and a body that is never nil.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	if c.http.Jar != nil {
		for _, cookie := range c.http.Jar.Cookies(req.URL) {
			req.AddCookie(cookie)
		}
	}
	res, err := c.http.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if res == nil {
		return nil, errors.New("the transport returned neither a response nor an error")
	}
	if res.Body == nil {
		res.Body = http.NoBody
	}
	if c.http.Jar != nil {
		c.http.Jar.SetCookies(req.URL, res.Cookies())
	}
	return res, nil
}
