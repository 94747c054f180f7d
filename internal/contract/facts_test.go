package contract_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

// smallContract has one of each kind of fact.
const smallContract = `
openapi: 3.0.3
info: {title: small, version: "1"}
servers: [{url: https://gateway.example}]
security: [{Bearer: []}]
paths:
  /messages/{ids}:
    get:
      operationId: getMessages
      parameters:
        - {name: ids, in: path, required: true, schema: {type: array, maxItems: 50, items: {type: integer}}}
        - {name: limit, in: query, schema: {type: integer, maximum: 50}}
      responses:
        '200':
          description: found
          headers: {Link: {schema: {type: string}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Message'}}}
        '404': {description: not found}
components:
  securitySchemes:
    Bearer: {type: http, scheme: bearer}
  schemas:
    Message:
      type: object
      required: [id]
      properties:
        id: {type: integer, format: int64}
        type: {type: integer, enum: [10, 3]}
        price: {type: number, format: float}
`

func factsOf(t *testing.T, document string) map[string]string {
	t.Helper()
	d, err := contract.Parse([]byte(document))
	require.NoError(t, err)
	return d.Facts()
}

func TestFactsAreWhatAContractStates(t *testing.T) {
	var lines strings.Builder
	facts := factsOf(t, smallContract)
	for _, key := range slices.Sorted(maps.Keys(facts)) {
		lines.WriteString(key + ": " + facts[key] + "\n")
	}
	assert.Equal(t, `Message: object, required id
Message.id: integer, int64
Message.price: number, float
Message.type: integer, enum 10, enum 3
getMessages: GET /messages/{ids}
getMessages 200: application/json Message
getMessages 200 header Link: string
getMessages 404: anything
getMessages parameter ids: in path, array, items integer, maxItems 50, required
getMessages parameter limit: in query, integer, maximum 50
getMessages security: http bearer
server 1: https://gateway.example
`, lines.String())
}

func TestAContractThatStatesNothingHasNoFacts(t *testing.T) {
	assert.Empty(t, new(contract.Document).Facts())
}

func TestSecurityOfEachOperationIsTheSameFactAsThatOfTheDocument(t *testing.T) {
	derived, err := open(t).Derive([]byte(all(
		replaced("\nsecurity:\n- Bearer: []\n", "\n"),
		func(t *testing.T, document string) string {
			return regexp.MustCompile(`(?m)^      operationId: .*$`).ReplaceAllString(document, "$0\n      security: [{Bearer: []}]")
		},
	)(t, vendorDocument(t))))
	require.NoError(t, err)
	assert.Empty(t, derived.Changes)
}

func TestTheOrderOfChoicesIsNoFact(t *testing.T) {
	choice := func(text string) map[string]string {
		return factsOf(t, replaced("type: {type: integer, enum: [10, 3]}", "type: {oneOf: ["+text+"]}")(t, smallContract))
	}
	assert.Equal(t, choice("{type: string}, {type: array, items: {type: string}}, {$ref: '#/components/schemas/Message'}"),
		choice("{$ref: '#/components/schemas/Message'}, {type: array, items: {type: string}}, {type: string}"))
}
