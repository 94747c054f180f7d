package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"

	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// connection records, by httptrace, which connections an attempt had. A trace without WroteHeaders does not prove that nothing
// was sent: over HTTP/2 a request can arrive before the hook is called.
type connection struct {
	mu      sync.Mutex
	client  *Client
	cancel  context.CancelFunc // ends the attempt
	mostGot int

	wanted       bool
	got          int
	conn         net.Conn // the last one
	wroteHeaders bool
	resent       bool // net/http was about to send the request again by itself
	alive        bool // something was answered on conn since
}

// net/http sends a request again by itself after some errors, over HTTP/2 also after one that does not say that nothing was
// done (RST_STREAM with PROTOCOL_ERROR), and without a wait.
const (
	mostSent       = 1 // for a DELETE
	mostSentSafely = 4 // for a GET, so that a server that always resets gets no storm
)

func (c *Client) trace(ctx context.Context, safe bool, cancel context.CancelFunc) (context.Context, *connection) {
	t := &connection{client: c, cancel: cancel, mostGot: mostSent}
	if safe {
		t.mostGot = mostSentSafely
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              t.getConn,
		GotConn:              t.gotConn,
		WroteHeaders:         t.wrote,
		GotFirstResponseByte: t.answered,
	}), t
}

func (t *connection) getConn(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wanted = true
}

// gotConn ends the attempt where the request would be written once too often. Over HTTP/1.1 net/http sends a DELETE again only
// if nothing was written, which is the ordinary case of an idle connection that the server has closed.
func (t *connection) gotConn(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	multiplexed := isHTTP2(info.Conn)
	if t.got >= t.mostGot && (multiplexed || t.wroteHeaders) {
		t.resent = true
		t.cancel()
	}
	t.got++
	t.conn = info.Conn
	if multiplexed {
		t.client.inFlight.add(t)
	}
}

func (t *connection) wrote() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wroteHeaders = true
}

func (t *connection) answered() {
	t.mu.Lock()
	conn := t.conn
	t.alive = true
	t.mu.Unlock()
	t.client.inFlight.answered(conn)
}

func isHTTP2(conn net.Conn) bool {
	secure, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

func (t *connection) wasResent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.resent
}

// mayHaveCarried reports whether a request that ended in err may have reached the gateway. A transport that traces nothing is
// believed only when it could not connect.
func (t *connection) mayHaveCarried(err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.got > 0 || !t.wanted && !retry.IsDial(err) && !retry.IsTLS(err)
}

// neverHad reports whether net/http wanted a connection for the request and never had one.
func (t *connection) neverHad() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wanted && t.got == 0
}

// drop closes a connection on which an attempt waited in vain, if it may have died silently, and all idle ones, so that the
// next attempt has a new one. An HTTP/2 connection is never idle while other requests wait on it; it is closed if nothing was
// answered on it all that time.
func (t *connection) drop() {
	t.mu.Lock()
	conn, dead := t.conn, !t.alive && t.conn != nil && isHTTP2(t.conn)
	t.mu.Unlock()
	if dead {
		_ = conn.Close()
	}
	t.client.closeIdleConnections()
}

// connections are the attempts in flight whose connections others share (HTTP/2).
type connections struct {
	mu  sync.Mutex
	all map[*connection]net.Conn
}

func (s *connections) add(t *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[*connection]net.Conn)
	}
	s.all[t] = t.conn
}

func (s *connections) remove(t *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, t)
}

// answered records for all attempts on a connection that something was answered on it.
func (s *connections) answered(conn net.Conn) {
	s.mu.Lock()
	var others []*connection
	for t, its := range s.all {
		if its == conn {
			others = append(others, t)
		}
	}
	s.mu.Unlock()
	for _, t := range others {
		t.mu.Lock()
		t.alive = true
		t.mu.Unlock()
	}
}
