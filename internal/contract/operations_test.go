package contract_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vendorPart returns what api/vendor.yaml becomes.
func vendorPart(t *testing.T, document string) string {
	t.Helper()
	derived, err := open(t).Derive([]byte(document))
	require.NoError(t, err)
	return string(derived.Vendor)
}

func TestOtherOperationsAndWhatTheyReferToAreDropped(t *testing.T) {
	text := vendorPart(t, withOperations(22)(t, vendorDocument(t)))
	for _, gone := range []string{"other0", "Other", "golang"} {
		assert.NotContains(t, text, gone)
	}
	assert.Contains(t, text, "MessageType", "listMessages refers to it through Message")
}

func TestExtensionsAreDroppedAndHeadersAreNot(t *testing.T) {
	text := vendorPart(t, replaced("X-Limit:", "x-limit:")(t, vendorDocument(t)))
	assert.NotContains(t, text, "x-speakeasy-group")
	assert.Contains(t, text, "x-speakeasy-unknown-values: allow")
	assert.Contains(t, text, "X-Limit:", "it is the name of a header")
}
