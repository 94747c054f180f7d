package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// connection is what httptrace shows of the connections of one attempt. That WroteHeaders was not called would not prove that
// nothing was sent: over HTTP/2 a request can arrive before.
type connection struct {
	client *Client
	cancel context.CancelFunc // ends the attempt
	most   int                // times that the request may be written

	wanted       bool
	got          int
	wroteHeaders bool
	shared       net.Conn // the last one, if others may wait on it (HTTP/2)
	answers      int      // of the client, when the attempt got it
	resent       bool     // the transport was about to send the request again by itself
}

// traceConnections returns a context with which net/http records an attempt's connections.
func (c *Client) traceConnections(ctx context.Context, method string, cancel context.CancelFunc) (context.Context, *connection) {
	t := &connection{client: c, cancel: cancel, most: 1}
	if method == http.MethodGet {
		t.most = 4
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { t.locked(func() { t.wanted = true }) },
		GotConn:              func(info httptrace.GotConnInfo) { t.locked(func() { t.gotConn(info.Conn) }) },
		WroteHeaders:         func() { t.locked(func() { t.wroteHeaders = true }) },
		GotFirstResponseByte: func() { t.locked(func() { c.answers++ }) },
	}), t
}

func (t *connection) locked(f func()) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	f()
}

// gotConn ends the attempt where the request would be written once too often. net/http sends a request again by itself after
// some errors: over HTTP/1.1 a DELETE only if nothing was written, which is the ordinary case of an idle connection that the
// server has closed, but over HTTP/2 also after one that does not say that nothing was done (RST_STREAM with PROTOCOL_ERROR),
// and without a wait: never a DELETE, and a GET not so often that a server that always resets gets a storm.
func (t *connection) gotConn(conn net.Conn) {
	secure, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	multiplexed := ok && secure.ConnectionState().NegotiatedProtocol == "h2"
	if t.got >= t.most && (multiplexed || t.wroteHeaders) {
		t.resent = true
		t.cancel()
	}
	t.got++
	t.shared, t.answers = nil, t.client.answers
	if multiplexed {
		t.shared = conn
	}
}

// ended returns how and why an attempt ended that got no answer. The caller's context comes before the attempt's own limit, and
// both before what net/http made of them. A transport that traces nothing is believed only when it could not connect.
func (t *connection) ended(ctx, attemptCtx context.Context, err error) (kind, error) {
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
	case retry.IsDial(err), retry.IsTLS(err):
		unconnected = true // and such an error quotes nothing of an answer
	case t.wanted && t.got == 0:
		err = asProxyError(redact.Quotes(err))
	default:
		err = redact.Quotes(err)
	}
	if t.got > 0 || !t.wanted && !unconnected {
		return noAnswer, err
	}
	return noConnection, err
}

// timedOut is called after an attempt that took too long. Its connection may have died silently, and so may all idle ones: they
// are closed, so that the next attempt has a new one. Over HTTP/2 it is never idle while others wait on it; it is closed if the
// gateway answered nothing all that time.
func (t *connection) timedOut() {
	var dead net.Conn
	t.locked(func() {
		if t.answers == t.client.answers {
			dead = t.shared
		}
	})
	if dead != nil {
		_ = dead.Close()
	}
	t.client.http.CloseIdleConnections()
}
