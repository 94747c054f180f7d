package contract_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forms are other ways to write the vendor's document, which mean the same.
var forms = map[string]edit{
	"another order of parameters": changedTree(func(d tree) { slices.Reverse(d.list()["parameters"].([]any)) }),
	"parameters at the path": changedTree(func(d tree) {
		for _, path := range []string{"/messages", "/messages/{ids}"} {
			d.at("paths", path)["parameters"] = d.at("paths", path, "get")["parameters"]
		}
		for _, op := range d.operations() {
			delete(op, "parameters")
		}
	}),
	"parameters renamed": renamed("parameters", func(name string) string { return "query_" + name }),
	"responses renamed":  renamed("responses", func(name string) string { return "The" + name }),
	"schemas renamed":    renamed("schemas", func(name string) string { return "Outgoing" + name }),
	"everything inlined": changedTree(inlined),
	"headers as components": changedTree(func(d tree) {
		all := make(object)
		for _, op := range d.operations() {
			headers := d.success(op)["headers"].(object)
			for name, header := range headers {
				all[name] = header
				headers[name] = object{"$ref": "#/components/headers/" + name}
			}
		}
		d.at("components")["headers"] = all
	}),
	"successes as components": changedTree(func(d tree) {
		for _, op := range d.operations() {
			id := op["operationId"].(string)
			d.at("components", "responses")[id] = d.success(op)
			op["responses"].(object)["200"] = object{"$ref": "#/components/responses/" + id}
		}
	}),
	"references into the paths": changedTree(func(d tree) {
		d.cancel()["responses"].(object)["401"] = object{"$ref": "#/paths/~1messages~1%7Bids%7D/get/responses/401"}
		d.cancel()["parameters"] = []any{object{"$ref": "#/paths/~1messages~1{ids}/get/parameters/0"}}
	}),
	"a message of parts": changedTree(func(d tree) {
		first, second := make(object), make(object)
		for i, name := range slices.Sorted(maps.Keys(d.at("components", "schemas", "Message", "properties"))) {
			map[bool]object{true: first, false: second}[i < 6][name] = d.property("Message", name)
		}
		d.at("components", "schemas")["Base"] = object{"type": "object", "properties": first}
		d.at("components", "schemas")["Message"] = object{"allOf": []any{object{"$ref": "#/components/schemas/Base"}, object{"properties": second}}}
	}),
	"an allOf of one": changedTree(func(d tree) {
		d.at("components", "schemas", "Message", "properties")["recipient"] = object{
			"description": "Who got it", "allOf": []any{object{"$ref": "#/components/schemas/PhoneNumber"}},
		}
	}),
	"a problem that may be null, as allOf": changedTree(func(d tree) {
		problem := d.schema("ErrorResponse")
		delete(problem, "nullable")
		d.at("components", "schemas")["Problem"] = problem
		d.at("components", "schemas")["ErrorResponse"] = object{"nullable": true, "allOf": []any{object{"$ref": "#/components/schemas/Problem"}}}
	}),
	"a list with a name": changedTree(func(d tree) {
		d.at("components", "schemas")["Messages"] = object{"type": "array", "items": object{"$ref": "#/components/schemas/Message"}}
		d.success(d.list())["content"].(object)["application/json"] = object{"schema": object{"$ref": "#/components/schemas/Messages"}}
	}),
	"styles left out": changedTree(func(d tree) {
		delete(d.parameter("ids"), "style")
		delete(d.parameter("ids"), "explode")
	}),
	"defaults said": changedTree(func(d tree) {
		maps.Copy(d.parameter("page"), object{"style": "form", "explode": true, "required": false, "deprecated": false})
		maps.Copy(d.schema("Message"), object{"additionalProperties": true, "required": []any{}})
		maps.Copy(d.property("Message", "flash"), object{"nullable": false, "readOnly": false})
		d.get()["deprecated"] = false
	}),
	"types left out":              changedTree(func(d tree) { delete(d.schema("Message"), "type") }),
	"headers in small letters":    replaced("X-", "x-"),
	"ranges in small letters":     all(replaced("4XX", "4xx"), replaced("5XX", "5xx")),
	"a charset":                   replaced("application/json:", "application/json; charset=UTF-8:"),
	"a parameter of another name": all(replaced("/messages/{ids}:", "/messages/{messageIds}:"), replaced("name: ids\n", "name: messageIds\n")),
	"no IDs of operations":        without(`(?m)^      operationId: .*\n`),
	"IDs of operations renamed":   replaced("operationId: ", "operationId: outgoing_"),
	"security of each operation": changedTree(func(d tree) {
		for _, op := range d.operations() {
			op["security"] = d.root["security"]
		}
		delete(d.root, "security")
	}),
	"a scheme of another name": changedTree(func(d tree) {
		schemes := d.at("components", "securitySchemes")
		schemes["token"] = schemes["Bearer"]
		delete(schemes, "Bearer")
		d.root["security"] = []any{object{"token": []any{}}}
	}),
	"servers of each path": changedTree(func(d tree) {
		for _, path := range []string{"/messages", "/messages/{ids}"} {
			d.at("paths", path)["servers"] = d.root["servers"]
		}
		d.root["servers"] = []any{object{"url": "https://elsewhere.example"}}
	}),
	"servers with variables": replaced("url: https://api.gsmservice.pl/rest\n",
		"url: https://{host}/rest\n  variables: {host: {default: api.gsmservice.pl}}\n"),
	"webhooks by name":  changedTree(func(d tree) { d.root["x-webhooks"] = object{"status-changes": object{"post": d.webhook()}} }),
	"numbers as floats": replaced("maximum: 50", "maximum: 5.0e+1"),
	"JSON of PHP":       changedTree(func(d tree) {}),
	"merge keys": all(
		replaced("x-webhooks:", "x-problem: &problem\n  '403': {$ref: '#/components/responses/ForbiddenError'}\nx-webhooks:"),
		func(t *testing.T, document string) string { // an anchor comes first
			t.Helper()
			before, anchor, _ := strings.Cut(document, "x-problem:")
			anchor, after, _ := strings.Cut(anchor, "x-webhooks:")
			before = "x-problem:" + anchor + before
			return strings.ReplaceAll(before, "        '403':\n          $ref: '#/components/responses/ForbiddenError'\n", "        <<: *problem\n") + "x-webhooks:" + after
		},
	),
	"additions that the document has itself": changedTree(func(d tree) {
		d.at("components", "securitySchemes")["User_Bearer"] = object{"type": "http", "scheme": "bearer"}
		d.success(d.list())["headers"].(object)["Link"] = object{"schema": object{"type": "string"}}
		d.property("Message", "id")["format"] = "int64"
		d.property("ErrorResponse", "instance")["format"] = "uri-reference"
		delete(d.property("Message", "price"), "format")
	}),
	"slashes at the end of servers":              all(replaced("gsmservice.pl/rest\n", "gsmservice.pl/rest/\n"), replaced("rest-sandbox\n", "rest-sandbox/\n")),
	"alternatives of callbacks in another order": changedTree(func(d tree) { slices.Reverse(d.webhook()["security"].([]any)) }),
	"a byte order mark":                          func(_ *testing.T, document string) string { return "\ufeff" + document },
}

func init() {
	json := forms["JSON of PHP"]
	forms["JSON of PHP"] = func(t *testing.T, document string) string {
		t.Helper()
		return strings.NewReplacer("/", `\/`, "Bramka", `\ud83d\ude00`).Replace(json(t, document))
	}
}

// The generator reads the same bytes, so it need not run to prove that gen/ is the same.
func TestADocumentInAnotherFormChangesNothing(t *testing.T) {
	t.Parallel()
	want, err := open(t).Derive([]byte(vendorDocument(t)))
	require.NoError(t, err)
	for i, name := range slices.Sorted(maps.Keys(forms)) {
		if leftOut(i, 6) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			document := forms[name](t, vendorDocument(t))
			got, err := open(t).Derive([]byte(document))
			require.NoError(t, err)
			assert.Empty(t, texts(got.Changes))
			require.Equal(t, string(want.ForGo), string(got.ForGo))
			if name != "a scheme of another name" && name != "alternatives of callbacks in another order" { // which the contract takes
				require.Equal(t, string(want.Contract), string(got.Contract))
			}
		})
	}
}
