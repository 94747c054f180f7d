package transport

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestS5_TheDefaultTransport(t *testing.T) {
	for _, hc := range []*http.Client{nil, {}} {
		transport, ok := NewClient(hc).http.Transport.(*http.Transport)
		require.True(t, ok)
		assert.NotSame(t, http.DefaultTransport, transport)
		assert.EqualValues(t, tls.VersionTLS12, transport.TLSClientConfig.MinVersion)
		assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
		assert.True(t, transport.ForceAttemptHTTP2, "a TLSClientConfig of one's own turns HTTP/2 off")
		assert.GreaterOrEqual(t, transport.MaxIdleConnsPerHost, 1000, "as many as WithConcurrency needs")
		assert.Zero(t, transport.MaxIdleConns)
		assert.Zero(t, transport.MaxConnsPerHost)
		assert.NotNil(t, transport.Proxy)
	}
}
