package contract_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

func expected(t *testing.T) contract.Expected {
	t.Helper()
	lines := []string{"# what depends on what", "a.go, b.go:"}
	for key, fact := range factsOf(t, smallContract) {
		lines = append(lines, "  "+key+": "+fact)
	}
	e, err := contract.ParseExpected([]byte(strings.Join(lines, "\n")))
	require.NoError(t, err)
	return e
}

func TestChangesAreSaidPlainly(t *testing.T) {
	tests := map[string]struct{ before, after, want string }{
		"nothing":             {"title: small", "title: large", ""},
		"an operation moved":  {"/messages/{ids}:", "/message/{ids}:", `getMessages: was "GET /messages/{ids}", is "GET /message/{ids}" (a.go, b.go)`},
		"another method":      {"    get:", "    delete:", `getMessages: was "GET /messages/{ids}", is "DELETE /messages/{ids}" (a.go, b.go)`},
		"all operations went": {"paths:", "paths: {}\nx-paths:", `getMessages: was "GET /messages/{ids}", is gone (a.go, b.go)`},
		"a limit changed": {"maximum: 50", "maximum: 100",
			`getMessages parameter limit: was "in query, integer, maximum 50", is "in query, integer, maximum 100" (a.go, b.go)`},
		"another success": {"'200':", "'202':", `getMessages 200: was "application/json Message", is gone (a.go, b.go)
getMessages 202: is new, "application/json Message" (a.go, b.go)`},
		"a header renamed": {"Link:", "Links:", `getMessages 200 header Link: was "string", is gone (a.go, b.go)
getMessages 200 header Links: is new, "string" (a.go, b.go)`},
		"a new property":           {"        price:", "        delay: {type: integer}\n        price:", `Message.delay: is new, "integer" (a.go, b.go)`},
		"a property is required":   {"required: [id]", "required: [id, price]", `Message: was "object, required id", is "object, required id, required price" (a.go, b.go)`},
		"the security went":        {"security: [", "x-security: [", `getMessages security: was "http bearer", is "none" (a.go, b.go)`},
		"the security scheme went": {"securitySchemes:", "x-schemes:", `getMessages security: was "http bearer", is "Bearer" (a.go, b.go)`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := replaced(tt.before, tt.after)(t, smallContract)
			e := expected(t)
			assert.Equal(t, tt.want, strings.Join(texts(e.Diff(e.Facts, factsOf(t, changed))), "\n"))
		})
	}
}

func TestALineThatIsNoFactIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"a fact without files": "  a: b\n", "a fact without a value": "f.go:\n  a\n", "a fact twice": "f.go:\n  a: b\n  a: c\n", "neither": "f.go\n",
	} {
		_, err := contract.ParseExpected([]byte(text))
		assert.Error(t, err, name)
	}
}
