package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// ParseBaseURL checks a base URL, writes its host in lower case and ends it in a slash. net/http compares hosts as they
// are: it knows only "localhost" for loopback, and would send LOCALHOST through a proxy. The errors do not repeat the
// URL: it may hold a password.
func ParseBaseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("not a URL")
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
