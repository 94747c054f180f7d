package contract_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
)

// Each change is seen by drift, with its level, and by generate, which says the same or why it refuses the document.
func TestDriftAndGenerateSeeEachChange(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		edit        edit
		level, line string
	}{
		"a new parameter comes first": {
			changedTree(func(d tree) {
				d.list()["parameters"] = append([]any{object{"name": "order", "in": "query", "schema": object{"type": "string"}}}, d.list()["parameters"].([]any)...)
			}),
			contract.Harmless, `listMessages parameter order: is new, "in query, string" (...outgoing/list.go...)`,
		},
		"a new parameter has to be sent": {
			changedTree(func(d tree) {
				d.list()["parameters"] = append(d.list()["parameters"].([]any), object{"name": "X-Tenant", "in": "header", "required": true, "schema": object{"type": "string"}})
			}),
			contract.Breaking, `listMessages parameter X-Tenant: is new, "in header, string, required" (...)`,
		},
		"a server of a path": {
			changedTree(func(d tree) { d.at("paths", "/messages")["servers"] = []any{object{"url": "https://history.example"}} }),
			contract.Breaking, `listMessages: was "GET /messages", is "GET /messages, servers 1 url https://history.example" (...outgoing/list.go...)`,
		},
		"no 5XX": {
			changedTree(func(d tree) { delete(d.get()["responses"].(object), "5XX") }),
			contract.Breaking, `getMessages 5XX: was "application/problem+json ErrorResponse", is gone (internal/rows/member.go...)`,
		},
		"another style": {
			changedTree(func(d tree) { d.parameter("page")["style"] = "spaceDelimited" }),
			contract.Breaking, `listMessages parameter page: was "...", is "...style spaceDelimited" (...)`,
		},
		"another media type": {
			replaced("application/problem+json:", "application/json:"),
			contract.Breaking, `getMessages 401: was "application/problem+json ...", is "application/json ..." (...)`,
		},
		"pages from 0": {
			changedTree(func(d tree) { d.parameter("page", "schema")["minimum"] = 0 }),
			contract.Warning, `listMessages parameter page: was "...minimum 1...", is "...minimum 0..." (...internal/history/cursor.go...)`,
		},
		"longer pages": {
			changedTree(func(d tree) { d.parameter("limit", "schema")["maximum"] = 100 }),
			contract.Warning, `listMessages parameter limit: was "...maximum 50...", is "...maximum 100..." (...)`,
		},
		"an envelope of callbacks": {
			changedTree(func(d tree) {
				media := d.webhook()["requestBody"].(object)["content"].(object)["application/json"].(object)
				media["schema"] = object{"properties": object{"messages": media["schema"]}}
			}),
			contract.Breaking, `statusChanges request body: was "...", is "application/json object, application/json properties messages array, ...messages items Message, ...messages maxItems 50, ...messages minItems 1, required" (outgoing/callback/body.go)`,
		},
		"callbacks that have to be answered otherwise": {
			changedTree(func(d tree) { delete(d.webhook()["responses"].(object), "2XX") }),
			contract.Breaking, `statusChanges 2XX: was "anything", is gone (outgoing/callback/handler.go)`,
		},
		"signed callbacks": {
			changedTree(func(d tree) {
				d.webhook()["security"] = []any{object{"Signature": []any{}}}
				d.at("components", "securitySchemes")["Signature"] = object{"type": "apiKey", "in": "header", "name": "X-Signature"}
			}),
			contract.Breaking, `statusChanges security: was "http bearer or none", is "apiKey in header name X-Signature" (...)`,
		},
		"a key in a header": {
			changedTree(func(d tree) {
				d.at("components", "securitySchemes")["Bearer"] = object{"type": "apiKey", "in": "header", "name": "X-API-Key"}
			}),
			contract.Breaking, `listMessages security: was "http bearer", is "apiKey in header name X-API-Key" (...)`,
		},
		"a deprecated operation": {
			changedTree(func(d tree) { d.cancel()["deprecated"] = true }),
			contract.Warning, `cancelMessages: was "DELETE /messages/{ids}", is "DELETE /messages/{ids}, deprecated" (...outgoing/cancel.go...)`,
		},
		"a deprecated property": {
			changedTree(func(d tree) { d.property("Message", "flash")["deprecated"] = true }),
			contract.Warning, `Message.flash: was "boolean", is "boolean, deprecated" (...)`,
		},
		"a list of statuses": {
			changedTree(func(d tree) { d.property("Message", "status_code")["enum"] = []any{"SENT", "QUEUED"} }),
			contract.Harmless, `Message.status_code: was "string", is "string, enum SENT, enum QUEUED" (...)`,
		},
		"a list of results": {
			changedTree(func(d tree) { d.property("CancelledMessage", "status")["enum"] = []any{204, 400} }),
			contract.Harmless, `CancelledMessage.status: was "integer", is "integer, enum 204, enum 400" (...)`,
		},
		"a size of numbers": {
			changedTree(func(d tree) { d.property("CancelledMessage", "status")["format"] = "int32" }),
			contract.Harmless, `CancelledMessage.status: was "integer", is "integer, int32" (...)`,
		},
		"a type less": {
			changedTree(func(d tree) { d.schema("MessageType")["enum"] = []any{1, 3, 10} }),
			contract.Breaking, `MessageType: was "integer, enum 1, enum 3, enum 4, enum 10", is "integer, enum 1, enum 3, enum 10" (...)`,
		},
		"a status that may be null": {
			changedTree(func(d tree) { d.property("Message", "status_code")["nullable"] = true }),
			contract.Breaking, `Message.status_code: was "string", is "string, nullable" (...)`,
		},
		"a new failure": {
			changedTree(func(d tree) {
				d.get()["responses"].(object)["429"] = object{"$ref": "#/components/responses/GenericError"}
			}),
			contract.Harmless, `getMessages 429: is new, "application/problem+json ErrorResponse" (internal/rows/member.go, outgoing/errors.go)`,
		},
		"a new success": {
			changedTree(func(d tree) { d.get()["responses"].(object)["206"] = object{"description": "some"} }),
			contract.Warning, `getMessages 206: is new, "anything" (...)`,
		},
		"a choice": {
			changedTree(func(d tree) {
				d.at("components", "schemas", "Message", "properties")["to"] = object{"oneOf": []any{
					object{"$ref": "#/components/schemas/PhoneNumber"}, object{"type": "array", "items": object{"$ref": "#/components/schemas/Message"}},
				}}
			}),
			contract.Harmless, `Message.to: is new, "oneOf 1 PhoneNumber, oneOf 2 array, oneOf 2 items Message" (...)`,
		},
		"parts that contradict": {
			changedTree(func(d tree) {
				d.at("components", "schemas", "Message", "properties")["to"] = object{"allOf": []any{object{"type": "string"}, object{"type": "integer"}}}
			}),
			contract.Harmless, `Message.to: is new, "allOf 1 integer, allOf 2 string" (...)`,
		},
		"other members of a problem": {
			changedTree(func(d tree) { d.schema("ErrorResponse")["additionalProperties"] = object{"type": "string"} }),
			contract.Harmless, `ErrorResponse: was "object, nullable", is "object, additionalProperties string, nullable" (...internal/rows/member.go)`,
		},
		"problems in a problem": {
			changedTree(func(d tree) {
				d.at("components", "schemas", "ErrorResponse", "properties")["errors"] = object{"type": "array", "items": object{"$ref": "#/components/schemas/ErrorResponse"}}
			}),
			contract.Harmless, `ErrorResponse.errors: is new, "array, items ErrorResponse" (...internal/rows/member.go)`,
		},
		"an ID of 32 bits": {
			changedTree(func(d tree) { d.property("Message", "id")["format"] = "int32" }),
			contract.Breaking, `Message.id: was "integer, int64, nullable", is "integer, int32, nullable" (...)`,
		},
		"IDs of 32 bits to ask for": {
			changedTree(func(d tree) {
				d.parameter("ids", "schema", "items")["format"] = "int32"
			}),
			contract.Breaking, `getMessages parameter ids: was "...items int64...", is "...items int32..." (...)`,
		},
		"a Link that is no string": {
			changedTree(func(d tree) {
				d.success(d.list())["headers"].(object)["Link"] = object{"schema": object{"type": "integer"}}
			}),
			contract.Breaking, `listMessages 200 header Link: was "string", is "integer" (...)`,
		},
		"Links in a list": {
			changedTree(func(d tree) {
				d.success(d.list())["headers"].(object)["Link"] = object{"schema": object{"type": "array", "items": object{"type": "string"}}}
			}),
			contract.Breaking, `listMessages 200 header Link: was "string", is "array, items string" (...)`,
		},
		"another format of an instance": {
			changedTree(func(d tree) { d.property("ErrorResponse", "instance")["format"] = "uuid" }),
			contract.Breaking, `ErrorResponse.instance: was "string, uri-reference", is "string, uuid" (...)`,
		},
		"another scheme of callbacks": {
			changedTree(func(d tree) {
				d.at("components", "securitySchemes")["User_Bearer"] = object{"type": "http", "scheme": "basic"}
			}),
			contract.Breaking, `statusChanges security: was "http bearer or none", is "http basic or none" (...)`,
		},
		"properties whose names are words": {
			changedTree(func(d tree) {
				words := object{"title": object{"type": "string"}, "description": object{"type": "string"}}
				d.at("components", "schemas", "Message", "properties")["template"] = object{"type": "object", "properties": words}
			}),
			contract.Harmless, `Message.template: is new, "object, properties description string, properties title string" (...)`,
		},
		"values that are none": {
			changedTree(func(d tree) { d.property("Message", "status_code")["not"] = object{"enum": []any{"x"}} }),
			contract.Breaking, `Message.status_code: was "string", is "string, not enum x" (...)`,
		},
		"texts for numbers": {
			changedTree(func(d tree) { d.schema("MessageType")["enum"] = []any{"1", "3", "4", "10"} }),
			contract.Breaking, `MessageType: was "integer, enum 1, ...", is "integer, enum \"1\", ..." (...)`,
		},
		"a text for a limit": {
			changedTree(func(d tree) { d.parameter("limit", "schema")["maximum"] = "50" }),
			contract.Breaking, `listMessages parameter limit: was "...maximum 50...", is "...maximum \"50\"..." (...)`,
		},
		"a text for a default": {
			changedTree(func(d tree) { d.parameter("limit", "schema")["default"] = "10" }),
			contract.Breaking, `listMessages parameter limit: was "...default 10", is "...default \"10\"" (...)`,
		},
		"fewer IDs": {
			changedTree(func(d tree) { d.parameter("ids", "schema")["maxItems"] = 20 }),
			contract.Breaking, `getMessages parameter ids: was "...maxItems 50...", is "...maxItems 20..." (...)`,
		},
		"more IDs": {
			changedTree(func(d tree) { d.parameter("ids", "schema")["maxItems"] = 100 }),
			contract.Warning, `getMessages parameter ids: was "...maxItems 50...", is "...maxItems 100..." (...)`,
		},
		"any number of IDs": {
			changedTree(func(d tree) { delete(d.parameter("ids", "schema"), "maxItems") }),
			contract.Warning, `getMessages parameter ids: was "...maxItems 50...", is "..." (...)`,
		},
		"shorter pages": {
			changedTree(func(d tree) { d.parameter("limit", "schema")["maximum"] = 9.5 }),
			contract.Breaking, `listMessages parameter limit: was "...maximum 50...", is "...maximum 9.5..." (...)`,
		},
		"a last page": {
			changedTree(func(d tree) { d.parameter("page", "schema")["maximum"] = 100 }),
			contract.Breaking, `listMessages parameter page: was "...", is "...maximum 100..." (...)`,
		},
		"longer pages at least": {
			changedTree(func(d tree) { d.parameter("limit", "schema")["minimum"] = 10 }),
			contract.Breaking, `listMessages parameter limit: was "...minimum 1...", is "...minimum 10..." (...)`,
		},
		"a choice of ours and another": {
			changedTree(func(d tree) {
				d.at("components", "schemas", "Message", "properties")["recipient"] = object{"oneOf": []any{
					object{"$ref": "#/components/schemas/PhoneNumber"}, object{"type": "integer"},
				}}
			}),
			contract.Breaking, `Message.recipient: was "PhoneNumber", is "oneOf 1 PhoneNumber, oneOf 2 integer" (...)`,
		},
		"a schema that has the name of another one, and contains itself": {
			all(renamed("schemas", func(name string) string { return "New" + name }), changedTree(func(d tree) {
				d.at("components", "schemas")["MessageType"] = object{"type": "object", "properties": object{"next": object{"$ref": "#/components/schemas/MessageType"}}}
				d.at("components", "schemas", "NewMessage", "properties")["tree"] = object{"$ref": "#/components/schemas/MessageType"}
			})),
			contract.Harmless, `Message.tree: is new, "MessageType2" (...)`,
		},
		"a schema that contains itself": {
			changedTree(func(d tree) {
				d.at("components", "schemas")["Node"] = object{"type": "object", "properties": object{"next": object{"$ref": "#/components/schemas/Node"}}}
				d.at("components", "schemas", "Message", "properties")["tree"] = object{"$ref": "#/components/schemas/Node"}
			}),
			contract.Harmless, `Message.tree: is new, "Node" (...)`,
		},
	}
	for i, name := range slices.Sorted(maps.Keys(tests)) {
		if leftOut(i, 6) {
			continue
		}
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			document := []byte(test.edit(t, vendorDocument(t)))
			derived, _ := open(t).Derive(document)
			drift := derived.Changes
			i := slices.IndexFunc(drift, func(c contract.Change) bool {
				return strings.HasPrefix(c.Text, test.line[:strings.Index(test.line, ":")+1])
			})
			require.GreaterOrEqual(t, i, 0, texts(drift))
			assertLines(t, []string{test.line}, drift[i:i+1])
			assert.Equal(t, test.level, drift[i].Level)
		})
	}
}

// What the vendor calls by a name of ours may be something else.
func TestANameOfOursForSomethingNewTakesNothingOver(t *testing.T) {
	for _, name := range []string{"PhoneNumber", "Message", "MessageType", "ErrorResponse", "CancelledMessage"} {
		derived, err := open(t).Derive([]byte(all(renamed("schemas", func(name string) string { return "New" + name }), changedTree(func(d tree) {
			d.at("components", "schemas")[name] = object{"type": "string", "pattern": "^[0-9]+$"}
			d.at("components", "schemas", "NewMessage", "properties")["caller"] = object{"$ref": "#/components/schemas/" + name}
		}))(t, vendorDocument(t))))
		require.NoError(t, err)
		assertLines(t, []string{`Message.caller: is new, "string, pattern ^[0-9]+$" (...)`}, derived.Changes)
		assert.Contains(t, string(derived.Contract), "caller:\n          pattern: ^[0-9]+$\n          type: string\n", "without words of ours")
	}
}

func TestDriftFailsUnlessAllIsHarmless(t *testing.T) {
	for name, test := range map[string]struct {
		edit  edit
		fails bool
	}{
		"the same":      {all(), false},
		"a header more": {replaced("            X-Limit:\n", "            X-New:\n              schema: {type: integer}\n            X-Limit:\n"), false},
		"a header less": {replaced("X-Limit:", "X-Size:"), true},
		"servers moved": {replaced("api.gsmservice.pl", "api.szybkisms.pl"), true},
	} {
		spec := filepath.Join(t.TempDir(), "vendor.yaml")
		require.NoError(t, os.WriteFile(spec, []byte(test.edit(t, vendorDocument(t))), 0o600))
		_, report, err := open(t).Compare(spec)
		assert.Equal(t, test.fails, err != nil, "%s: %s", name, report)
		assert.NotEmpty(t, report, name)
	}
}

// Every verb refuses what leads out of a document, and what leads to no end.
func TestReferencesThatCannotBeFollowedAreRefused(t *testing.T) {
	t.Parallel()
	bomb := func(d tree) {
		schemas := d.at("components", "schemas")
		for i := range 40 {
			next := object{"$ref": fmt.Sprintf("#/components/schemas/B%d", i+1)}
			schemas[fmt.Sprintf("B%d", i)] = object{"properties": object{"a": next, "b": next}}
		}
		schemas["B40"] = object{"type": "string"}
		d.at("components", "schemas", "Message", "properties")["bomb"] = object{"$ref": "#/components/schemas/B0"}
	}
	deep := func(d tree) {
		property := object{"type": "string"}
		for range 3000 {
			property = object{"properties": object{"a": property}}
		}
		d.at("components", "schemas", "Message", "properties")["deep"] = property
	}
	refTo := func(ref string) edit {
		return changedTree(func(d tree) {
			d.at("components", "schemas", "Message", "properties")["type"] = object{"$ref": ref}
		})
	}
	for name, test := range map[string]struct {
		edit edit
		want string
	}{
		"a file":           {refTo("types.yaml#/MessageType"), `"types.yaml#/MessageType", outside of it`},
		"an address":       {refTo("http://127.0.0.1:1/types.yaml"), `"http://127.0.0.1:1/types.yaml", outside of it`},
		"a path in a file": {changedTree(func(d tree) { d.at("paths")["/messages"] = object{"$ref": "paths.yaml"} }), `"paths.yaml", outside of it`},
		"nothing":          {refTo("#/components/schemas/Nothing"), "#/components/schemas/Nothing, which it does not have"},
		"itself": {changedTree(func(d tree) {
			d.at("components", "schemas")["Message"] = object{"$ref": "#/components/schemas/Message"}
		}), "leads back to itself"},
		"too deep":             {changedTree(deep), "too large once its references are resolved"},
		"too much":             {changedTree(bomb), "too large once its references are resolved"},
		"the document":         {refTo("#"), "outside of it"},
		"two operations":       {changedTree(func(d tree) { d.at("paths", "/messages")["post"] = d.list() }), "more than one operation listMessages"},
		"one header twice":     {replaced("            X-Limit:\n", "            x-limit: {schema: {type: integer}}\n            X-Limit:\n"), "X-Limit twice"},
		"a key twice, in YAML": {replaced("openapi: ", "openapi: 3.0.0\nopenapi: "), "already defined"},
		"a key twice, in JSON": {func(*testing.T, string) string { return `{"openapi": "3.0.0", "openapi": "3.0.1"}` }, "duplicate"},
		"a text for a schema": {changedTree(func(d tree) { d.at("components", "schemas", "Message", "properties")["sender"] = "string" }),
			"sender in #/components/schemas/Message"},
		"a text for properties":                       {changedTree(func(d tree) { d.schema("Message")["properties"] = "none" }), "properties in #/components/schemas/Message"},
		"a text for a parameter":                      {changedTree(func(d tree) { d.list()["parameters"].([]any)[0] = "page" }), "a parameter in listMessages"},
		"a text and another parameter without a name": {changedTree(func(d tree) { d.list()["parameters"] = []any{"page", object{}} }), "a parameter in listMessages is page"},
		"a text for a response":                       {changedTree(func(d tree) { d.get()["responses"].(object)["404"] = "no" }), "404 in getMessages"},
		"a second document":                           {func(_ *testing.T, document string) string { return document + "\n---\nopenapi: 3.0.0\n" }, "more than one YAML document"},
		"Swagger 2":                                   {replaced("openapi: 3.0.0", "swagger: '2.0'"), "npx swagger2openapi"},
		"a list":                                      {func(*testing.T, string) string { return "[]" }, "expected an OpenAPI 3.0 document"},
		"HTML":                                        {func(*testing.T, string) string { return "<html>\n<p>a: b: c</p>\n</html>" }, "expected an OpenAPI 3.0 document"},
		"OpenAPI 3.1":                                 {replaced("openapi: 3.0.0", "openapi: 3.1.0"), "OpenAPI 3.1.0, and the generator reads 3.0: convert it first"},
	} {
		t.Run(name, func(t *testing.T) {
			document := []byte(test.edit(t, vendorDocument(t)))
			_, err := open(t).Derive(document)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// Each part of a document is something else in turn. What is refused is refused with an error.
func TestNothingInADocumentMakesACheckPanic(t *testing.T) {
	t.Parallel()
	step, count := 1499, 0
	if fewer.Full() {
		step = 11 // prime to the number of values, so that each of them comes
	}
	repository := open(t)
	var change func(whole tree, value any, set func(any))
	change = func(whole tree, value any, set func(any)) {
		for _, other := range []any{
			nil, "text", 5, -1.5, true, []any{}, []any{nil, "a"}, []any{[]any{}}, object{}, object{"$ref": "#/components"},
			object{"$ref": "#/components/schemas/Message"}, object{"$ref": nil}, object{"allOf": []any{nil, 1}}, object{"": nil},
		} {
			if count++; count%step == 0 {
				set(other)
				document := []byte(whole.text(t))
				set(value)
				assert.NotPanics(t, func() { _, _ = repository.Derive(document) }, string(document))
			}
		}
		switch v := value.(type) {
		case object:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				change(whole, v[key], func(other any) { v[key] = other })
			}
		case []any:
			for i := range v {
				change(whole, v[i], func(other any) { v[i] = other })
			}
		}
	}
	whole := vendorTree(t)
	change(whole, whole.root, func(other any) { whole.root = object{"openapi": "3.0.0", "paths": other} })
}
