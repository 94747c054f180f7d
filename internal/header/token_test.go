package header_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/header"
)

func TestS4_ATokenIsOneWordOfVisibleASCII(t *testing.T) {
	for _, token := range []string{"x", "eyJhbGciOiJIUzI1NiJ9.e30.Z-_~+/=", "!~"} {
		require.NoError(t, header.CheckToken(token), token)
	}
	for token, says := range map[string]string{
		"": "empty", "hunter2\n": "newline", "hunter2\r\n": "newline", "hun ter2": "space", "\thunter2": "control character",
		"hunter2\x7f": "control character", "h\u00fcnter2": "non-ASCII",
	} {
		err := header.CheckToken(token)
		require.ErrorContains(t, err, says, "%q", token)
		assert.NotContains(t, err.Error(), "hunter2", "%q", token)
	}
}
