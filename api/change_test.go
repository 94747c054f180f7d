package api_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
)

// smallContract has one of each kind of fact, so that the tests of a change do not fail when the contract itself changes.
const smallContract = `
openapi: 3.0.3
info: {title: small, version: "1"}
security:
  - Bearer: []
paths:
  /messages/{ids}:
    get:
      operationId: getMessages
      parameters:
        - name: ids
          in: path
          required: true
          schema: {type: array, maxItems: 50, items: {type: integer}}
        - name: limit
          in: query
          schema: {type: integer, maximum: 50}
      responses:
        '200':
          description: found
          headers:
            Link: {schema: {type: string}}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Message'}
components:
  securitySchemes:
    Bearer: {type: http, scheme: bearer}
  schemas:
    Message:
      type: object
      properties:
        price: {type: number}
`

func TestAChangeOfTheContractIsSaidPlainly(t *testing.T) {
	tests := map[string]struct{ before, after, want string }{
		"an operation moved": {"/messages/{ids}:", "/message/{ids}:", `
now:       getMessages: GET /message/{ids}
no longer: getMessages: GET /messages/{ids}
`},
		"an operation has another method": {" get:", " delete:", `
now:       getMessages: DELETE /messages/{ids}
no longer: getMessages: GET /messages/{ids}
`},
		"an operation was added": {"paths:", "paths:\n  /ping: {get: {operationId: ping, responses: {default: {description: pong}}}}", `
now:       ping: GET /ping
`},
		"all operations went": {"paths:", "paths: {}\nx-paths:", `
no longer: getMessages 200: application/json: Message
no longer: getMessages 200: header Link: string
no longer: getMessages: GET /messages/{ids}
no longer: getMessages: parameter 1, ids in path: array of (integer), maxItems 50, required
no longer: getMessages: parameter 2, limit in query: integer, maximum 50
`},
		"a limit changed": {"maximum: 50", "maximum: 100", `
now:       getMessages: parameter 2, limit in query: integer, maximum 100
no longer: getMessages: parameter 2, limit in query: integer, maximum 50
`},
		"a limit went": {"maxItems: 50, ", "", `
no longer: getMessages: parameter 1, ids in path: array of (integer), maxItems 50, required
now:       getMessages: parameter 1, ids in path: array of (integer), required
`},
		"a success has another status": {"'200':", "'202':", `
no longer: getMessages 200: application/json: Message
no longer: getMessages 200: header Link: string
now:       getMessages 202: application/json: Message
now:       getMessages 202: header Link: string
`},
		"a header went": {"Link:", "X-Links:", `
no longer: getMessages 200: header Link: string
now:       getMessages 200: header X-Links: string
`},
		"a property has another type": {"type: number", "type: string", `
no longer: Message.price: number
now:       Message.price: string
`},
		"a property is required": {"      properties:", "      required: [price]\n      properties:", `
now:       Message.price: required
`},
		"the security went": {"security:", "x-security:", `
no longer: security: Bearer
`},
		"the security scheme went": {"securitySchemes:", "x-schemes:", `
no longer: Bearer: http bearer
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := parsed(t, replaced(t, smallContract, tt.before, tt.after))
			assert.Equal(t, strings.TrimPrefix(tt.want, "\n"), differences(factsOf(parsed(t, smallContract)), factsOf(changed)))
		})
	}
}

func TestAContractThatStatesNothingHasNoFacts(t *testing.T) {
	assert.Equal(t, []string{"OpenAPI "}, factsOf(new(openapi3.T)))
}
