package outgoingtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"syscall"
)

// Transport returns a RoundTripper that hands every request to the gateway, whatever its host, in the goroutine that
// asks: for an http.Client of your own. It needs no port, leaves nothing open, works inside a testing/synctest bubble,
// and calls the hooks of net/http/httptrace. Responses are not decompressed.
func (g *Gateway) Transport() http.RoundTripper { return transport{g} }

type transport struct{ gateway *Gateway }

// RoundTrip has the gateway answer before it returns.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	traceSent(trace, req.URL)
	w := &responseWriter{header: make(http.Header)}
	aborted := serve(t.gateway, w, arriving(req))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case aborted && w.status == 0:
		return nil, &net.OpError{
			Op: "read", Net: "tcp", Source: clientAddr, Addr: gatewayAddr,
			Err: os.NewSyscallError("read", syscall.ECONNRESET),
		}
	}
	if trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return w.response(req, aborted), nil
}

// serve tells whether the handler broke the connection. Any other panic is the caller's: it comes from the code of a
// Fault, or of a handler of callbacks.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { //nolint:errorlint // v may be anything, and net/http compares likewise
			aborted = true
		} else if v != nil {
			panic(v)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// arriving returns req as a server would see it.
func arriving(req *http.Request) *http.Request {
	header := req.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	if _, ok := header["User-Agent"]; !ok {
		header.Set("User-Agent", "Go-http-client/1.1")
	}
	body := req.Body
	if body == nil {
		body = http.NoBody
	}
	r := &http.Request{
		Method:        cmp.Or(req.Method, http.MethodGet),
		URL:           &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery},
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          body,
		ContentLength: req.ContentLength,
		Host:          cmp.Or(req.Host, req.URL.Host),
		RequestURI:    req.URL.RequestURI(),
		RemoteAddr:    clientAddr.String(),
	}
	if req.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: req.URL.Hostname()}
	}
	return r.WithContext(req.Context())
}

// traceSent calls the hooks that come before an answer, in net/http's order.
func traceSent(trace *httptrace.ClientTrace, u *url.URL) {
	if trace.GetConn != nil {
		port := "443"
		if u.Scheme == "http" {
			port = "80"
		}
		trace.GetConn(net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)))
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: conn{}})
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
}

// Addresses reserved for documentation: RFC 5737.
var (
	clientAddr  = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 49152}
	gatewayAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443}
)

// conn is for hooks that ask a connection for its addresses, which is all it can tell.
type conn struct{ net.Conn }

// LocalAddr is the client's.
func (conn) LocalAddr() net.Addr { return clientAddr }

// RemoteAddr is the gateway's.
func (conn) RemoteAddr() net.Addr { return gatewayAddr }
