package contract_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const fixture = "../../api/testdata/vendor-0.9.2.yaml"

// edit is a change of the text of a document.
type edit func(t *testing.T, document string) string

func replaced(before, after string) edit {
	return func(t *testing.T, document string) string {
		t.Helper()
		require.Contains(t, document, before)
		return strings.ReplaceAll(document, before, after)
	}
}

func without(pattern string) edit {
	return func(t *testing.T, document string) string {
		t.Helper()
		require.Regexp(t, pattern, document)
		return regexp.MustCompile(pattern).ReplaceAllString(document, "")
	}
}

func all(edits ...edit) edit {
	return func(t *testing.T, document string) string {
		t.Helper()
		for _, e := range edits {
			document = e(t, document)
		}
		return document
	}
}

// withOperations adds operations of other resources, with schemas, tags and code samples of their own.
func withOperations(n int) edit {
	var paths, schemas strings.Builder
	for i := range n {
		fmt.Fprintf(&paths, `  /other/%[1]d:
    post:
      tags: [Other]
      operationId: other%[1]d
      x-codeSamples: [{lang: golang, source: "other()"}]
      security: [{User_Bearer: []}]
      responses:
        '200':
          description: done
          content: {application/json: {schema: {$ref: '#/components/schemas/Other%[1]d'}}}
`, i)
		fmt.Fprintf(&schemas, "    Other%d: {type: object, properties: {price: {type: number, format: float}}}\n", i)
	}
	return all(
		replaced("\npaths:\n", "\ntags: [{name: Other}, {name: Outgoing messages}]\npaths:\n"+paths.String()),
		replaced("\n  schemas:\n", "\n  schemas:\n"+schemas.String()),
		replaced("\n  securitySchemes:\n", "\n  securitySchemes:\n    User_Bearer: {type: http, scheme: bearer}\n"),
	)
}

const (
	enumOfTypes = "      - 1\n      - 3\n      - 4\n      - 10\n"
	cancelling  = `(?s)\n    delete:.*?\ncomponents:`
)

// A document is one that the vendor may send: what it changes of the facts, and why it is not taken in, if it is not. In each
// line "..." stands for anything.
type document struct {
	name    string
	edit    edit
	changes []string
	refused string
}

// documents are the vendor's document 0.9.2, and what may come after it.
var documents = []document{
	{name: "the vendor's document", edit: all()},
	{name: "types in another order", edit: replaced(enumOfTypes, "      - 10\n      - 4\n      - 3\n      - 1\n")},
	{
		name: "a new type first", edit: replaced(enumOfTypes, "      - 7\n"+enumOfTypes),
		changes: []string{`MessageType: was "integer, enum 1, enum 3, enum 4, enum 10", is "integer, enum 7, enum 1, enum 3, enum 4, enum 10" (...outgoing/types.go)`},
	},
	{
		name: "a type gone", edit: replaced(enumOfTypes, "      - 1\n      - 3\n      - 10\n"),
		changes: []string{`MessageType: was "integer, enum 1, enum 3, enum 4, enum 10", is "integer, enum 1, enum 3, enum 10" (...)`},
		refused: "MessageType: the value 4 (SMSTwoWay) is gone",
	},
	{
		name: "paths renamed", edit: all(replaced("\n  /messages:\n", "\n  /sms:\n"), replaced("\n  /messages/{ids}:\n", "\n  /sms/{ids}:\n")),
		changes: []string{
			`cancelMessages: was "DELETE /messages/{ids}", is "DELETE /sms/{ids}" (...outgoing/cancel.go...)`,
			`getMessages: was "GET /messages/{ids}", is "GET /sms/{ids}" (...outgoing/get.go...)`,
			`listMessages: was "GET /messages", is "GET /sms" (...outgoing/list.go...)`,
		},
	},
	{
		name: "an operation gone",
		edit: func(t *testing.T, document string) string {
			t.Helper()
			require.Regexp(t, cancelling, document)
			return regexp.MustCompile(cancelling).ReplaceAllString(document, "\ncomponents:")
		},
		changes: []string{
			`CancelledMessage: was "object", is gone (...outgoing/cancel.go...)`,
			`cancelMessages: was "DELETE /messages/{ids}", is gone (...outgoing/cancel.go...)`,
		},
		refused: "the document lacks the operations cancelMessages; it has listMessages, getMessages",
	},
	{
		name: "limits moved to 100", edit: all(replaced("maximum: 50", "maximum: 100"), replaced("maxItems: 50\n        minItems", "maxItems: 100\n        minItems")),
		changes: []string{
			`cancelMessages parameter ids: was "...maxItems 50...", is "...maxItems 100..." (outgoing/types.go...)`,
			`getMessages parameter ids: was "...maxItems 50...", is "...maxItems 100..." (outgoing/types.go...)`,
			`listMessages parameter limit: was "...maximum 50...", is "...maximum 100..." (outgoing/types.go...)`,
		},
	},
	{
		name: "a status removed", edit: without(`(?m)^        '404':\n.*\n`),
		changes: []string{
			`cancelMessages 404: was "...", is gone (...outgoing/outcome.go)`,
			`getMessages 404: was "...", is gone (...outgoing/get.go)`,
			`listMessages 404: was "...", is gone (...outgoing/all.go)`,
		},
	},
	{
		name: "a header renamed", edit: replaced("X-Total-Results:", "X-Total:"),
		changes: []string{
			`listMessages 200 header X-Total-Results: was "integer", is gone (outgoing/list.go, internal/history/counts.go)`,
			`listMessages 200 header X-Total: is new, "integer" (...outgoing/list.go...)`,
		},
	},
	{
		name: "a property removed", edit: without(`(?m)^        parts:\n(          .*\n)*`),
		changes: []string{`Message.parts: was "integer, nullable", is gone (...outgoing/types.go...)`},
		refused: `$.components.schemas.Message.properties.parts`,
	},
	{
		name: "a property with another type", edit: replaced("Was the message sent with class 0 (FLASH)?\n          type: boolean\n          example: false",
			"Class\n          type: string"),
		changes: []string{`Message.flash: was "boolean", is "string" (...)`},
		refused: "the code does not compile with it",
	},
	{
		name: "a schema Price of the vendor's own",
		edit: all(
			replaced("          description: The price of message (in PLN)\n          type: number\n          format: float\n          example: 0.16\n",
				"          $ref: '#/components/schemas/Price'\n"),
			replaced("\n    PhoneNumber:\n", "\n    Price:\n      description: An amount\n      type: number\n      format: float\n    PhoneNumber:\n"),
		),
	},
	{name: "25 operations", edit: withOperations(22)},
	{name: "no examples", edit: without(`(?m)^ +example: ([^\n]+|(?:\n +[a-z]+: .*)+)$`)},
	{
		name: "other servers, no examples, no int64, floats, 25 operations",
		edit: all(replaced("https://api.gsmservice.pl/rest", "https://gateway.example/v3"), without(`(?m)^ +example: ([^\n]+|(?:\n +[a-z]+: .*)+)$`), withOperations(22)),
		changes: []string{
			`server 1: was "https://api.gsmservice.pl/rest", is "https://gateway.example/v3" (...)`,
			`server 2: was "https://api.gsmservice.pl/rest-sandbox", is "https://gateway.example/v3-sandbox" (...)`,
		},
	},
}

func vendorDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(fixture)
	require.NoError(t, err)
	return string(text)
}
