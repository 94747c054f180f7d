package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/problem"
	"github.com/gsmservice-gateway/client-go/internal/retry"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// answer is what came of a request, as the library reads it.
type answer struct {
	request
	*http.Response       // a zero one if there is none
	failed         error // why there is none
	url            *url.URL
	at             time.Time // halfway between the request and the header
	took           time.Duration
	body           []byte
	broken         error             // why the body is not whole
	rows           []row             // nil if it is not a 200 with rows, of which there may be none
	problem        *outgoing.Problem // nil if it is none
}

// row is a message as the library reads it, and as it came.
type row struct {
	outgoing.Message
	where string // "page 1: /5"
	odd   []rows.Odd
	raw   jsontext.Value
}

const (
	maxBody = 1 << 20 // far more than a page of 50 messages has, which is some 20 KiB
	maxRows = 1000    // bounds the work on a hostile body; a page has at most 50 rows
)

// send makes one HTTP request. An error is one of this package's: net/http quotes in its own what it cannot parse.
func (x *examination) send(req request, token string) *answer {
	a := &answer{request: req, Response: new(http.Response)}
	ctx, cancel := context.WithTimeout(x.ctx, requestTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectDone: func(string, string, error) { x.isDialled.Store(true) },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, x.BaseURL+req.target, http.NoBody)
	if err != nil {
		a.failed = errors.New("the base URL is not one for a request")
		return a
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("Authorization", "Bearer "+cmp.Or(req.token, token))
	r.Header.Set("User-Agent", "client-go-outgoing-doctor")
	began := time.Now()
	res, err := x.Transport.RoundTrip(r)
	if err != nil {
		a.failed = describeFailure(ctx, err)
		return a
	}
	defer res.Body.Close()
	a.Response, a.url, a.took = res, r.URL, time.Since(began)
	a.at = began.Add(a.took / 2)
	if a.StatusCode >= http.StatusOK { // the body of a 101 is the raw connection
		a.body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	}
	switch {
	case err != nil:
		a.broken = fmt.Errorf("the body broke off: %w", describeFailure(ctx, err))
	case len(a.body) > maxBody:
		a.broken = fmt.Errorf("a body of more than %d bytes", maxBody)
	}
	a.parse()
	return a
}

// describeFailure says in this package's words why there was no answer.
func describeFailure(ctx context.Context, err error) error {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	timeout, isTimeout := errors.AsType[net.Error](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	errno, isErrno := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, interrupt.ErrInterrupted):
		return interrupt.ErrInterrupted
	case ctx.Err() != nil || isTimeout && timeout.Timeout():
		return errors.New("no answer in time")
	case isDNS && dns.IsNotFound:
		return errors.New("DNS knows no such host")
	case isInvalid && invalid.Reason == x509.Expired:
		return fmt.Errorf("the TLS certificate is valid from %s to %s", day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter))
	case !retry.Transient(err):
		return errors.New("TLS failed: the certificate is not trusted here or is for another host, " +
			"or the port does not speak TLS 1.2 or newer")
	case isErrno:
		return errno
	}
	return errors.New("the connection failed or was dropped, or what came is not HTTP")
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (a *answer) parse() {
	if a.StatusCode != http.StatusOK || a.broken != nil {
		if p, ok := problem.Parse(a.body, a.Header.Get("Content-Type")); ok {
			a.problem = &p
		}
		return
	}
	_, raw := elements(rows.WithoutBOM(a.body))
	if len(raw) > maxRows {
		return
	}
	found := make([]row, 0, len(raw))
	err := rows.Decode(a.body, func(m *outgoing.Message, odd []rows.Odd) {
		n := len(found)
		found = append(found, row{*m, fmt.Sprintf("page %d: /%d", a.page, n), odd, raw[n]})
	})
	if err == nil {
		a.rows = found
	}
}

const problemType = "application/problem+json"

// describe names status and body: "404 with a problem document (code 404-6)".
func (a *answer) describe() string {
	what := a.contentType()
	switch {
	case a.rows != nil:
		what = errline.Plural(len(a.rows), "row")
	case a.broken != nil:
		what = a.broken.Error()
	case a.problem != nil:
		what = strings.TrimSuffix("a problem document as "+what, " as "+problemType)
		if isCode(a.problem.Code, a.StatusCode) {
			what += " (code " + a.problem.Code + ")"
		}
	case a.StatusCode/100 == 3:
		what = "a redirect, which is not followed"
	case len(a.body) == 0:
		what = "no body"
	case a.StatusCode == http.StatusOK && jsontext.Value(rows.WithoutBOM(a.body)).IsValid():
		what = fmt.Sprintf("JSON that is not an array of rows, or has more than %d", maxRows)
	}
	return fmt.Sprintf("%d with %s", a.StatusCode, what)
}

// contentType returns the media type, if it is a known one.
func (a *answer) contentType() string {
	name, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return cmp.Or(mediaType.FindString(name), "a body of an unusual type, or of none")
}

// unusable returns why an answer is not a 200 with rows; nil if it is.
func (a *answer) unusable() error {
	if a.failed != nil || a.rows != nil {
		return a.failed
	}
	return errors.New("the answer is " + a.describe())
}

// inconclusive returns why an answer is about the caller or the gateway's health, and not about what was asked; nil if it is
// about that.
func (a *answer) inconclusive() error {
	if a.failed != nil || a.StatusCode >= http.StatusInternalServerError || a.isRefused() && a.token == "" {
		return a.unusable()
	}
	return nil
}

func (a *answer) isRefused() bool {
	return a.StatusCode == http.StatusUnauthorized || a.StatusCode == http.StatusForbidden
}

func (a *answer) count(name string) *int { return header.Count(a.Header, name) }
func (a *answer) links() header.Links    { return header.ParseLinks(a.Header.Values("Link"), a.url) }

func idsOf(rows []row) (ids []int64) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}
