// Package api_test proves what the rest of the module takes for granted about the contract in this folder.
package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const contractFile = "openapi.yaml"

func readContract(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(contractFile)
	require.NoError(t, err)
	return string(text)
}

func parsed(t *testing.T, document string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(document))
	require.NoError(t, err)
	return doc
}

// wantFacts is all that factsOf says about the contract.
const wantFacts = `
Bearer: http bearer
OpenAPI 3.0.3
security: Bearer
server 1: https://api.szybkisms.pl/rest
server 2: https://api.szybkisms.pl/rest-sandbox

getMessages: GET /messages/{ids}
getMessages: parameter 1, ids in path: array of (integer int64, minimum 1), minItems 1, maxItems 50, style simple, required, with an example
getMessages 200: application/json: array of (Message), with an example
getMessages 200: header X-Error-Count: integer, with an example
getMessages 200: header X-Success-Count: integer, with an example
getMessages 400: BadRequestError
getMessages 401: UnauthorizedError
getMessages 403: ForbiddenError
getMessages 404: NotFoundError
getMessages 4XX: GenericError
getMessages 5XX: InternalError

cancelMessages: DELETE /messages/{ids}
cancelMessages: parameter 1, ids in path: array of (integer int64, minimum 1), minItems 1, maxItems 50, style simple, required, with an example
cancelMessages 200: application/json: array of (CancelledMessage), with an example
cancelMessages 200: header X-Error-Count: integer, with an example
cancelMessages 200: header X-Sandbox: boolean, with an example
cancelMessages 200: header X-Success-Count: integer, with an example
cancelMessages 400: BadRequestError
cancelMessages 401: UnauthorizedError
cancelMessages 403: ForbiddenError
cancelMessages 404: NotFoundError
cancelMessages 4XX: GenericError
cancelMessages 5XX: InternalError

listMessages: GET /messages
listMessages: parameter 1, page in query: integer, minimum 1, default 1, with an example
listMessages: parameter 2, limit in query: integer, minimum 1, maximum 50, default 10, with an example
listMessages 200: application/json: array of (Message), with an example
listMessages 200: header Link: string, with an example
listMessages 200: header X-Current-Page: integer, with an example
listMessages 200: header X-Limit: integer, with an example
listMessages 200: header X-Total-Pages: integer, with an example
listMessages 200: header X-Total-Results: integer, with an example
listMessages 400: BadRequestError
listMessages 401: UnauthorizedError
listMessages 403: ForbiddenError
listMessages 404: NotFoundError
listMessages 4XX: GenericError
listMessages 5XX: InternalError

BadRequestError: application/problem+json: ErrorResponse, nullable, with an example of a 4xx
ForbiddenError: application/problem+json: ErrorResponse, nullable, with an example of a 4xx
GenericError: application/problem+json: ErrorResponse, nullable, with an example of a 4xx
InternalError: application/problem+json: ErrorResponse, nullable, with an example of a 5xx
NotFoundError: application/problem+json: ErrorResponse, nullable, with an example of a 4xx
UnauthorizedError: application/problem+json: ErrorResponse, nullable, with an example of a 4xx

Message.cid: string, nullable
Message.flash: boolean
Message.id: integer int64, nullable
Message.parts: integer, nullable
Message.price: number
Message.recipient: string, minLength 7, maxLength 16, pattern ^\+[0-9]+$
Message.sender: string, nullable
Message.sent_date: string date-time, nullable
Message.status_code: string
Message.status_date: string date-time, nullable
Message.status_description: string
Message.type: integer, enum [1 3 4 10]
Message.unicode: boolean

CancelledMessage.error: ErrorResponse, nullable
CancelledMessage.id: integer int64
CancelledMessage.status: integer

ErrorResponse.code: string
ErrorResponse.detail: string
ErrorResponse.instance: string uri-reference
ErrorResponse.status: integer
ErrorResponse.title: string
ErrorResponse.type: string uri-reference
`

func wanted() []string {
	var facts []string
	for fact := range strings.Lines(wantFacts) {
		if fact = strings.TrimSpace(fact); fact != "" {
			facts = append(facts, fact)
		}
	}
	return facts
}

func TestContractIsValidAndItsExamplesFit(t *testing.T) {
	require.NoError(t, parsed(t, readContract(t)).Validate(t.Context(),
		openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaPatternValidation(),
		openapi3.EnableSchemaDefaultsValidation(),
	))
}

func TestContractIsFreeOfGo(t *testing.T) {
	text := readContract(t)
	assert.NotContains(t, text, "x-go")
	assert.NotContains(t, text, "x-oapi-codegen")
	assert.NotContains(t, text, "x-order")
	assert.NotRegexp(t, `(?i)\bgolang\b`, text)
}

func TestContractStatesWhatTheModuleTakesForGranted(t *testing.T) {
	if changes := differences(wanted(), factsOf(parsed(t, readContract(t)))); changes != "" {
		t.Errorf("%s does not state what the module takes for granted:\n%s", contractFile, changes)
	}
}
