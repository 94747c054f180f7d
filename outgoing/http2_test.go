package outgoing_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// HTTP/2 frames (RFC 9113, section 6) that the server below reads or writes.
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	framePing     = 6
	frameGoAway   = 7

	errorProtocol = 1
	errorRefused  = 7
)

// rawHTTP2 is a TLS server that speaks HTTP/2 frame by frame. It counts requests, and answers each as onRequest says.
type rawHTTP2 struct {
	url       string
	transport *http.Transport // that trusts it
	requests  atomic.Int32
}

func writeFrame(conn net.Conn, kind byte, flags byte, stream uint32, payload []byte) {
	head := make([]byte, 9, 9+len(payload))
	head[0], head[1], head[2] = byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload))
	head[3], head[4] = kind, flags
	binary.BigEndian.PutUint32(head[5:], stream)
	_, _ = conn.Write(append(head, payload...))
}

func newRawHTTP2(t *testing.T, onRequest func(conn net.Conn, stream uint32, n int)) *rawHTTP2 {
	t.Helper()
	secure := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(secure.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: secure.TLS.Certificates, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	trusting := secure.Client().Transport.(*http.Transport).Clone()
	trusting.ForceAttemptHTTP2 = true
	s := &rawHTTP2{url: "https://" + listener.Addr().String(), transport: trusting}
	var (
		open  sync.WaitGroup
		conns sync.Map
	)
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
		open.Wait()
	})
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Store(conn, true)
			open.Go(func() { s.serve(conn, onRequest) })
		}
	})
	return s
}

func (s *rawHTTP2) serve(conn net.Conn, onRequest func(conn net.Conn, stream uint32, n int)) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadFull(conn, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	writeFrame(conn, frameSettings, 0, 0, nil)
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			return
		}
		switch ack := head[4]&1 != 0; {
		case head[3] == frameSettings && !ack:
			writeFrame(conn, frameSettings, 1, 0, nil)
		case head[3] == framePing && !ack:
			writeFrame(conn, framePing, 1, 0, payload)
		case head[3] == frameHeaders:
			onRequest(conn, binary.BigEndian.Uint32(head[5:])&(1<<31-1), int(s.requests.Add(1)))
		}
	}
}

// reset carries the request out, as far as anyone can tell, and resets its stream.
func reset(code uint32) func(net.Conn, uint32, int) {
	return func(conn net.Conn, stream uint32, _ int) {
		writeFrame(conn, frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code))
	}
}

// client returns a client of the server, which gets its DELETEs alone: what is read back is found without it.
func (s *rawHTTP2) client(t *testing.T, opts ...outgoing.Option) *outgoing.Client {
	t.Helper()
	counting := roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodGet {
			return answer(http.StatusOK, rowsFor(req)), nil
		}
		return s.transport.RoundTrip(req)
	})
	return newClient(t, counting, append([]outgoing.Option{outgoing.WithBaseURL(s.url)}, opts...)...)
}

func TestC6_OneAttemptIsOneDeleteWhateverTheServerResets(t *testing.T) {
	for name, code := range map[string]uint32{"PROTOCOL_ERROR": errorProtocol, "REFUSED_STREAM": errorRefused, "INTERNAL_ERROR": 2} {
		t.Run(name, func(t *testing.T) {
			server := newRawHTTP2(t, reset(code))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			result, err := server.client(t, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1})).CancelScheduled(ctx, ids(3))
			require.Error(t, err)
			assert.EqualValues(t, 1, server.requests.Load(), "DELETEs that arrived")
			assert.Equal(t, ids(3), result.IDs(outgoing.Unknown))
		})
	}
}
