// Package api_test proves what the rest of the module takes for granted about the contract in this folder.
package api_test

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const contractFile = "openapi.yaml"

func loadContract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(contractFile)
	require.NoError(t, err)
	return doc
}

// operations are all there are, with the headers of their 200 and the JSON schema that one row of its body has.
var operations = []struct {
	id, method, path string
	parameters       []string
	headers          map[string]string // name to type
	row              string
}{
	{
		id: "getMessages", method: http.MethodGet, path: "/messages/{ids}", parameters: []string{"ids"},
		headers: map[string]string{"X-Success-Count": "integer", "X-Error-Count": "integer"},
		row:     "#/components/schemas/Message",
	},
	{
		id: "cancelMessages", method: http.MethodDelete, path: "/messages/{ids}", parameters: []string{"ids"},
		headers: map[string]string{"X-Success-Count": "integer", "X-Error-Count": "integer", "X-Sandbox": "boolean"},
		row:     "#/components/schemas/CancelledMessage",
	},
	{
		id: "listMessages", method: http.MethodGet, path: "/messages", parameters: []string{"page", "limit"},
		headers: map[string]string{
			"X-Total-Results": "integer", "X-Total-Pages": "integer", "X-Current-Page": "integer", "X-Limit": "integer",
			"Link": "string",
		},
		row: "#/components/schemas/Message",
	},
}

func TestContractIsValidAndItsExamplesFit(t *testing.T) {
	doc := loadContract(t)
	assert.Equal(t, "3.0.3", doc.OpenAPI)
	require.NoError(t, doc.Validate(t.Context(),
		openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaPatternValidation(),
		openapi3.EnableSchemaDefaultsValidation(),
	))
}

func TestContractIsFreeOfGo(t *testing.T) {
	text, err := os.ReadFile(contractFile)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "x-go")
	assert.NotContains(t, string(text), "x-oapi-codegen")
	assert.NotContains(t, string(text), "x-order")
	assert.NotRegexp(t, `(?i)\bgolang\b`, string(text))
}

func TestContractSpeaksToProductionAndSandboxWithABearerToken(t *testing.T) {
	doc := loadContract(t)
	var urls []string
	for _, s := range doc.Servers {
		urls = append(urls, s.URL)
	}
	assert.Equal(t, []string{"https://api.szybkisms.pl/rest", "https://api.szybkisms.pl/rest-sandbox"}, urls)

	assert.Equal(t, openapi3.SecurityRequirements{{"Bearer": {}}}, doc.Security)
	scheme := doc.Components.SecuritySchemes["Bearer"].Value
	assert.Equal(t, "http", scheme.Type)
	assert.Equal(t, "bearer", scheme.Scheme)
}

func TestContractHasTheseOperationsAndNoOther(t *testing.T) {
	var want, got []string
	for _, op := range operations {
		want = append(want, op.method+" "+op.path+" "+op.id)
	}
	for path, item := range loadContract(t).Paths.Map() {
		for method, op := range item.Operations() {
			got = append(got, method+" "+path+" "+op.OperationID)
			assert.Nil(t, op.Security, "%s has the security of the whole document", op.OperationID)
		}
	}
	assert.ElementsMatch(t, want, got)
}

func TestEveryOperationHasItsParametersHeadersAndBody(t *testing.T) {
	doc := loadContract(t)
	for _, tt := range operations {
		t.Run(tt.id, func(t *testing.T) {
			op := doc.Paths.Value(tt.path).GetOperation(tt.method)
			var parameters []string
			for _, p := range op.Parameters {
				parameters = append(parameters, p.Value.Name)
			}
			assert.Equal(t, tt.parameters, parameters)

			ok := op.Responses.Value("200").Value
			headers := map[string]string{}
			for name, h := range ok.Headers {
				headers[name] = h.Value.Schema.Value.Type.Slice()[0]
				assert.NotNil(t, h.Value.Example, "example of %s", name)
				assert.False(t, h.Value.Required, "%s may be absent", name)
			}
			assert.Equal(t, tt.headers, headers)

			body := ok.Content["application/json"]
			assert.NotNil(t, body.Example, "example of the 200")
			assert.True(t, body.Schema.Value.Type.Is("array"))
			assert.Equal(t, tt.row, body.Schema.Value.Items.Ref)
		})
	}
}

func TestEveryOperationAnswersEveryErrorWithAProblem(t *testing.T) {
	errors := map[string]string{
		"400": "BadRequestError", "401": "UnauthorizedError", "403": "ForbiddenError", "404": "NotFoundError",
		"4XX": "GenericError", "5XX": "InternalError",
	}
	doc := loadContract(t)
	for _, tt := range operations {
		op := doc.Paths.Value(tt.path).GetOperation(tt.method)
		assert.Len(t, op.Responses.Map(), 1+len(errors), tt.id)
		for code, component := range errors {
			t.Run(tt.id+"/"+code, func(t *testing.T) {
				answer := op.Responses.Value(code)
				require.NotNil(t, answer)
				assert.Equal(t, "#/components/responses/"+component, answer.Ref)
				require.Len(t, answer.Value.Content, 1)

				problem := answer.Value.Content["application/problem+json"]
				require.NotNil(t, problem)
				assert.Equal(t, "#/components/schemas/ErrorResponse", problem.Schema.Ref)

				example, ok := problem.Example.(map[string]any)
				require.True(t, ok, "has an example")
				status, ok := example["status"].(float64)
				require.True(t, ok, "has an example with a status")
				assert.Equal(t, code[:1], strconv.Itoa(int(status))[:1], "the example's status is in the range of %s", code)
			})
		}
	}
}

func TestParametersHaveTheGatewaysBounds(t *testing.T) {
	parameters := loadContract(t).Components.Parameters

	ids := parameters["ids"].Value
	assert.Equal(t, "path", ids.In)
	assert.Equal(t, "simple", ids.Style)
	assert.True(t, ids.Required)
	assert.NotNil(t, ids.Example)
	assert.EqualValues(t, 1, ids.Schema.Value.MinItems)
	assert.EqualValues(t, 50, *ids.Schema.Value.MaxItems)
	id := ids.Schema.Value.Items.Value
	assert.True(t, id.Type.Is("integer"))
	assert.Equal(t, "int64", id.Format)
	assert.InDelta(t, 1, *id.Min, 0)

	tests := map[string]struct {
		fallback any
		max      *float64
	}{
		"page":  {fallback: 1.0},
		"limit": {fallback: 10.0, max: new(50.0)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := parameters[name].Value
			assert.Equal(t, "query", p.In)
			assert.False(t, p.Required)
			assert.NotNil(t, p.Example)
			assert.True(t, p.Schema.Value.Type.Is("integer"))
			assert.Equal(t, tt.fallback, p.Schema.Value.Default)
			assert.InDelta(t, 1, *p.Schema.Value.Min, 0)
			assert.Equal(t, tt.max, p.Schema.Value.Max)
		})
	}
}

func TestSchemasHaveTheseProperties(t *testing.T) {
	type property struct {
		kind, format string
		nullable     bool
	}
	tests := map[string]map[string]property{
		"Message": {
			"id":                 {"integer", "int64", true},
			"cid":                {"string", "", true},
			"type":               {"integer", "", false},
			"recipient":          {"string", "", false},
			"sender":             {"string", "", true},
			"parts":              {"integer", "", true},
			"sent_date":          {"string", "date-time", true},
			"status_date":        {"string", "date-time", true},
			"status_code":        {"string", "", false},
			"status_description": {"string", "", false},
			"unicode":            {"boolean", "", false},
			"flash":              {"boolean", "", false},
			"price":              {"number", "", false},
		},
		"CancelledMessage": {
			"id":     {"integer", "int64", false},
			"status": {"integer", "", false},
			"error":  {"object", "", true},
		},
		"ErrorResponse": {
			"type":     {"string", "uri-reference", false},
			"status":   {"integer", "", false},
			"title":    {"string", "", false},
			"detail":   {"string", "", false},
			"code":     {"string", "", false},
			"instance": {"string", "uri-reference", false},
		},
	}
	schemas := loadContract(t).Components.Schemas
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got := map[string]property{}
			for name, p := range schemas[name].Value.Properties {
				got[name] = property{p.Value.Type.Slice()[0], p.Value.Format, p.Value.Nullable}
			}
			assert.Equal(t, want, got)
			assert.Empty(t, schemas[name].Value.Required, "nothing is required")
		})
	}
	assert.Equal(t, "#/components/schemas/ErrorResponse", schemas["CancelledMessage"].Value.Properties["error"].Ref)
	assert.True(t, slices.Equal([]any{1.0, 3.0, 4.0, 10.0}, schemas["MessageType"].Value.Enum))
	assert.Equal(t, `^\+[0-9]+$`, schemas["PhoneNumber"].Value.Pattern)
	assert.EqualValues(t, 7, schemas["PhoneNumber"].Value.MinLength)
	assert.EqualValues(t, 16, *schemas["PhoneNumber"].Value.MaxLength)
}
