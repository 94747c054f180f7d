package outgoing_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// tunnel forwards TCP connections to a server, until those of a moment die silently: nothing passes on them any more, and
// neither side is told. New ones work.
type tunnel struct {
	addr  string
	opens atomic.Int64

	mu    sync.Mutex
	alive *atomic.Bool // of the connections since the last time that all died
}

func (p *tunnel) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alive.Store(false)
	p.alive = new(atomic.Bool)
	p.alive.Store(true)
}

func newTunnel(t *testing.T, server *httptest.Server) *tunnel {
	t.Helper()
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &tunnel{addr: listener.Addr().String(), alive: new(atomic.Bool)}
	p.alive.Store(true)
	var accepting, open sync.WaitGroup
	var conns sync.Map
	forward := func(to, from net.Conn, alive *atomic.Bool) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if !alive.Load() {
				_, _ = io.Copy(io.Discard, from)
				return
			}
			if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
				_, _ = to.Close(), from.Close()
				return
			}
		}
	}
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.opens.Add(1)
			p.mu.Lock()
			alive := p.alive
			p.mu.Unlock()
			behind, err := net.Dial("tcp", target.Host)
			if err != nil {
				_ = conn.Close()
				continue
			}
			conns.Store(conn, true)
			conns.Store(behind, true)
			open.Go(func() { forward(behind, conn, alive) })
			open.Go(func() { forward(conn, behind, alive) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait() // else it may accept one more
		conns.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
		open.Wait()
	})
	return p
}

// viaTunnel is a client whose connections go through a tunnel to a server that does what is asked.
func viaTunnel(t *testing.T, test func(t *testing.T, client *outgoing.Client, tunnel *tunnel)) {
	t.Helper()
	slowly := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond) // so that several are in flight at once
		ok(w, r)
	})
	timeout := 300 * time.Millisecond
	if fewer.Raced { // a handshake takes longer, too
		timeout = time.Second
	}
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		tunnel := newTunnel(t, server)
		transport.MaxIdleConnsPerHost = 100
		client := newClient(t, transport, outgoing.WithBaseURL("https://"+tunnel.addr),
			outgoing.WithAttemptTimeout(timeout), outgoing.WithRetry(outgoing.Retry{InitialInterval: time.Millisecond}))
		test(t, client, tunnel)
	}, slowly)
}

func TestR12_AfterConnectionsThatDiedSilentlyOneOfTheNextTwoAttemptsSucceeds(t *testing.T) {
	t.Parallel()
	viaTunnel(t, func(t *testing.T, client *outgoing.Client, tunnel *tunnel) {
		_, err := client.GetByIDs(t.Context(), ids(8*50), outgoing.WithConcurrency(8))
		require.NoError(t, err)
		tunnel.die()
		result, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		assert.LessOrEqual(t, result.Attempts, 3, "one call")

		_, err = client.GetByIDs(t.Context(), ids(8*50), outgoing.WithConcurrency(8))
		require.NoError(t, err)
		tunnel.die()
		result, err = client.GetByIDs(t.Context(), ids(1000), outgoing.WithConcurrency(8))
		require.NoError(t, err)
		assert.Len(t, result.Messages, 1000)
		assert.LessOrEqual(t, result.Attempts, 20+2*8, "each request in flight may meet two dead connections")

		tunnel.die()
		cancelled, err := client.CancelScheduled(t.Context(), ids(1000), outgoing.WithConcurrency(8))
		require.NoError(t, err)
		assert.Len(t, cancelled.IDs(outgoing.Cancelled), 1000)
		assert.LessOrEqual(t, cancelled.Attempts, 20+2*8)
	})
}

func TestR12_AWatchGetsANewConnection(t *testing.T) {
	t.Parallel()
	viaTunnel(t, func(t *testing.T, client *outgoing.Client, tunnel *tunnel) {
		_, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		tunnel.die()
		looks := outgoing.WatchRequest{IDs: ids(60), InitialInterval: 20 * time.Millisecond, MaxInterval: 20 * time.Millisecond,
			Until: func(outgoing.Message) bool { return true }}
		seen, failed := 0, 0
		for _, err := range client.Watch(t.Context(), looks) {
			if err != nil {
				failed++
			} else {
				seen++
			}
		}
		assert.Equal(t, 60, seen)
		assert.LessOrEqual(t, failed, 2)
	})
}

func TestR12_AConnectionThatIsOnlySlowIsKept(t *testing.T) {
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		tunnel := newTunnel(t, server)
		client := newClient(t, transport, outgoing.WithBaseURL("https://"+tunnel.addr))
		for range 20 {
			_, err := client.GetByIDs(t.Context(), ids(1))
			require.NoError(t, err)
		}
		assert.EqualValues(t, 1, tunnel.opens.Load())
	}, http.HandlerFunc(ok))
}
