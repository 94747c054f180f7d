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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	oasyaml "github.com/oasdiff/yaml"
	"github.com/speakeasy-api/openapi/jsonpointer"
	"gopkg.in/yaml.v3"
)

type object = map[string]any

// Document is an OpenAPI document. Its values are those of JSON, with numbers as a [json.Number].
type Document struct {
	root object
	err  error // the first that was found in it
}

func (d *Document) fail(format string, args ...any) {
	d.err = cmp.Or(d.err, fmt.Errorf(format, args...))
}

// Parse reads an OpenAPI 3.0 document in YAML or JSON.
func Parse(text []byte) (d *Document, err error) {
	text, d = bytes.TrimPrefix(text, []byte("\ufeff")), new(Document)
	exact := func(decoder *json.Decoder) *json.Decoder { decoder.UseNumber(); return decoder }
	if value := jsontext.Value(bytes.Clone(text)); value.IsValid(jsontext.AllowDuplicateNames(true)) {
		if err = value.Canonicalize(jsontext.AllowDuplicateNames(false)); err == nil {
			err = exact(json.NewDecoder(bytes.NewReader(value))).Decode(&d.root)
		}
	} else if err = single(text); err == nil { // this expands aliases and merge keys
		_, err = oasyaml.Unmarshal(text, &d.root, oasyaml.DecodeOpts{DisableTimestamps: true}, exact)
	}
	switch version := fmt.Sprint(d.root["openapi"]); {
	case err != nil:
		return nil, fmt.Errorf("expected an OpenAPI 3.0 document in YAML or JSON: %w", err)
	case strings.HasPrefix(version, "3.0"):
		return d, nil
	case has(d.root, "swagger"):
		return nil, fmt.Errorf("the document is Swagger %v, and the generator reads OpenAPI 3.0: convert it first, for example with "+
			"npx swagger2openapi --outfile OTHER FILE", d.root["swagger"])
	case strings.HasPrefix(version, "3."):
		return nil, fmt.Errorf("the document is OpenAPI %s, and the generator reads 3.0: convert it first, for example with "+
			"npx @apiture/openapi-down-convert --input FILE --output OTHER, and look at what became of webhooks", version)
	}
	return nil, errors.New("expected an OpenAPI 3.0 document, which is what the generator reads")
}

// single refuses a second YAML document, which nothing would look at.
func single(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(new(yaml.Node))
	if err == nil && !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		err = errors.New("the file has more than one YAML document")
	}
	return err
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
	case string:
		if made.SetString(v); like.Kind == yaml.ScalarNode && like.Value == v && like.ShortTag() == "!!str" {
			return like
		}
	default:
		made.Kind, made.Value = yaml.ScalarNode, fmt.Sprint(cmp.Or(value, any("null")))
	}
	return made
}

// follow returns what value is or refers to, and the last reference. Nothing outside of the document is read.
func (d *Document) follow(value any) (target any, ref string) {
	for range 100 {
		if !has(value, "$ref") {
			return value, ref
		}
		ref = fmt.Sprint(at(value, "$ref"))
		path, local := strings.CutPrefix(ref, "#/")
		path, _ = url.PathUnescape(path)
		var err error
		if value, err = jsonpointer.GetTarget(d.root, jsonpointer.JSONPointer("/"+path)); !local {
			d.fail("the document refers to %q, outside of it: put that in first, for example with npx @redocly/cli bundle", ref)
		} else if err != nil {
			d.fail("the document refers to %s, which it does not have", ref)
		}
	}
	d.fail("the document leads back to itself, at %s", ref)
	return nil, ""
}

func (d *Document) resolve(value any) any { target, _ := d.follow(value); return target }

// at returns what is at the end of a path of names; nil if there is nothing.
func at(value any, path ...string) any {
	for _, key := range path {
		value = obj(value)[key]
	}
	return value
}

// in returns the object at the end of a path of names, and makes what is not there.
func in(o object, path ...string) object {
	for _, key := range path {
		if obj(o[key]) == nil {
			o[key] = make(object)
		}
		o = obj(o[key])
	}
	return o
}

func obj(value any) object             { o, _ := value.(object); return o }
func list(value any) []any             { l, _ := value.([]any); return l }
func str(value any) string             { s, _ := value.(string); return s }
func has(value any, key string) bool   { _, ok := obj(value)[key]; return ok }
func sorted(value any) (keys []string) { return slices.Sorted(maps.Keys(obj(value))) }
