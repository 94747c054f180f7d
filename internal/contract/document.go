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
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	oasyaml "github.com/oasdiff/yaml"
	"github.com/speakeasy-api/openapi/jsonpointer"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

type object = map[string]any

// Document is an OpenAPI document. Its values are those of JSON, with an int for each number that is one.
type Document struct {
	root object
	err  error // the first that was found in it, or in what it was made of
}

func (d *Document) fail(format string, args ...any) {
	d.err = cmp.Or(d.err, fmt.Errorf(format, args...))
}

// Parse reads an OpenAPI 3.0 document in YAML or JSON.
func Parse(text []byte) (*Document, error) { d := parse(text); return d, d.err }

func parse(text []byte) *Document {
	text, d := bytes.TrimPrefix(text, []byte("\ufeff")), new(Document)
	value, all, err := jsontext.Value(bytes.Clone(text)), yaml.NewDecoder(bytes.NewReader(text)), error(nil)
	if !value.IsValid(jsontext.AllowDuplicateNames(true)) { // YAML: this expands its aliases and merge keys
		_, err = oasyaml.Unmarshal(text, &value, oasyaml.DecodeOpts{DisableTimestamps: true})
		if all.Decode(new(yaml.Node)) == nil && !errors.Is(all.Decode(new(yaml.Node)), io.EOF) {
			err = errors.New("the file has more than one YAML document")
		}
	}
	if err == nil {
		err = value.Canonicalize(jsontext.AllowDuplicateNames(false))
	}
	if err == nil { // JSON is YAML, and this tells an int from a float
		err = yaml.Unmarshal(value, &d.root)
	}
	switch version := fmt.Sprint(d.root["openapi"]); {
	case err != nil:
		d.fail("expected an OpenAPI 3.0 document in YAML or JSON: %w", err)
	case strings.HasPrefix(version, "3.0"):
	case has(d.root, "swagger"):
		d.fail("the document is Swagger %v, and the generator reads OpenAPI 3.0: convert it first, for example with "+
			"npx swagger2openapi --outfile OTHER FILE", d.root["swagger"])
	case strings.HasPrefix(version, "3."):
		d.fail("the document is OpenAPI %s, and the generator reads 3.0: convert it first, for example with "+
			"npx @apiture/openapi-down-convert --input FILE --output OTHER, and look at what became of webhooks", version)
	default:
		d.fail("expected an OpenAPI 3.0 document, which is what the generator reads")
	}
	return d
}

// YAML writes the document after a comment: its sections in their usual order, and what is in them by name.
func (d *Document) YAML(head string) ([]byte, error) {
	b, err := bytes.NewBufferString(head), d.err
	for _, key := range []string{"openapi", "info", "servers", "security", "tags", "paths", "x-webhooks", "components"} {
		if has(d.root, key) {
			encoder := yaml.NewEncoder(b)
			encoder.SetIndent(2)
			err = errors.Join(err, encoder.Encode(object{key: d.root[key]}), encoder.Close())
		}
	}
	return b.Bytes(), err
}

// overlaid returns the document with the overlay of a file on it. A strict overlay has to find all that it names.
func (d *Document) overlaid(file string, text []byte, strict bool) *Document {
	var root yaml.Node
	var value jsontext.Value // in which each name is a text
	_, err := oasyaml.Unmarshal(text, &value, oasyaml.DecodeOpts{DisableTimestamps: true})
	o, failed := overlay.ParseReader(bytes.NewReader(value))
	if err = errors.Join(err, failed); err == nil {
		err = errors.Join(o.Validate(), root.Encode(d.root))
	}
	if err == nil && strict {
		_, err = o.ApplyToStrict(&root)
	} else if err == nil {
		err = o.ApplyTo(&root)
	}
	made := new(Document)
	if err = errors.Join(err, root.Decode(&made.root)); err != nil || d.err != nil {
		made.err = cmp.Or(d.err, fmt.Errorf("%s no longer fits, change it there: %w", file, err))
	}
	return made
}

// enumNames is the extension by which api/overlay.yaml names the values of an enum, as an object of values and names. The
// generator itself takes names by position, so that a document with its values in another order would swap them.
const enumNames = "x-go-enum-names"

// ForGo returns what the generator reads: the contract with the Go names and types of an overlay, each of whose actions has to
// find what it names, and of one that leaves out what makes no type.
func ForGo(contract *Document, overlayText, typesText []byte) (text []byte, err error) {
	made := contract.overlaid(OverlayFile, overlayText, true).overlaid(TypesFile, typesText, false)
	delete(made.root, "x-webhooks")
	schemas := at(made.root, "components", "schemas")
	for _, name := range sorted(schemas) {
		o := obj(at(schemas, name))
		err = errors.Join(err, nameEnum(o, name), oneName(obj(o["properties"]), name))
	}
	text, failed := made.YAML("")
	return text, errors.Join(err, failed)
}

// oneName refuses properties whose names are one in Go.
func oneName(properties object, schema string) error {
	seen := make(map[string]string)
	for _, name := range sorted(properties) {
		plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(cmp.Or(str(at(properties, name, "x-go-name")), name)))
		if other := seen[plain]; other != "" {
			return fmt.Errorf("%[1]s.%[2]s and %[1]s.%[3]s have one name in Go: give one of them an x-go-name in %[4]s", schema, other, name, OverlayFile)
		}
		seen[plain] = name
	}
	return nil
}

// nameEnum turns names by value into names by position, with the name of the type before each: the generator would call a number 7
// N7 first. A value without a name is named after itself.
func nameEnum(o object, name string) (err error) {
	var names []any
	rest := except(obj(o[enumNames]))
	for _, item := range list(o["enum"]) {
		value := fmt.Sprint(item)
		names = append(names, name+fmt.Sprint(cmp.Or(rest[value], item)))
		delete(rest, value)
	}
	for _, value := range sorted(rest) {
		err = errors.Join(err, fmt.Errorf("%[1]s: the value %[2]s (%[3]v) is gone. outgoing/types.go exports %[1]s%[3]v, "+
			"so dropping it breaks users' code and needs a new major version; then drop it from api/overlay.yaml too", name, value, rest[value]))
	}
	if has(o, enumNames) {
		delete(o, enumNames)
		o["x-enum-varnames"] = names
	}
	return err
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
