package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"

	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// connection is what httptrace shows of the connections of one attempt. That WroteHeaders was not called does not prove that
// nothing was sent: over HTTP/2 a request can arrive before.
type connection struct {
	client *Client
	cancel context.CancelFunc // ends the attempt
	most   int                // times that the request may be written

	wanted       bool
	got          int
	conn         net.Conn // the last one
	wroteHeaders bool
	resent       bool // net/http was about to send the request again by itself
	alive        bool // something was answered on conn since
}

// trace returns a context with which net/http records an attempt's connections. net/http sends a request again by itself after
// some errors, over HTTP/2 also after one that does not say that nothing was done (RST_STREAM with PROTOCOL_ERROR), and without
// a wait: never a DELETE, and a GET not so often that a server that always resets gets a storm.
func (c *Client) trace(ctx context.Context, safe bool, cancel context.CancelFunc) (context.Context, *connection) {
	t := &connection{client: c, cancel: cancel, most: 1}
	if safe {
		t.most = 4
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { t.locked(func() { t.wanted = true }) },
		GotConn:              func(info httptrace.GotConnInfo) { t.locked(func() { t.gotConn(info.Conn) }) },
		WroteHeaders:         func() { t.locked(func() { t.wroteHeaders = true }) },
		GotFirstResponseByte: func() { t.locked(t.answered) },
	}), t
}

func (t *connection) locked(f func()) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	f()
}

// gotConn ends the attempt where the request would be written once too often. Over HTTP/1.1 net/http sends a DELETE again only
// if nothing was written, which is the ordinary case of an idle connection that the server has closed.
func (t *connection) gotConn(conn net.Conn) {
	secure, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	multiplexed := ok && secure.ConnectionState().NegotiatedProtocol == "h2"
	if t.got >= t.most && (multiplexed || t.wroteHeaders) {
		t.resent = true
		t.cancel()
	}
	t.got++
	t.conn, t.alive = conn, false
	if multiplexed {
		t.client.inFlight[t] = struct{}{}
	}
}

// answered records for all attempts on the connection that something was answered on it.
func (t *connection) answered() {
	t.alive = true
	for other := range t.client.inFlight {
		if other.conn == t.conn {
			other.alive = true
		}
	}
}

// soFar returns a copy of what was recorded: net/http may still be calling hooks.
func (t *connection) soFar() (seen connection) {
	t.locked(func() { seen = *t })
	return seen
}

// mayHaveCarried reports whether a request that ended in err may have reached the gateway. A transport that traces nothing is
// believed only when it could not connect.
func (t connection) mayHaveCarried(err error) bool {
	return t.got > 0 || !t.wanted && !retry.IsDial(err) && !retry.IsTLS(err)
}

// end is called at the end of the attempt. The connection of one that timed out may have died silently, and so may all idle
// ones: they are closed, so that the next attempt has a new one. Over HTTP/2 it is never idle while others wait on it; it is
// closed if nothing was answered on it all that time.
func (t *connection) end(timedOut bool) {
	dead := false
	t.locked(func() {
		_, shared := t.client.inFlight[t]
		dead = shared && timedOut && !t.alive
		delete(t.client.inFlight, t)
	})
	if dead {
		_ = t.conn.Close()
	}
	if timedOut {
		t.client.http.CloseIdleConnections()
	}
}
