package contract_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

type object = map[string]any

// tree is a document of the vendor that a test changes.
type tree struct{ root object }

func vendorTree(t *testing.T) tree {
	t.Helper()
	var d tree
	require.NoError(t, yaml.Unmarshal([]byte(vendorDocument(t)), &d.root))
	return d
}

// at returns what is at the end of a path of names.
func (d tree) at(path ...string) object {
	o := d.root
	for _, name := range path {
		o = o[name].(object)
	}
	return o
}

func (d tree) schema(name string) object { return d.at("components", "schemas", name) }

func (d tree) parameter(name string, path ...string) object {
	return d.at(append([]string{"components", "parameters", name}, path...)...)
}

func (d tree) property(schema, name string) object {
	return d.at("components", "schemas", schema, "properties", name)
}

func (d tree) list() object   { return d.at("paths", "/messages", "get") }
func (d tree) get() object    { return d.at("paths", "/messages/{ids}", "get") }
func (d tree) cancel() object { return d.at("paths", "/messages/{ids}", "delete") }

func (d tree) operations() []object { return []object{d.list(), d.get(), d.cancel()} }

func (d tree) success(op object) object { return op["responses"].(object)["200"].(object) }

func (d tree) webhook() object { return d.root["x-webhooks"].([]any)[0].(object)["post"].(object) }

func (d tree) text(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(d.root)
	require.NoError(t, err)
	return string(text)
}

// changedTree returns an edit of the document as a tree.
func changedTree(change func(d tree)) edit {
	return func(t *testing.T, document string) string {
		t.Helper()
		var d tree
		require.NoError(t, yaml.Unmarshal([]byte(document), &d.root))
		change(d)
		return d.text(t)
	}
}

// renamed gives components other names, and what refers to them.
func renamed(kind string, to func(name string) string) edit {
	return func(t *testing.T, document string) string {
		t.Helper()
		var d tree
		require.NoError(t, yaml.Unmarshal([]byte(document), &d.root))
		components := d.at("components", kind)
		for _, name := range slices.Collect(maps.Keys(components)) {
			value := components[name]
			delete(components, name)
			components[to(name)] = value
		}
		text := d.text(t)
		for name := range components {
			text = strings.ReplaceAll(text, "/"+kind+"/"+strings.TrimPrefix(name, to(""))+`"`, "/"+kind+"/"+name+`"`)
		}
		return text
	}
}

// inlined writes out all references.
func inlined(d tree) {
	var follow func(value any) any
	follow = func(value any) any {
		switch v := value.(type) {
		case object:
			if ref, ok := v["$ref"].(string); ok {
				return follow(d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
			}
			made := make(object)
			for key, item := range v {
				made[key] = follow(item)
			}
			return made
		case []any:
			made := []any{}
			for _, item := range v {
				made = append(made, follow(item))
			}
			return made
		}
		return value
	}
	for _, key := range []string{"paths", "x-webhooks"} {
		d.root[key] = follow(d.root[key])
	}
	d.root["components"] = object{"securitySchemes": d.at("components")["securitySchemes"]}
}
