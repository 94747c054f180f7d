package outgoing_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestS7_NoIdempotencyKeyIsEverSent(t *testing.T) {
	var sent []http.Header
	client, _ := tokenClient(t, testToken, roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.Header.Clone())
		return answer(503, ""), nil
	}))
	use(t, client)
	require.NotEmpty(t, sent)
	for _, header := range sent {
		for key := range header {
			assert.Contains(t, []string{"Accept", "Authorization", "User-Agent"}, key)
		}
	}
}

func TestS7_HeadersThatAreNotTheCallersAreRefused(t *testing.T) {
	for _, name := range []string{
		"Authorization", "authorization", "Accept-Encoding", "Host", "HOST", "Content-Length", "Idempotency-Key", "idempotency-key",
		"X-Idempotency-Key", "x-idempotency-KEY", "Transfer-Encoding", "Connection", "Upgrade", "Trailer", "TE", "Expect",
	} {
		_, err := outgoing.New(testToken, outgoing.WithHeader(name, "a secret value"))
		assertInvalid(t, err, "the library or net/http sets it")
		assert.NotContains(t, err.Error(), "a secret value")
	}
}
