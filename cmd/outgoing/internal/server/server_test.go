package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// pipeListener is a network of pipes, so that its deadlines are in virtual time.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error {
	close(l.done)
	return nil
}

func (pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// dialDouble serves a gateway as serve does, and returns a connection to it.
func dialDouble(t *testing.T, faults ...outgoingtest.Fault) net.Conn {
	t.Helper()
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(100)...)
	gateway.Inject(faults...)
	listener := pipeListener{make(chan net.Conn), make(chan struct{})}
	server := New(gateway, io.Discard)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	here, there := net.Pipe()
	listener.conns <- there
	t.Cleanup(func() {
		_ = here.Close()
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return here
}

const listRequest = "GET /rest/messages?limit=50 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n"

func TestADelayOfServeMayBeLongerThanItsTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := time.Hour
		conn := dialDouble(t, outgoingtest.Fault{Times: 2, Delay: delay})
		begun := time.Now()
		r := bufio.NewReader(conn)
		for range 2 { // on the same connection
			_, err := io.WriteString(conn, listRequest)
			require.NoError(t, err)
			res, err := http.ReadResponse(r, nil)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, 50, strings.Count(string(body), `"id":`))
		}
		assert.GreaterOrEqual(t, time.Since(begun), 2*delay)
	})
}

func TestAClientThatLeavesIsNotLoggedAsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fault := range []outgoingtest.Fault{{Delay: time.Hour}, {Drop: true}} {
			gateway := outgoingtest.NewGateway()
			gateway.Inject(fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/rest/messages", http.NoBody)
			var log strings.Builder
			assert.Panics(t, func() { New(gateway, &log).Handler.ServeHTTP(httptest.NewRecorder(), r) })
			cancel()
			assert.Equal(t, fault.Drop, strings.Contains(log.String(), "  dropped  "), log.String())
			assert.Equal(t, !fault.Drop, strings.Contains(log.String(), "  client left  "), log.String())
		}
	})
}
