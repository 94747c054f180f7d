package doctor

import (
	"context"
	"crypto/tls"
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

// answer is one response, as the library reads it.
type answer struct {
	request
	base   *url.URL
	tls    *tls.ConnectionState
	proto  string
	at     time.Time // halfway between the request and the header
	took   time.Duration
	status int
	header http.Header
	body   []byte
	broken error // why the body is not whole

	isRows, isProblem bool // a 200 with rows, which may be none; a problem document
	rows              []row
	problem           outgoing.Problem
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

// send makes one HTTP request. The error is one of this package's: net/http quotes in its own what it cannot parse.
func (x *examination) send(req request, token string) (*answer, error) {
	a := &answer{request: req, base: x.base}
	ctx, cancel := context.WithTimeout(httptrace.WithClientTrace(x.ctx, &httptrace.ClientTrace{
		ConnectDone: func(string, string, error) { x.isDialled.Store(true) },
	}), requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, x.BaseURL+req.target, http.NoBody)
	if err != nil {
		return nil, errors.New("the base URL is not one for a request")
	}
	if req.token != "" {
		token = req.token
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("User-Agent", "client-go-outgoing-doctor")
	began := time.Now()
	res, err := x.Transport.RoundTrip(r)
	if err != nil {
		return nil, describeFailure(ctx, err)
	}
	defer res.Body.Close()
	a.took = time.Since(began)
	a.at = began.Add(a.took / 2)
	a.status, a.proto, a.header, a.tls = res.StatusCode, fmt.Sprintf("HTTP/%d.%d", res.ProtoMajor, res.ProtoMinor), res.Header, res.TLS
	if res.StatusCode >= http.StatusOK { // the body of a 101 is the raw connection
		a.body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	}
	switch {
	case err != nil:
		a.broken = fmt.Errorf("the body broke off: %w", describeFailure(ctx, err))
	case len(a.body) > maxBody:
		a.broken = fmt.Errorf("a body of more than %d bytes", maxBody)
	}
	a.parse()
	return a, nil
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
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return fmt.Errorf("the TLS certificate is valid from %s to %s", invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case !retry.Transient(err):
		return errors.New("TLS failed: the certificate is not trusted here or is for another host, or the port does not speak TLS 1.2 or newer")
	case isErrno:
		return errno
	}
	return errors.New("the connection failed or was dropped, or what came is not HTTP")
}

func (a *answer) parse() {
	if a.status != http.StatusOK || a.broken != nil {
		a.problem, a.isProblem = problem.Parse(a.body, a.header.Get("Content-Type"))
		return
	}
	_, raw := elements(rows.WithoutBOM(a.body))
	err := rows.Decode(a.body, func(m *outgoing.Message, odd []rows.Odd) {
		if n := len(a.rows); n < min(len(raw), maxRows) {
			a.rows = append(a.rows, row{*m, fmt.Sprintf("page %d: /%d", a.page, n), odd, raw[n]})
		}
	})
	if a.isRows = err == nil && len(raw) <= maxRows; !a.isRows {
		a.rows = nil
	}
}

const problemType = "application/problem+json"

// describe names status and body: "404 with a problem document (code 404-6)".
func (a *answer) describe() string {
	what := a.contentType()
	switch {
	case a.isRows:
		what = errline.Plural(len(a.rows), "row")
	case a.broken != nil:
		what = a.broken.Error()
	case a.isProblem:
		what = strings.TrimSuffix("a problem document as "+what, " as "+problemType)
		if isCode(a.problem.Code, a.status) {
			what += " (code " + a.problem.Code + ")"
		}
	case a.status/100 == 3:
		what = "a redirect, which is not followed"
	case len(a.body) == 0:
		what = "no body"
	case a.status == http.StatusOK && jsontext.Value(rows.WithoutBOM(a.body)).IsValid():
		what = fmt.Sprintf("JSON that is not an array of rows, or has more than %d", maxRows)
	}
	return fmt.Sprintf("%d with %s", a.status, what)
}

// contentType returns the media type, if it is a known one.
func (a *answer) contentType() string {
	name, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if mediaType.MatchString(name) {
		return name
	}
	return "a body of an unusual type, or of none"
}

// unusable returns why an answer is not a 200 with rows; nil if it is.
func (a *answer) unusable() error {
	if a.isRows {
		return nil
	}
	return errors.New("the answer is " + a.describe())
}

// inconclusive reports whether the answer is about the caller or the gateway's health, and not about what was asked.
func (a *answer) inconclusive() bool {
	return a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= http.StatusInternalServerError
}

func (a *answer) count(name string) *int { return header.Count(a.header, name) }
func (a *answer) links() header.Links    { return header.ParseLinks(a.header.Values("Link"), a.base) }

func idsOf(rows []row) (ids []int64) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}
