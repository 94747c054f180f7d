package outgoingtest_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestTransportGivesAWholeResponse(t *testing.T) {
	g := outgoingtest.NewGateway()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://any.example/messages", nil)
	require.NoError(t, err)
	res, err := g.Transport().RoundTrip(req)
	require.NoError(t, err)
	assert.Equal(t, "401 Unauthorized", res.Status)
	assert.Equal(t, "HTTP/1.1", res.Proto)
	assert.Same(t, req, res.Request)
	date, err := http.ParseTime(res.Header.Get("Date"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), date, 2*time.Second)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, int64(len(body)), res.ContentLength)
	require.NoError(t, res.Body.Close())
	_, err = res.Body.Read(make([]byte, 1))
	require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
}

func TestTransportCutsABodyThatIsLongerThanDeclared(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Inject(outgoingtest.Fault{Body: new("[] and more"), Header: http.Header{"Content-Length": {"2"}}})
	body := inMemory(g).ask(t, http.MethodGet, "/messages").body
	assert.Equal(t, "[]", body)
}
