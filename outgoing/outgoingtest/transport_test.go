package outgoingtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestTransportCallsTraceHooks(t *testing.T) {
	var calls []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(hostPort string) { calls = append(calls, "GetConn "+hostPort) },
		GotConn: func(info httptrace.GotConnInfo) {
			calls = append(calls, "GotConn")
			assert.NotEmpty(t, info.Conn.RemoteAddr().String())
			assert.NotEmpty(t, info.Conn.LocalAddr().String())
		},
		WroteHeaders:         func() { calls = append(calls, "WroteHeaders") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { calls = append(calls, "WroteRequest") },
		GotFirstResponseByte: func() { calls = append(calls, "GotFirstResponseByte") },
	})
	g := outgoingtest.NewGateway()
	g.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true})

	_, err := inMemory(g).send(ctx, http.MethodGet, "/messages", "Bearer any")
	require.NoError(t, err)
	wrote := []string{"GetConn gateway.test:443", "GotConn", "WroteHeaders", "WroteRequest"}
	assert.Equal(t, append(wrote, "GotFirstResponseByte"), calls)

	calls = nil
	_, err = inMemory(g).send(ctx, http.MethodDelete, "/messages/1", "Bearer any")
	require.Error(t, err)
	assert.Equal(t, wrote, calls)
}

func TestTransportDropLooksLikeAResetConnection(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Inject(outgoingtest.Fault{Drop: true})
	_, err := inMemory(g).send(t.Context(), http.MethodGet, "/messages", "Bearer any")
	require.ErrorIs(t, err, syscall.ECONNRESET)
	opErr, ok := errors.AsType[*net.OpError](err)
	require.True(t, ok)
	assert.Equal(t, "read", opErr.Op)
}

func TestTransportSendsWhatAServerSees(t *testing.T) {
	g := outgoingtest.NewGateway()
	var seen *http.Request
	g.Inject(outgoingtest.Fault{Match: func(r *http.Request) bool { seen = r; return false }})
	_, err := inMemory(g).send(t.Context(), http.MethodGet, "/rest/messages/1%2C2?x=y", "Bearer any")
	require.NoError(t, err)
	assert.Equal(t, "/rest/messages/1%2C2?x=y", seen.RequestURI)
	assert.Equal(t, "/rest/messages/1,2", seen.URL.Path)
	assert.Empty(t, seen.URL.Host)
	assert.Equal(t, "gateway.test", seen.Host)
	assert.NotEmpty(t, seen.RemoteAddr)
	assert.NotNil(t, seen.TLS)
	assert.NotNil(t, seen.Body)
	assert.Equal(t, "Go-http-client/1.1", seen.UserAgent())
}

func TestTransportKeepsToTheContext(t *testing.T) {
	g := outgoingtest.NewGateway()
	to := inMemory(g)
	ctx, cancel := context.WithCancel(t.Context())

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.base+"/messages", nil)
	require.NoError(t, err)
	res, err := to.client.Do(req)
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(res.Body)
	res.Body.Close()
	require.ErrorIs(t, err, context.Canceled, "a body is not read on")

	_, err = to.send(ctx, http.MethodGet, "/messages", "Bearer any")
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, g.Requests(), 1, "nothing was sent")

	ctx, cancel = context.WithCancel(t.Context())
	g.Inject(outgoingtest.Fault{Before: func(*outgoingtest.Gateway) { cancel() }})
	_, err = to.send(ctx, http.MethodGet, "/messages", "Bearer any")
	require.ErrorIs(t, err, context.Canceled, "the answer came too late")
}

type closedBody struct {
	io.Reader
	closed bool
}

func (b *closedBody) Close() error { b.closed = true; return nil }

func TestTransportClosesTheRequestsBody(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ctx := range []context.Context{t.Context(), done} {
		body := &closedBody{Reader: strings.NewReader("x")}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://gateway.test/messages", body)
		require.NoError(t, err)
		if res, err := outgoingtest.NewGateway().Transport().RoundTrip(req); err == nil {
			res.Body.Close()
		}
		assert.True(t, body.closed)
	}
}

func TestTransportLetsOtherPanicsThrough(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Inject(outgoingtest.Fault{Before: func(*outgoingtest.Gateway) { panic("from a test") }})
	assert.PanicsWithValue(t, "from a test", func() {
		_, _ = inMemory(g).send(t.Context(), http.MethodGet, "/messages", "Bearer any")
	})
	inMemory(g).ask(t, http.MethodGet, "/messages")
}
