package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"syscall"
	"time"
)

// maxBody is far more than a page of 50 messages has, which is some 20 KiB.
const maxBody = 1 << 20

// send makes one HTTP request. The error is one of this package's: net/http quotes in its own what it cannot parse.
func (x *examination) send(ctx context.Context, req request, token string) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if req.token != "" {
		token = req.token
	}
	var conn connection
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, conn.trace()), http.MethodGet, x.BaseURL+req.target, http.NoBody)
	if err != nil {
		return nil, errors.New("the base URL is not one for a request")
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("User-Agent", "client-go-outgoing-doctor")

	began := time.Now()
	res, err := x.Transport.RoundTrip(r)
	took := time.Since(began)
	if err != nil {
		return nil, describeFailure(ctx, err)
	}
	defer res.Body.Close()
	a := &answer{
		request: req, status: res.StatusCode, proto: proto(res), header: res.Header, tls: res.TLS,
		at: began.Add(took / 2), took: took, conn: conn.seen(),
	}
	if res.StatusCode < http.StatusOK {
		return a, nil // the body of a 101 is the raw connection
	}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		a.broken = fmt.Errorf("the body broke off: %w", describeFailure(ctx, err))
	case len(a.body) > maxBody:
		a.body, a.broken = a.body[:maxBody], errors.New("a body of more than 1 MiB")
	}
	return a, nil
}

func proto(res *http.Response) string {
	switch res.ProtoMajor {
	case 2, 3:
		return fmt.Sprintf("HTTP/%d", res.ProtoMajor)
	}
	return fmt.Sprintf("HTTP/1.%d", min(max(res.ProtoMinor, 0), 1))
}

// connection is how the connection of a request came about. Dials may go on after the request has its connection.
type connection struct {
	mu sync.Mutex
	connected
}

type connected struct {
	dialled           bool
	addresses         int
	dns, dial, secure time.Duration // zero if there was none
}

func (c *connection) trace() *httptrace.ClientTrace {
	var dnsBegan, dialBegan, secureBegan time.Time
	locked := func(f func()) {
		c.mu.Lock()
		defer c.mu.Unlock()
		f()
	}
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { locked(func() { dnsBegan = time.Now() }) },
		DNSDone: func(info httptrace.DNSDoneInfo) {
			locked(func() { c.dns, c.addresses = time.Since(dnsBegan), len(info.Addrs) })
		},
		ConnectStart: func(string, string) { locked(func() { dialBegan = time.Now() }) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				locked(func() { c.dialled, c.dial = true, time.Since(dialBegan) })
			}
		},
		TLSHandshakeStart: func() { locked(func() { secureBegan = time.Now() }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			locked(func() { c.secure = time.Since(secureBegan) })
		},
	}
}

func (c *connection) seen() connected {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected
}

// describeFailure says in this package's words why there was no answer.
func describeFailure(ctx context.Context, err error) error {
	if verification, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return describeCertificate(verification)
	}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	timeout, isTimeout := errors.AsType[net.Error](err)
	_, isAlert := errors.AsType[tls.AlertError](err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return errInterrupted
	case ctx.Err() != nil || isTimeout && timeout.Timeout():
		return errors.New("no answer in time")
	case isDNS && dns.IsNotFound:
		return errors.New("DNS knows no such host")
	case isDNS:
		return errors.New("DNS gave no answer")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the connection was refused")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return errors.New("the host cannot be reached")
	case isRecord || errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("the server does not speak TLS on this port")
	case isAlert:
		return errors.New("the TLS handshake failed (the library wants TLS 1.2 or newer)")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return errors.New("the connection was dropped")
	}
	return errors.New("the request failed, or what came is not HTTP")
}

func describeCertificate(err *tls.CertificateVerificationError) error {
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, otherHost := errors.AsType[x509.HostnameError](err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().After(invalid.Cert.NotAfter):
		return fmt.Errorf("the TLS certificate ended on %s", invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return fmt.Errorf("the TLS certificate is valid only from %s on", invalid.Cert.NotBefore.UTC().Format(time.DateOnly))
	case otherHost:
		return errors.New("the TLS certificate is for another host")
	}
	return errors.New("the TLS certificate is not trusted here")
}
