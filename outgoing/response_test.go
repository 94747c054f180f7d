package outgoing_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestR8_ConnectionIsReusedAfterAnErrorResponse(t *testing.T) {
	for name, body := range map[string]string{
		"no body": "", "a problem": `{"title":"No"}`, "64 KiB": strings.Repeat("x", 64<<10), "300 KiB": strings.Repeat("x", 300<<10),
	} {
		t.Run(name, func(t *testing.T) {
			var opened, code atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(int(code.Load()))
				_, _ = io.WriteString(w, body)
			}))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			server.Start()
			t.Cleanup(server.Close)
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			client := newClient(t, transport, outgoing.WithBaseURL(server.URL), once)
			for _, status := range []int64{400, 401, 403, 409, 418, 500, 502, 503, 504, 301, 302, 201} {
				code.Store(status)
				_, err := client.GetByIDs(t.Context(), []int64{1})
				require.Error(t, err)
				_, err = client.CancelScheduled(t.Context(), []int64{1})
				require.Error(t, err)
			}
			assert.EqualValues(t, 1, opened.Load())
		})
	}
}

// endless is a body that never ends, and says how much of it was read.
type endless struct{ read int }

func (b *endless) Read(p []byte) (int, error) {
	b.read += len(p)
	return len(p), nil
}

func (b *endless) Close() error { return nil }

func TestR8_NoMoreOfAnErrorBodyIsReadThanIsWorthIt(t *testing.T) {
	body := &endless{}
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusBadRequest, Body: body}, nil
	}))
	_, err := client.GetByIDs(t.Context(), []int64{1})
	require.ErrorIs(t, err, outgoing.ErrBadRequest)
	assert.Less(t, body.read, 512<<10)
}

// stuck is a body of which no more comes until the request is given up.
type stuck struct{ req *http.Request }

func (b stuck) Read([]byte) (int, error) {
	<-b.req.Context().Done()
	return 0, b.req.Context().Err()
}

func (b stuck) Close() error { return nil }

func TestR8_ErrorBodyThatDoesNotComeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadRequest, Body: stuck{req}}, nil
		}))
		start := time.Now()
		_, err := client.GetByIDs(t.Context(), []int64{1})
		require.ErrorIs(t, err, outgoing.ErrBadRequest, "the status is known, and worth more than the body")
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}
