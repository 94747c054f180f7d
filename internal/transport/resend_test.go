package transport_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// A caller's transport may have retries of its own.
func TestC6_ATransportThatSendsADeleteAgainIsStopped(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		var arrived atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		retries := roundTrip(func(req *http.Request) (*http.Response, error) {
			req.URL.Host = server.Listener.Addr().String()
			res, err := server.Client().Transport.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			return server.Client().Transport.RoundTrip(req)
		})
		_, trace, err := do(t, retries, http.MethodDelete, func(c *transport.Sender) { c.Policy.MaxAttempts = 1 })
		require.Error(t, err)
		assert.EqualValues(t, 1, arrived.Load(), "DELETEs that arrived")
		assert.True(t, trace.MayHaveTakenEffect())
	}
}

// dying is a connection that takes no more bytes once it is dead.
type dying struct {
	net.Conn
	dead *atomic.Bool
}

func (c dying) Write(p []byte) (int, error) {
	if c.dead.Load() {
		return 0, syscall.EPIPE
	}
	return c.Conn.Write(p)
}

func TestC6_ADeleteOfWhichNothingWasWrittenGoesOutOnAnotherConnection(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived.Add(1)
		_, _ = io.WriteString(w, "body")
	}))
	t.Cleanup(server.Close)
	var last *atomic.Bool
	own := &http.Transport{DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		last = new(atomic.Bool)
		return dying{conn, last}, err
	}}
	t.Cleanup(own.CloseIdleConnections)
	for n := range int64(3) {
		_, _, err := do(t, own, http.MethodDelete, func(c *transport.Sender) { c.Policy.MaxAttempts = 1 })
		require.NoError(t, err)
		assert.Equal(t, n+1, arrived.Load())
		last.Store(true) // while it is idle
	}
}

func TestR5_ATransportThatSendsAGetAgainAndAgainIsStopped(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	t.Cleanup(server.Close)
	retries := roundTrip(func(req *http.Request) (res *http.Response, err error) {
		req.URL.Host, req.URL.Scheme = server.Listener.Addr().String(), "http"
		for range 100 {
			if res, err = server.Client().Transport.RoundTrip(req); err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		return res, err
	})
	_, _, err := do(t, retries, http.MethodGet, func(c *transport.Sender) { c.Policy.MaxAttempts = 1 })
	require.Error(t, err)
	assert.LessOrEqual(t, arrived.Load(), int64(4), "GETs that arrived")
}
