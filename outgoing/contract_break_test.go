package outgoing_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// A check that never fails checks nothing. So each of these changes of the contract must be noticed.
func TestContract_ABreakIsNoticed(t *testing.T) {
	t.Parallel()
	type doc = *openapi3.T
	parameter := func(d doc, name string) *openapi3.Schema { return d.Components.Parameters[name].Value.Schema.Value }
	headers := func(op *openapi3.Operation) openapi3.Headers { return op.Responses.Value("200").Value.Headers }
	property := func(d doc, schema, name string) *openapi3.Schema {
		return d.Components.Schemas[schema].Value.Properties[name].Value
	}
	list := func(d doc) *openapi3.Operation { return d.Paths.Value("/messages").Get }
	get := func(d doc) *openapi3.Operation { return d.Paths.Value("/messages/{ids}").Get }
	cancel := func(d doc) *openapi3.Operation { return d.Paths.Value("/messages/{ids}").Delete }
	typed := func(name string) *openapi3.Types { return &openapi3.Types{name} }

	breaks := []struct {
		name    string
		breakIt func(d doc)
	}{
		{"another host", func(d doc) { d.Servers[0].URL = "https://api.gsmservice.pl/rest" }},
		{"another path", func(d doc) {
			d.Paths.Set("/message", d.Paths.Value("/messages"))
			d.Paths.Delete("/messages")
		}},
		{"no cancelling", func(d doc) { d.Paths.Value("/messages/{ids}").Delete = nil }},
		{"another authentication", func(d doc) {
			*d.Components.SecuritySchemes["Bearer"].Value = openapi3.SecurityScheme{Type: "http", Scheme: "basic"}
		}},

		{"49 IDs in a request", func(d doc) { parameter(d, "ids").MaxItems = new(uint64(49)) }},
		{"IDs of 32 bits", func(d doc) { parameter(d, "ids").Items.Value.Format = "int32" }},
		{"IDs from 2 on", func(d doc) { parameter(d, "ids").Items.Value.Min = new(2.0) }},
		{"pages from 2 on", func(d doc) { parameter(d, "page").Min, parameter(d, "page").Default = new(2.0), 2.0 }},
		{"pages of 49", func(d doc) { parameter(d, "limit").Max = new(49.0) }},
		{"no parameter limit", func(d doc) { list(d).Parameters = list(d).Parameters[:1] }},

		{"a count is a boolean", func(d doc) { headers(get(d))["X-Success-Count"].Value.Schema.Value.Type = typed("boolean") }},
		{"the sandbox flag is a number", func(d doc) { headers(cancel(d))["X-Sandbox"].Value.Schema.Value.Type = typed("integer") }},
		{"no X-Total-Results", func(d doc) { delete(headers(list(d)), "X-Total-Results") }},
		{"X-Sandbox also for a GET", func(d doc) {
			headers(cancel(d))["X-Sandbox"].Value.Required = true
			headers(get(d))["X-Sandbox"] = headers(cancel(d))["X-Sandbox"]
		}},

		{"an ID is a string", func(d doc) { property(d, "Message", "id").Type = typed("string") }},
		{"a price is a string", func(d doc) { property(d, "Message", "price").Type = typed("string") }},
		{"a date has no time", func(d doc) { property(d, "Message", "sent_date").Format = "date" }},
		{"every message has a sender", func(d doc) { property(d, "Message", "sender").Nullable = false }},
		{"no MMS", func(d doc) { property(d, "Message", "type").Enum = []any{1.0, 3.0, 4.0} }},
		{"recipients have no plus", func(d doc) { property(d, "Message", "recipient").Pattern = "^[0-9]+$" }},
		{"status_code is called status", func(d doc) {
			properties := d.Components.Schemas["Message"].Value.Properties
			properties["status"] = properties["status_code"]
			delete(properties, "status_code")
		}},
		{"a cancelled message has a problem", func(d doc) { d.Components.Schemas["ErrorResponse"].Value.Nullable = false }},
		{"a code is a number", func(d doc) { property(d, "ErrorResponse", "code").Type = typed("integer") }},

		{"no 404", func(d doc) {
			list(d).Responses.Delete("404")
			list(d).Responses.Delete("4XX")
		}},
		{"no 5XX", func(d doc) { get(d).Responses.Delete("5XX") }},
		{"a 401 is plain JSON", func(d doc) {
			content := d.Components.Responses["UnauthorizedError"].Value.Content
			content["application/json"] = content["application/problem+json"]
			delete(content, "application/problem+json")
		}},
	}
	for i, b := range breaks {
		if i%sized(3, 1) > 0 {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			err := exchange(t, loadContract(t, b.breakIt), outgoing.ProductionURL).err()
			require.Error(t, err)
			first, _, _ := strings.Cut(err.Error(), "\n")
			t.Log(first)
		})
	}
}
