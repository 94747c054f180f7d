package outgoing

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestS7_TheRequestsOfTheGeneratedCodeCarryNoOtherHeaders(t *testing.T) {
	for key := range defaultOptions().header {
		assert.Contains(t, []string{"Accept", "User-Agent"}, key)
	}
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		assert.True(t, reservedHeaders[key])
		assert.Equal(t, key, http.CanonicalHeaderKey(key), "they are looked up so")
	}
	for key := range reservedHeaders {
		assert.Equal(t, key, http.CanonicalHeaderKey(key))
	}
}
