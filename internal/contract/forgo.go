package contract

import (
	"errors"
	"fmt"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// enumNames is the extension by which api/overlay.yaml names the values of an enum, as an object of values and names. The
// generator itself takes names by position, so that a document with its values in another order would swap them.
const enumNames = "x-go-enum-names"

// ForGo returns what the generator reads: the contract with the Go names and types of an overlay, each of whose actions has to
// find what it names.
func ForGo(d *Document, overlayText []byte) (*Document, error) {
	r := d.clone()
	o, err := parseOverlay(overlayText)
	if err != nil {
		return nil, fmt.Errorf("api/overlay.yaml: %w", err)
	}
	if _, err := o.ApplyToStrict(r.root); err != nil {
		return nil, fmt.Errorf("api/overlay.yaml no longer fits, change it there: %w", err)
	}
	r.inlineOwnTypes()
	return r, r.nameEnums()
}

func parseOverlay(text []byte) (*overlay.Overlay, error) {
	o, err := overlay.ParseReader(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	return o, o.Validate()
}

// nameEnums turns names by value into names by position, with the name of the type before each: the generator would call a
// number 7 N7 first. A value without a name is named after itself.
func (d *Document) nameEnums() error {
	var errs []error
	schemas := member(member(d.root, "components"), "schemas")
	for i := 0; schemas != nil && i < len(schemas.Content); i += 2 {
		schema, named := schemas.Content[i+1], member(schemas.Content[i+1], enumNames)
		if named == nil {
			continue
		}
		values := member(schema, "enum")
		list := &yaml.Node{Kind: yaml.SequenceNode}
		found := make(map[string]bool)
		for j := 0; values != nil && j < len(values.Content); j++ {
			value := values.Content[j].Value
			found[value] = true
			name := value
			if given := member(named, value); given != nil {
				name = given.Value
			}
			list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: schemas.Content[i].Value + name})
		}
		for j := 0; j < len(named.Content); j += 2 {
			if value, name := named.Content[j].Value, named.Content[j+1].Value; !found[value] {
				errs = append(errs, fmt.Errorf("%[1]s: the value %[2]s (%[3]s) is gone. outgoing/types.go exports %[1]s%[3]s, "+
					"so dropping it breaks users' code and needs a new major version; then drop it from api/overlay.yaml too",
					schemas.Content[i].Value, value, name))
			}
		}
		set(schema, "x-enum-varnames", list)
		keep(schema, func(key string, _ *yaml.Node) bool { return key != enumNames })
	}
	return errors.Join(errs...)
}

// inlineOwnTypes writes out schemas that have the name of a Go type of ours: of a property with x-go-type Price, a schema
// Price would give another type of that name.
func (d *Document) inlineOwnTypes() {
	schemas := member(member(d.root, "components"), "schemas")
	own := make(map[string]bool)
	eachObject(d.root, func(object *yaml.Node) {
		if name := member(object, "x-go-type"); name != nil && member(schemas, name.Value) != nil {
			own["#/components/schemas/"+name.Value] = true
		}
	})
	if len(own) == 0 {
		return
	}
	eachObject(d.root, func(object *yaml.Node) {
		ref := member(object, "$ref")
		if ref == nil || !own[ref.Value] {
			return
		}
		schema := clone(d.resolve(object))
		keep(object, func(key string, _ *yaml.Node) bool { return key != "$ref" })
		for i := 0; i < len(object.Content); i += 2 { // what stands beside the reference goes first
			set(schema, object.Content[i].Value, object.Content[i+1])
		}
		object.Content = schema.Content
	})
	keep(schemas, func(name string, _ *yaml.Node) bool { return !own["#/components/schemas/"+name] })
}
