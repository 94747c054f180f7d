package outgoing

import (
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/gen"
)

// transport is what the library takes of an http.Client. Requests go to the RoundTripper itself, so no redirect is
// followed: the token would go along, and a DELETE would become a GET. (http.Client would also swallow the status of a
// redirect whose Location it cannot parse.)
type transport struct {
	http.RoundTripper
	jar     http.CookieJar
	timeout time.Duration
}

func newTransport(hc *http.Client) transport {
	if hc == nil {
		hc = &http.Client{}
	}
	t := transport{RoundTripper: hc.Transport, jar: hc.Jar, timeout: hc.Timeout}
	if t.RoundTripper == nil {
		t.RoundTripper = defaultTransport()
	}
	return t
}

// defaultTransport is like net/http's, but it keeps every idle connection for its next request: two per host, the default
// there, would mean a new TLS handshake for nearly each of a concurrent call's requests. How many there can be is bounded
// by how many requests were in flight at once.
func defaultTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  proxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConnsPerHost:    math.MaxInt32,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// proxyFromEnvironment is net/http's, but never a proxy for plain http, which would show it the token. Plain http is for
// loopback hosts, and net/http's own exemption of these is narrower.
func proxyFromEnvironment(req *http.Request) (*url.URL, error) {
	if req.URL.Scheme == "http" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// checkProxy refuses a caller's transport that would send plain http through a proxy. It is the caller's and not changed,
// and so it is asked once, for a URL of the kind that it will get.
func (t transport) checkProxy(baseURL string) error {
	theirs, ok := t.RoundTripper.(*http.Transport)
	if !ok || theirs.Proxy == nil || !strings.HasPrefix(baseURL, "http://") {
		return nil
	}
	req, err := gen.NewListMessagesRequest(baseURL, nil)
	if err != nil {
		return err
	}
	if proxy, err := theirs.Proxy(req); err == nil && proxy != nil {
		return errors.New("the HTTP client's Proxy would show the token of http:// requests to a proxy")
	}
	return nil
}

// withoutQuotes is a transport's error without the text in quotes. net/http quotes what it cannot parse of an answer, which
// may be a recipient, and errors are logged. Only errors.Is still knows what err was, since errors.As would show it whole.
// Errors of connecting pass as they are: they quote no answer.
func withoutQuotes(err error) error {
	text := err.Error()
	if !strings.Contains(text, `"`) || isDial(err) || isTLS(err) {
		return err
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, `"`)
		b.WriteString(before)
		if !found {
			break
		}
		b.WriteString(`"..."`)
		quoted, unclosed := strconv.QuotedPrefix(`"` + after)
		if unclosed != nil { // there is no second quote
			break
		}
		text = after[len(quoted)-1:]
	}
	return &quotelessError{b.String(), func(target error) bool { return errors.Is(err, target) }}
}

// quotelessError is a text, and what it matches.
type quotelessError struct {
	text string
	is   func(target error) bool // a closure, where nothing finds the whole error
}

func (e *quotelessError) Error() string        { return e.text }
func (e *quotelessError) Is(target error) bool { return e.is(target) }

// limit is the time that an attempt may take: the caller's http.Client may have a shorter one than the library.
func (t transport) limit(d time.Duration) time.Duration {
	if t.timeout > 0 {
		return min(d, t.timeout)
	}
	return d
}

// roundTrip adds what http.Client does around a RoundTripper: cookies, and a body that is never nil.
func (t transport) roundTrip(req *http.Request) (*http.Response, error) {
	if t.jar != nil {
		for _, cookie := range t.jar.Cookies(req.URL) {
			req.AddCookie(cookie)
		}
	}
	res, err := t.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if res == nil {
		return nil, errors.New("the transport returned neither a response nor an error")
	}
	if res.Body == nil {
		res.Body = http.NoBody
	}
	if t.jar != nil {
		t.jar.SetCookies(req.URL, res.Cookies())
	}
	return res, nil
}
