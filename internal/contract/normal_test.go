package contract_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheContractKeepsItsWords(t *testing.T) {
	derived, err := open(t).Derive([]byte(all(
		replaced("  version: 0.9.2\n", "  version: 1.3.0\n"),
		replaced("        price:\n", "        delay:\n          description: The vendor's words\n          type: integer\n        price:\n"),
		replaced("\n  /messages:\n", "\n  /sms:\n"),
	)(t, vendorDocument(t))))
	require.NoError(t, err)
	text := string(derived.Contract)
	assert.Contains(t, text, "What the message cost, in PLN.")
	assert.NotContains(t, text, "The price of message")
	assert.Contains(t, text, "The vendor's words", "nothing else describes what is new")
	assert.Contains(t, text, "Walk the history of sent messages", "also where the path is another")
	assert.Contains(t, text, "The kind of problem in a few words.", "of a property with the name title")
	assert.Contains(t, text, "  version: 1.3.0\n", "of the document that states the facts")
	assert.NotContains(t, text, "example: '1'", "an example of the vendor's that does not fit its type")
}
