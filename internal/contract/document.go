// Package contract makes api/openapi.yaml and the document that the generator reads, from a document of the vendor.
//
// A document passes through these steps:
//
//	vendor's document -> Reduce -> api/vendor.yaml     our operations, and what they refer to
//	                  -> complete -> api/openapi.yaml  with api/additions.yaml and the words of the contract
//	                  -> ForGo -> oapi-codegen         with the Go names and types of api/overlay.yaml
//
// [FactsOf] says what a contract states, so that what changed can be said in a line.
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// Document is an OpenAPI document as a tree, so that its order stays as it was written.
type Document struct{ root *yaml.Node }

// Parse reads an OpenAPI 3.0 document in YAML or JSON.
func Parse(data []byte) (*Document, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if len(file.Content) != 1 || file.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not an OpenAPI document: it is not an object")
	}
	root := withoutAliases(file.Content[0])
	if version := member(root, "openapi"); version == nil || !strings.HasPrefix(version.Value, "3.0.") {
		return nil, errors.New("not an OpenAPI 3.0 document, which is what the generator reads")
	}
	return &Document{root}, nil
}

// YAML writes the document.
func (d *Document) YAML() ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(d.root); err != nil {
		return nil, err
	}
	return b.Bytes(), encoder.Close()
}

// Load resolves the document's references.
func (d *Document) Load() (*openapi3.T, error) {
	text, err := d.YAML()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
}

func (d *Document) clone() *Document { return &Document{clone(d.root)} }

// resolve follows a reference within the document. What it cannot find is nil.
func (d *Document) resolve(n *yaml.Node) *yaml.Node {
	for range 10 { // a chain of references that long is a circle
		ref := member(n, "$ref")
		if ref == nil {
			return n
		}
		n = d.root
		for step := range strings.SplitSeq(strings.TrimPrefix(ref.Value, "#/"), "/") {
			n = member(n, strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
		}
	}
	return nil
}

// member returns the value of a key; nil if n is not an object that has it.
func member(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// set gives a key of the object n another value, or adds it at the end.
func set(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
}

// keep drops the members of the object n for which wanted is false.
func keep(n *yaml.Node, wanted func(key string, value *yaml.Node) bool) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	var kept []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		if wanted(n.Content[i].Value, n.Content[i+1]) {
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
	}
	n.Content = kept
}

func clone(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, clone(child))
	}
	return &c
}

// withoutAliases writes out what YAML aliases stand for, so that a change in one place is not one in another.
func withoutAliases(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = clone(n.Alias)
	}
	n.Anchor = ""
	for i, child := range n.Content {
		n.Content[i] = withoutAliases(child)
	}
	return n
}

// The members of an OpenAPI object whose own members are names, and those that are data.
var (
	nameMaps = map[string]bool{
		"paths": true, "responses": true, "headers": true, "content": true, "properties": true, "schemas": true,
		"parameters": true, "securitySchemes": true, "requestBodies": true,
	}
	dataMembers = map[string]bool{"example": true, "examples": true, "enum": true, "default": true}
)

// eachObject visits n and every OpenAPI object within it, but no data and no map of names: in ErrorResponse, title is the
// name of a property, and X-Limit is not an extension.
func eachObject(n *yaml.Node, visit func(object *yaml.Node)) {
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			eachObject(item, visit)
		}
		return
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	visit(n)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		switch {
		case dataMembers[key]:
		case nameMaps[key] && value.Kind == yaml.MappingNode:
			for j := 1; j < len(value.Content); j += 2 {
				eachObject(value.Content[j], visit)
			}
		default:
			eachObject(value, visit)
		}
	}
}

// names lists values in an error's text.
func names[T any](values []T) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ", "), "[]")
}
