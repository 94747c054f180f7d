package contract_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

func reduced(t *testing.T, document string, operations ...string) (text string, missing []string) {
	t.Helper()
	given, err := contract.Parse([]byte(document))
	require.NoError(t, err)
	d, missing := contract.Reduce(given, operations)
	made, err := d.YAML()
	require.NoError(t, err)
	return string(made), missing
}

func TestOtherOperationsAndWhatTheyReferToAreDropped(t *testing.T) {
	want, _ := reduced(t, vendorDocument(t), "getMessages", "cancelMessages", "listMessages")
	got, missing := reduced(t, withOperations(22)(t, vendorDocument(t)), "getMessages", "cancelMessages", "listMessages")
	assert.Empty(t, missing)
	assert.Equal(t, factsOf(t, want), factsOf(t, got))
	for _, gone := range []string{"other0", "Other0", "User_Bearer", "golang"} {
		assert.NotContains(t, got, gone)
	}
}

func TestOperationsThatAreNotThereAreReturned(t *testing.T) {
	text, missing := reduced(t, vendorDocument(t), "listMessages", "sendMessages")
	assert.Equal(t, []string{"sendMessages"}, missing)
	assert.NotContains(t, text, "CancelledMessage", "only cancelMessages refers to it")
	assert.Contains(t, text, "MessageType", "listMessages refers to it through Message")
}

func TestExtensionsAreDroppedAndHeadersAreNot(t *testing.T) {
	text, _ := reduced(t, replaced("X-Limit:", "x-limit:")(t, vendorDocument(t)), "listMessages")
	assert.NotContains(t, text, "x-speakeasy-group")
	assert.Contains(t, text, "x-speakeasy-unknown-values: allow")
	assert.Contains(t, text, "x-limit:", "it is the name of a header")
}
