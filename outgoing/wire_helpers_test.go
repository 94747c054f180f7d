package outgoing_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// serveRaw answers each connection's first request with bytes as they are, so that answers can be wrong in ways that
// net/http would not write. With hold the connection stays open until the client closes it.
func serveRaw(t *testing.T, hold bool, raw func(*http.Request) string) (baseURL string, requests *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	requests = new(atomic.Int64)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer func() { _ = conn.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				requests.Add(1)
				_, _ = io.WriteString(conn, raw(r))
				if hold {
					_, _ = io.Copy(io.Discard, conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return "http://" + listener.Addr().String() + "/rest", requests
}

// wire is an answer as it is sent. Without a header about its length it gets the right one.
func wire(status, body string, headers ...string) string {
	all := strings.Join(append(headers, ""), "\r\n")
	if !strings.Contains(all, "Content-Length:") && !strings.Contains(all, "Transfer-Encoding:") {
		all += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return "HTTP/1.1 " + status + "\r\n" + all + "\r\n" + body
}

// rawClient tries twice, at once, on a new connection each time.
func rawClient(t testing.TB, baseURL string, opts ...outgoing.Option) *outgoing.Client {
	t.Helper()
	return newClient(t, &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}, append([]outgoing.Option{
		outgoing.WithBaseURL(baseURL),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2, InitialInterval: 1, MaxElapsed: time.Minute}),
		outgoing.WithAttemptTimeout(20 * time.Second),
	}, opts...)...)
}
