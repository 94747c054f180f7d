package transport

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// attemptTimeout returns how long an attempt may take.
func (s *Sender) attemptTimeout() time.Duration { return min(s.AttemptTimeout, s.http.Timeout) }

var (
	errAttemptTimeout = fmt.Errorf("the attempt took too long: %w", context.DeadlineExceeded)
	errResent         = errors.New("the transport was about to send the request again by itself")
)

// patience is how long an attempt that the context's deadline ends waits before its connection may be taken for dead.
const patience = 5 * time.Second

// attempt sends the request once.
func (x *exchange) attempt(ctx context.Context, decode func(*Reply) error) ending {
	started, number, s := time.Now(), x.trace.Attempts+1, x.sender
	attemptCtx, cancel := context.WithTimeoutCause(ctx, s.attemptTimeout(), errAttemptTimeout)
	defer cancel()
	attemptCtx = s.WithAttempt(attemptCtx, x.request, number)
	token, err := s.Token(attemptCtx)
	x.token, x.trace.Redact = token, x.trace.Redact.With(token)
	if err != nil {
		if ctx.Err() != nil { // then err may be the context's cause
			err = errline.Context(ctx)
		}
		return x.unanswered(noToken, "no token to send", err)
	}

	tracedCtx, conns := s.traceConnections(attemptCtx, x.request.Method, cancel)
	defer func() {
		if errors.Is(attemptCtx.Err(), context.DeadlineExceeded) && time.Since(started) >= min(patience, s.attemptTimeout()) {
			conns.timedOut()
		}
	}()
	sent := x.request.WithContext(tracedCtx)
	sent.Header = maps.Clone(s.Header) // without an Idempotency-Key, with which net/http would send a DELETE twice
	sent.Header["Authorization"] = []string{"Bearer " + token}
	x.tookRetry = false
	res, err := s.roundTrip(sent)
	if err != nil {
		kind, err := conns.ended(ctx, attemptCtx, err)
		return x.unanswered(kind, "no answer ("+errline.Plural(number, "attempt")+")", err)
	}
	answer := &Reply{URL: sent.URL, Attempt: number, Redact: x.trace.Redact}
	answer.read(ctx, res, cancel)
	defer answer.release()
	var cause error
	switch {
	case answer.Status != http.StatusOK:
	case answer.Broken != nil && !errors.Is(answer.Broken, io.ErrUnexpectedEOF): // nothing of it can be read
		cause = answer.Broken
	default:
		if cause = decode(answer); cause == nil {
			return ending{kind: succeeded}
		}
	}
	cause = x.trace.Redact.Error(cause)
	err = s.NewError(x.request, answer, cause)
	return ending{kind: answered, err: err, reason: cause, status: answer.Status, retryAfter: answer.RetryAfter}
}

// unanswered returns how an attempt ended that got no answer.
func (x *exchange) unanswered(kind kind, what string, err error) ending {
	reason := x.trace.Redact.Error(err)
	return ending{kind: kind, err: errline.Wrap(x.request.Method+" "+x.request.Path+": "+what, reason), reason: reason}
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

// How much of a response is read, after decompression.
const (
	maxBody    = 8 << 20         // of a 200; a page of 50 messages has some 20 KiB
	maxDrained = 256 << 10       // read and discarded after an error, so that the connection can be used again
	errorGrace = 5 * time.Second // for the body of an error, whose status is known already

	// MaxErrorBody is how much of any other answer is kept.
	MaxErrorBody = 64 << 10
)

// Reply is an answer, read as far as it came. Its body is good until the function that was given the Reply returns.
type Reply struct {
	Status     int
	Header     http.Header
	URL        *url.URL // of the request
	Body       []byte
	Broken     error         // why the body is not whole; nil if it is
	RetryAfter time.Duration // as the gateway asked; 0 if it did not
	Attempt    int           // 1 for the first
	Redact     redact.Redactor

	buffer *bytes.Buffer // of the body
}

// read reads a response and closes its body. cancel ends the attempt.
func (r *Reply) read(ctx context.Context, res *http.Response, cancel context.CancelFunc) {
	defer res.Body.Close()
	r.Status, r.Header, r.RetryAfter = res.StatusCode, res.Header, header.RetryAfter(res.Header, time.Now())
	if r.Status == http.StatusOK {
		r.readBody(ctx, res.Body, maxBody)
		return
	}
	if r.Status < http.StatusOK { // the body of a 101 is the raw connection; reading it ignores the context
		res.Body = http.NoBody
	}
	defer time.AfterFunc(errorGrace, cancel).Stop()
	r.readBody(ctx, res.Body, MaxErrorBody+redact.MaxToken)
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxDrained)) // as go-retryablehttp does
}

var (
	errTooLarge = errors.New("the body is larger than anything that the contract describes")
	errCorrupt  = errors.New("the body cannot be decompressed")
)

// readBody reads at most limit bytes of the body, and one more to know that there is one, and records why it is not whole.
func (r *Reply) readBody(ctx context.Context, body io.Reader, limit int) {
	r.buffer = buffers.Get().(*bytes.Buffer)
	body = io.LimitReader(body, int64(limit)+1)
	_, err := r.buffer.ReadFrom(io.LimitReader(body, maxPooled))
	if r.buffer.Len() == maxPooled { // it doubled so far; a last step to the limit holds less of the body twice
		r.buffer.Grow(limit + 1 + bytes.MinRead - maxPooled)
		_, err = r.buffer.ReadFrom(body)
	}
	r.Body = r.buffer.Bytes()
	_, deflate := errors.AsType[flate.CorruptInputError](err)
	switch {
	case len(r.Body) > limit:
		r.Body, r.Broken = r.Body[:limit], errTooLarge
	case err == nil:
	case ctx.Err() != nil:
		r.Broken = brokeOff(errline.Context(ctx))
	case deflate, errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		r.Broken = errCorrupt
	default:
		r.Broken = brokeOff(r.Redact.Error(redact.WithoutQuotes(err)))
	}
}

// brokeOff returns the error of a body that was cut off. It matches io.ErrUnexpectedEOF, whatever the connection said.
func brokeOff(reason error) error {
	return errline.Wrap("the body broke off", reason, io.ErrUnexpectedEOF)
}

// release gives the body's buffer to the next reply.
func (r *Reply) release() {
	if r.buffer.Cap() <= maxPooled {
		r.buffer.Reset()
		buffers.Put(r.buffer)
	}
	r.Body = nil
}

const maxPooled = 1 << 20 // one huge answer must not stay in memory

var buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 32<<10)) }}

// attemptTrace is what httptrace shows of the connections of one attempt. That WroteHeaders was not called would not prove that
// nothing was sent: over HTTP/2 a request can arrive before.
type attemptTrace struct {
	client    *Client
	cancel    context.CancelFunc // ends the attempt
	maxWrites int                // times that the request may be written
	again     bool               // the transport may write it again over HTTP/1.1, since it does so only if nothing was written

	wanted        bool
	conns         int // that the attempt got
	wroteHeaders  bool
	h2Conn        net.Conn // the last one, if it is HTTP/2's, on which others may wait
	answersBefore int      // of the client, when the attempt got it
	resent        bool     // the transport was about to send the request again by itself
}

// traceConnections returns a context with which net/http records an attempt's connections.
func (c *Client) traceConnections(ctx context.Context, method string, cancel context.CancelFunc) (context.Context, *attemptTrace) {
	t := &attemptTrace{client: c, cancel: cancel, maxWrites: 4}
	if method != http.MethodGet {
		_, t.again = c.http.Transport.(*http.Transport) // net/http's own
		t.maxWrites = 1
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { t.locked(func() { t.wanted = true }) },
		GotConn:              func(info httptrace.GotConnInfo) { t.locked(func() { t.gotConn(info.Conn) }) },
		WroteHeaders:         func() { t.locked(func() { t.wroteHeaders = true }) },
		GotFirstResponseByte: func() { t.locked(func() { c.answers++ }) },
	}), t
}

func (t *attemptTrace) locked(f func()) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	f()
}

// gotConn ends the attempt where the request would be written once too often. net/http sends a request again by itself:
//   - Over HTTP/1.1 it sends a DELETE again only if nothing was written: the server had closed the idle connection. But
//     WroteHeaders is called before the headers leave the buffer, and a caller's RoundTripper may have other rules.
//   - Over HTTP/2 it sends one again also after errors that do not say that nothing was done (RST_STREAM with
//     PROTOCOL_ERROR), without a wait. That must never happen to a DELETE, nor to a GET so often that it is a storm.
func (t *attemptTrace) gotConn(conn net.Conn) {
	secure, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	multiplexed := ok && secure.ConnectionState().NegotiatedProtocol == "h2"
	if t.conns >= t.maxWrites && (multiplexed || t.wroteHeaders && !t.again) {
		t.resent = true
		t.cancel()
	}
	t.conns++
	t.h2Conn, t.answersBefore = nil, t.client.answers
	if multiplexed {
		t.h2Conn = conn
	}
}

// ended returns how and why an attempt ended that got no answer. The caller's context comes before the attempt's own limit, and
// both before what net/http made of them. A transport that traces nothing is believed only when it could not connect.
func (t *attemptTrace) ended(ctx, attemptCtx context.Context, err error) (kind, error) {
	t.client.mu.Lock() // net/http may still be calling hooks
	defer t.client.mu.Unlock()
	unconnected := false
	switch {
	case ctx.Err() != nil:
		err = errline.Context(ctx)
	case t.resent:
		err = errResent
	case attemptCtx.Err() != nil:
		err = errAttemptTimeout
	case retry.NoConnection(err):
		unconnected = true // and such an error quotes nothing of an answer
	case t.wanted && t.conns == 0:
		err = asProxyError(redact.WithoutQuotes(err))
	default:
		err = redact.WithoutQuotes(err)
	}
	if t.conns > 0 || !t.wanted && !unconnected {
		return noAnswer, err
	}
	return noConnection, err
}

// timedOut is called after an attempt that took too long. Its connection may have died silently, and so may all idle ones: they
// are closed, so that the next attempt has a new one. Over HTTP/2 it is never idle while others wait on it; it is closed if the
// gateway answered nothing all that time.
func (t *attemptTrace) timedOut() {
	var dead net.Conn
	t.locked(func() {
		if t.answersBefore == t.client.answers {
			dead = t.h2Conn
		}
	})
	if dead != nil {
		_ = dead.Close()
	}
	t.client.http.CloseIdleConnections()
}
