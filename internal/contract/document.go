// Package contract makes api/openapi.yaml and the document that the generator reads, from a document of the vendor.
//
//	vendor's document -> normal    -> api/vendor.yaml   our operations, as the vendor describes them
//	                  -> additions -> api/openapi.yaml  with api/additions.yaml and the words of the contract
//	                  -> ForGo     -> oapi-codegen      with the Go names and types of api/overlay.yaml
//
// A normal document has the form of the contract, so that two that mean the same are the same. [Document.Facts] says what it
// states, and [Expected.Diff] what changed.
package contract

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"
)

type object = map[string]any

// Document is an OpenAPI document.
type Document struct{ root object }

// Parse reads an OpenAPI 3.0 document in YAML or JSON.
func Parse(text []byte) (*Document, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var value any
	read := func() error { return yaml.Unmarshal(text, &value) } // which expands aliases and merge keys
	if jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
		read = func() error { return json.Unmarshal(text, &value) }
	}
	if err := read(); err != nil {
		return nil, err
	}
	root := obj(plain(value))
	switch version := fmt.Sprint(root["openapi"]); {
	case strings.HasPrefix(version, "3.0"):
		return &Document{root}, nil
	case strings.HasPrefix(version, "3."):
		return nil, fmt.Errorf("the document is OpenAPI %s, and the generator reads 3.0: convert it first, for example with "+
			"npx @apiture/openapi-down-convert --input FILE --output OTHER, and look at what became of webhooks", version)
	}
	return nil, errors.New("not an OpenAPI 3.0 document, which is what the generator reads")
}

// plain gives values of YAML the types that those of JSON have, except that whole numbers are ints.
func plain(value any) any {
	switch v := value.(type) {
	case map[any]any: // YAML's, where a key is not a string, such as 200
		made := make(object, len(v))
		for key, item := range v {
			made[fmt.Sprint(key)] = plain(item)
		}
		return made
	case object:
		for key, item := range v {
			v[key] = plain(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plain(item)
		}
	case time.Time:
		return strings.TrimSuffix(v.Format(time.RFC3339Nano), "T00:00:00Z")
	case int:
		return plain(float64(v))
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 { // what JSON has exactly
			return int(v)
		}
	}
	return value
}

// YAML writes the document after a comment, with its members in the order, and the scalars in the style, that they have in like.
func (d *Document) YAML(head string, like *yaml.Node) ([]byte, error) {
	b := bytes.NewBufferString(head)
	encoder := yaml.NewEncoder(b)
	encoder.SetIndent(2)
	err := encoder.Encode(layout(d.root, like))
	return b.Bytes(), errors.Join(err, encoder.Close())
}

func layout(value any, like *yaml.Node) *yaml.Node {
	like, made := cmp.Or(like, new(yaml.Node)), new(yaml.Node)
	switch v := value.(type) {
	case object:
		made.Kind = yaml.MappingNode
		rest := maps.Clone(v)
		for i := 1; i < len(like.Content) && like.Kind == yaml.MappingNode; i += 2 {
			if key := like.Content[i-1]; has(rest, key.Value) {
				made.Content = append(made.Content, key, layout(v[key.Value], like.Content[i]))
				delete(rest, key.Value)
			}
		}
		for _, key := range sorted(rest) {
			made.Content = append(made.Content, layout(key, nil), layout(v[key], nil))
		}
	case []any:
		made.Kind = yaml.SequenceNode
		likes := append(slices.Clip(like.Content), make([]*yaml.Node, len(v))...)
		for i, item := range v {
			made.Content = append(made.Content, layout(item, likes[i]))
		}
	default:
		var was any
		if like.Kind == yaml.ScalarNode && like.Decode(&was) == nil && plain(was) == value {
			return like
		}
		_ = made.Encode(value) // cannot fail for a scalar
	}
	return made
}

// resolve returns the component that value refers to, or value.
func (d *Document) resolve(value any) any {
	for range 10 { // a chain of references that long is a circle
		if has(value, "$ref") {
			value = at(d.root, strings.Split(strings.TrimPrefix(str(at(value, "$ref")), "#/"), "/")...)
		}
	}
	return value
}

// at returns what is at the end of a path of names; nil if there is nothing.
func at(value any, path ...string) any {
	for _, key := range path {
		value = obj(value)[key]
	}
	return value
}

func obj(value any) object             { o, _ := value.(object); return o }
func list(value any) []any             { l, _ := value.([]any); return l }
func str(value any) string             { s, _ := value.(string); return s }
func has(value any, key string) bool   { _, ok := obj(value)[key]; return ok }
func sorted(value any) (keys []string) { return slices.Sorted(maps.Keys(obj(value))) }
