package contract

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// words are the members of an OpenAPI object that people read, and that no code depends on.
var words = []string{"title", "summary", "description", "example", "examples"}

// keepWords gives next the words of prev, the contract before it: its titles, descriptions and examples, wherever both have
// the same thing. What is new keeps the vendor's words. Of the document as a whole it keeps what describes it, except for the
// version.
func keepWords(next, prev *Document) {
	p := pairing{next, prev}
	for _, key := range []string{"paths", "components"} {
		p.names(member(next.root, key), member(prev.root, key), key == "components")
	}
	info := clone(member(prev.root, "info"))
	if version := member(member(next.root, "info"), "version"); version != nil {
		set(info, "version", version)
	}
	set(next.root, "openapi", member(prev.root, "openapi"))
	set(next.root, "info", info)
	if tags := member(prev.root, "tags"); tags != nil {
		set(next.root, "tags", clone(tags))
	}
	next.order("openapi", "info", "servers", "security", "tags", "paths", "components")
}

// order puts the members of the document in the order of keys.
func (d *Document) order(keys ...string) {
	var content []*yaml.Node
	for _, key := range keys {
		if value := member(d.root, key); value != nil {
			content = append(content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
		}
	}
	d.root.Content = content
}

// pairing walks through two documents at once, and writes to the first.
type pairing struct{ next, prev *Document }

// names pairs the members of two maps of names; kinds says that these are maps too.
func (p pairing) names(next, prev *yaml.Node, kinds bool) {
	if next == nil || next.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i < len(next.Content); i += 2 {
		was := member(prev, next.Content[i].Value)
		if was == nil {
			was = p.sameOperations(next.Content[i+1])
		}
		if kinds {
			p.names(next.Content[i+1], was, false)
		} else {
			p.object(next.Content[i+1], was)
		}
	}
}

// sameOperations finds the path item of prev that has an operation of this one: its path was renamed.
func (p pairing) sameOperations(item *yaml.Node) *yaml.Node {
	paths := member(p.prev.root, "paths")
	for _, method := range methods {
		id := member(member(item, method), "operationId")
		if id == nil || paths == nil {
			continue
		}
		for _, was := range paths.Content {
			if wasID := member(member(was, method), "operationId"); wasID != nil && wasID.Value == id.Value {
				return was
			}
		}
	}
	return nil
}

func (p pairing) object(next, prev *yaml.Node) {
	if member(next, "$ref") != nil { // its words are said where it refers to
		return
	}
	prev = p.prev.resolve(prev)
	if prev == nil || prev.Kind != next.Kind {
		return
	}
	if next.Kind == yaml.SequenceNode {
		for i := range min(len(next.Content), len(prev.Content)) {
			p.object(next.Content[i], prev.Content[i])
		}
		return
	}
	if next.Kind != yaml.MappingNode {
		return
	}
	keep(next, func(key string, _ *yaml.Node) bool { return !slices.Contains(words, key) || member(prev, key) != nil })
	for _, key := range words {
		if was := member(prev, key); was != nil {
			set(next, key, clone(was))
		}
	}
	for i := 0; i < len(next.Content); i += 2 {
		key, value := next.Content[i].Value, next.Content[i+1]
		switch {
		case slices.Contains(words, key), dataMembers[key]:
		case nameMaps[key] && value.Kind == yaml.MappingNode:
			p.names(value, member(prev, key), false)
		default:
			p.object(value, member(prev, key))
		}
	}
}
