package contract

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
)

// How many objects a document may have once its references are resolved, and how many in each other. The vendor's operations have
// 700, and 7.
const maxObjects, maxDepth = 3_000, 100

var (
	// parts are the members of each kind of object that are such objects too, or lists or maps of them. A kind has the name of its
	// components.
	parts = map[string]map[string]string{
		"operation":     {"requestBody": "requestBodies", "responses": "responses", "servers": "servers"},
		"parameters":    {"schema": "schemas", "content": "mediaType"},
		"headers":       {"schema": "schemas", "content": "mediaType"},
		"requestBodies": {"content": "mediaType"},
		"responses":     {"headers": "headers", "content": "mediaType"},
		"mediaType":     {"schema": "schemas"},
		"schemas": {"properties": "schemas", "items": "schemas", "additionalProperties": "schemas", "not": "schemas",
			"allOf": "schemas", "oneOf": "schemas", "anyOf": "schemas"},
	}

	// named are the members that are maps of names, with how the contract spells a name that others spell otherwise.
	named = map[string]func(name string) string{
		"properties": func(name string) string { return name },
		"headers":    http.CanonicalHeaderKey,
		"responses":  func(status string) string { return strings.ReplaceAll(status, "xx", "XX") },
		"content": func(media string) string {
			return strings.TrimSuffix(strings.ToLower(strings.ReplaceAll(media, " ", "")), ";charset=utf-8")
		},
	}

	// words are what people read, and no code depends on. The extension says that an enum is open.
	words   = []string{"title", "summary", "description", "example", "tags", "bearerFormat", "x-speakeasy-unknown-values"}
	ignored = []string{"examples", "externalDocs", "xml", "discriminator", "encoding", "links", "callbacks"}
)

// normalizer writes a document in the form of the contract. References are resolved, allOf is merged, and defaults are filled in or
// left out; then what the contract has as a component is that component again, if it is the same everywhere.
type normalizer struct {
	given, contract, made *Document
	words                 bool              // take those of the contract, where it has some
	names                 map[string]string // of components in the contract, by what refers to them in the given document
	within                []string          // for each part around: the reference that led there, or the operation
	objects               int
}

// part returns the part of the document with this name; ours is what the contract has in its place, or nil.
func (n *normalizer) part(name string, given, ours any, kind string) any {
	defer func(outside []string) { n.within = outside }(n.within)
	value, ref := n.given.follow(given)
	where := n.within[len(n.within)-1]
	if n.objects++; n.objects > maxObjects || len(n.within) > maxDepth {
		n.given.fail("the document is too large once its references are resolved")
	} else if _, ok := value.(object); !ok {
		n.given.fail("%s in %s is %v, and not an object", name, where, value)
	}
	if n.given.err != nil {
		return nil
	}
	theirName, ourName := component(object{"$ref": ref}, kind), component(ours, kind)
	repeated := theirName != "" && slices.Contains(n.within, ref) // a schema that contains itself
	ourNames := at(n.contract.root, "components", kind)
	switch {
	case ourName != "" && theirName != "":
		n.names[ref] = ourName
	case ourName != "", ours != nil && !repeated: // it is written out in the contract, too
	case n.names[ref] != "":
		ourName = n.names[ref]
	case has(ourNames, theirName) && !slices.Contains(slices.Collect(maps.Values(n.names)), theirName):
		ourName = theirName
	case repeated: // it has a name the next time: its own, unless that is of another one
		for n.names[ref] = theirName; has(ourNames, n.names[ref]); {
			n.names[ref] += "2"
		}
		return nil
	}
	was := n.contract.resolve(ours)
	if ourName != "" {
		components := in(n.made.root, "components", kind)
		if !has(components, ourName) {
			components[ourName] = nil // until it is made
		} else if repeated {
			return refer(kind, ourName)
		}
		was = at(ourNames, ourName)
	}
	n.within = append(slices.Clip(n.within), cmp.Or(ref, where))
	made := n.object(value, was, kind)
	switch there := at(n.made.root, "components", kind, ourName); {
	case ourName == "", there != nil && !slices.Equal(states(made), states(there)):
		return made
	case there == nil:
		in(n.made.root, "components", kind)[ourName] = made
	}
	return refer(kind, ourName)
}

func (n *normalizer) object(value, ours any, kind string) object {
	given, was, made := obj(value), obj(ours), make(object)
	if kind == "schemas" {
		given = n.flatten(given)
	}
	keep := n.words && was != nil && str(given["type"]) == str(was["type"])
	if keep {
		maps.Copy(made, was)
		maps.DeleteFunc(made, func(key string, _ any) bool { return !isWord(key) })
	}
	for _, key := range sorted(given) {
		item, child := given[key], parts[kind][key]
		switch {
		case item == nil && key != "default", slices.Contains(ignored, key), isWord(key) && keep, strings.HasPrefix(key, "x-") && !isWord(key):
		case child == "", key == "additionalProperties" && (item == true || item == false):
			made[key] = item
		case named[key] != nil && obj(item) != nil:
			for _, name := range sorted(item) {
				as := named[key](name)
				if has(made[key], as) {
					n.given.fail("the document has %s twice in the same %s", as, key)
				}
				in(made, key)[as] = n.part(name, cmp.Or(at(item, name), any(object(nil))), at(was[key], as), child)
			}
		case list(item) != nil && (key == "servers" || strings.HasSuffix(key, "Of")):
			var items []any
			for _, item := range list(item) {
				items = append(items, n.part(key, item, nil, child))
			}
			made[key] = items
		default:
			made[key] = n.part(key, item, was[key], child)
		}
	}
	n.fillIn(made, kind)
	return made
}

// flatten takes the parts of an allOf into the schema itself, if they agree, and a choice of one.
func (n *normalizer) flatten(s object) object {
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		merged, outside := except(s, key), n.within
		agree, nullable := len(list(s[key])) == 1 || key == "allOf" && has(s, key), s["type"] == nil
		for _, part := range list(s[key]) {
			value, ref := n.given.follow(part)
			if agree = agree && (ref == "" || !slices.Contains(n.within, ref)); agree {
				n.within = append(slices.Clip(n.within), ref)
				other := n.flatten(obj(value))
				agree, nullable = unite(merged, other), nullable && other["nullable"] == true
			}
		}
		if !agree {
			n.within = outside
		} else if s = merged; nullable {
			s["nullable"] = true
		}
	}
	return s
}

// unite adds to a schema what another one demands, and reports whether one schema can say both.
func unite(s, other object) bool {
	for key, item := range other {
		have, known := s[key]
		switch {
		case key == "nullable": // only if both are
		case !known:
			s[key] = item
		case strings.HasPrefix(key, "x-"), isWord(key), reflect.DeepEqual(have, item):
		case key == "required":
			s[key] = slices.Concat(list(have), list(item))
		case key == "properties":
			all := maps.Clone(obj(have))
			for name, property := range obj(item) {
				if has(all, name) && !reflect.DeepEqual(all[name], property) {
					property = object{"allOf": []any{all[name], property}}
				}
				all[name] = property
			}
			s[key] = all
		default:
			return false
		}
	}
	return true
}

// fillIn says what is said by default, or leaves it out: each in one way only.
func (n *normalizer) fillIn(o object, kind string) {
	maps.DeleteFunc(o, func(key string, item any) bool {
		switch key {
		case "default", "enum", "explode", "schema", "items", "not", "security":
			return false
		case "minLength", "minItems", "minProperties":
			return item == 0
		case "additionalProperties":
			return item == true || item != false && len(state(item, "", key)) == 0
		}
		return !isWord(key) && (item == false || len(state(item, "", key)) == 0)
	})
	style, explode := str(o["style"]), o["explode"]
	delete(o, "style") // headers have but one
	delete(o, "explode")
	switch {
	case kind == "schemas" && o["type"] == nil && has(o, "properties"):
		o["type"] = "object"
	case kind == "schemas" && o["type"] == nil && has(o, "items"):
		o["type"] = "array"
	case kind == "parameters":
		usual := map[bool]string{true: "form", false: "simple"}[o["in"] == "query" || o["in"] == "cookie"]
		style = cmp.Or(style, usual)
		many := at(n.made.resolve(o["schema"]), "type")
		if many == "array" || many == "object" {
			o["style"], o["explode"] = style, cmp.Or(explode, any(style == "form"))
		} else if style != usual {
			o["style"] = style
		}
		if many == "array" && style == "simple" { // either way is the same
			o["explode"] = true
		}
	case kind == "securitySchemes" && has(o, "scheme"):
		o["scheme"] = strings.ToLower(str(o["scheme"]))
	case kind == "servers":
		url := placeholder.ReplaceAllStringFunc(str(o["url"]), func(name string) string {
			return fmt.Sprint(cmp.Or(at(o, "variables", strings.Trim(name, "{}"), "default"), any(name)))
		})
		o["url"] = cmp.Or(strings.TrimSuffix(url, "/"), "/")
		delete(o, "variables")
	}
}

func isWord(key string) bool { return slices.Contains(words, key) }

// component returns the component of a kind that value refers to.
func component(value any, kind string) string {
	if where, name := path.Split(str(at(value, "$ref"))); where == "#/components/"+kind+"/" {
		return name
	}
	return ""
}

func refer(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }
