package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

const smallOverlay = `
overlay: 1.0.0
x-speakeasy-jsonpath: rfc9535
info: {title: names, version: "1"}
actions:
  - target: $.components.schemas.Type
    update: {x-go-enum-names: {1: Pro, 3: Eco}}
`

func forGo(t *testing.T, enum string) (string, error) {
	t.Helper()
	d, err := contract.Parse([]byte("openapi: 3.0.3\ninfo: {}\npaths: {}\ncomponents:\n  schemas:\n    Type: {type: integer, enum: " + enum + "}\n"))
	require.NoError(t, err)
	text, err := contract.ForGo(d, []byte(smallOverlay), []byte(strings.Replace(smallOverlay, "$.components.schemas.Type\n    update: {x-go-enum-names: {1: Pro, 3: Eco}}", "$.paths.nothing\n    remove: true", 1)))
	return string(text), err
}

func TestEnumConstantsAreNamedByValue(t *testing.T) {
	for enum, want := range map[string]string{
		"[1, 3]":    "[TypePro, TypeEco]",
		"[3, 1]":    "[TypeEco, TypePro]",
		"[7, 1, 3]": "[Type7, TypePro, TypeEco]",
	} {
		text, err := forGo(t, enum)
		require.NoError(t, err)
		var made struct {
			Components struct {
				Schemas map[string]struct {
					Names []string `yaml:"x-enum-varnames"`
				}
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &made))
		assert.Equal(t, want, strings.ReplaceAll(fmt.Sprint(made.Components.Schemas["Type"].Names), " ", ", "))
		assert.NotContains(t, text, "x-go-enum-names")
	}
}

func TestEachNamedValueThatIsGoneIsAnError(t *testing.T) {
	_, err := forGo(t, "[7]")
	require.ErrorContains(t, err, "Type: the value 1 (Pro) is gone")
	require.ErrorContains(t, err, "Type: the value 3 (Eco) is gone")
	require.ErrorContains(t, err, "needs a new major version")
}

// The types that users' code is written for stay, and no null of a new property is lost.
func TestOnlyANewPropertyThatCanBeNullIsAPointer(t *testing.T) {
	derived, err := open(t).Derive([]byte(changedTree(func(d tree) {
		for _, name := range []string{"price", "status_code"} {
			d.property("Message", name)["nullable"] = true
		}
		properties := d.at("components", "schemas", "Message", "properties")
		properties["delay"] = object{"type": "integer", "nullable": true}
		properties["retries"] = object{"type": "integer"}
	})(t, vendorDocument(t))))
	require.NoError(t, err)
	var made struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]object }
		}
	}
	require.NoError(t, yaml.Unmarshal(derived.ForGo, &made))
	for name, value := range map[string]any{"price": true, "status_code": true, "retries": true, "delay": nil, "cid": false} {
		assert.Equal(t, value, made.Components.Schemas["Message"].Properties[name]["x-go-type-skip-optional-pointer"], name)
	}
}

func TestAnActionThatFindsNothingIsNamed(t *testing.T) {
	d, err := contract.Parse([]byte("openapi: 3.0.3\ninfo: {}\npaths: {}\n"))
	require.NoError(t, err)
	_, err = contract.ForGo(d, []byte(smallOverlay), []byte(strings.Replace(smallOverlay, "$.components.schemas.Type\n    update: {x-go-enum-names: {1: Pro, 3: Eco}}", "$.paths.nothing\n    remove: true", 1)))
	require.ErrorContains(t, err, "api/overlay.yaml no longer fits")
	require.ErrorContains(t, err, "$.components.schemas.Type")
}
