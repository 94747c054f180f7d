package contract_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestWhatIsNotAnOpenAPIDocumentIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a list": "[]", "HTML": "<html>", "a tab": "a:\n\tb", "Swagger 2": "swagger: '2.0'", "OpenAPI 3.1": "openapi: 3.1.0",
		"a reference to nowhere": strings.Replace(vendorDocument(t), "schemas/Message'", "schemas/Nothing'", 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t).Derive([]byte(text))
			require.Error(t, err)
		})
	}
}

func TestADocumentCanBeJSON(t *testing.T) {
	var document map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(vendorDocument(t)), &document))
	text, err := json.MarshalIndent(document, "", "  ")
	require.NoError(t, err)
	before := string(text)
	derived, err := open(t).Derive(text)
	require.NoError(t, err)
	assert.Empty(t, derived.Changes)
	assert.Equal(t, before, string(text), "it is only read")
}

func TestADocumentCanHaveAliases(t *testing.T) {
	derived, err := open(t).Derive([]byte(all(
		replaced("- $ref: '#/components/parameters/page'", "- &page {$ref: '#/components/parameters/page'}"),
		replaced("\npaths:\n", "\nx-page: &header {schema: {type: integer}}\npaths:\n"),
		replaced("            X-Current-Page:\n              description: Current results page number\n              schema:\n                type: integer\n                example: 1\n",
			"            X-Current-Page: *header\n"),
	)(t, vendorDocument(t))))
	require.NoError(t, err)
	assert.NotRegexp(t, `[&*](page|header)`, string(derived.Vendor))
	assert.Empty(t, derived.Changes)
}
