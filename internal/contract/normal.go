package contract

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxObjects is how many objects a document may have once its references are resolved. The vendor's operations have 700.
const maxObjects = 20_000

var (
	// parts are the members of each kind of object that are such objects too, or lists or maps of them. A kind has the name of its
	// components.
	parts = map[string]map[string]string{
		"operation":     {"parameters": "parameters", "requestBody": "requestBodies", "responses": "responses"},
		"parameters":    {"schema": "schemas", "content": "mediaType"},
		"headers":       {"schema": "schemas", "content": "mediaType"},
		"requestBodies": {"content": "mediaType"},
		"responses":     {"headers": "headers", "content": "mediaType"},
		"mediaType":     {"schema": "schemas"},
		"schemas": {"properties": "schemas", "items": "schemas", "additionalProperties": "schemas", "not": "schemas",
			"allOf": "schemas", "oneOf": "schemas", "anyOf": "schemas"},
	}
	named = []string{"responses", "headers", "content", "properties"} // maps of names

	// words are what people read, and no code depends on. The extension says that an enum is open.
	words = []string{"title", "summary", "description", "example", "tags", "bearerFormat", "x-speakeasy-unknown-values"}
	// ignored says nothing about what is sent. Security and servers are read with those of the document.
	ignored = []string{"examples", "externalDocs", "xml", "discriminator", "encoding", "links", "callbacks", "security", "servers"}
)

// former writes a document in the form of the contract. References are resolved, allOf is merged, and defaults are filled in or
// left out; then what the contract has as a component is that component again, if it is the same everywhere.
type former struct {
	given, contract, made *Document
	words                 bool     // take those of the contract, where it has some
	within                []string // the references that are being resolved
	objects               int
	later                 []func()
	err                   error // the first
}

func (f *former) fail(format string, args ...any) any {
	f.err = cmp.Or(f.err, fmt.Errorf(format, args...))
	return nil
}

// follow returns what value is or refers to, and the last reference. Nothing outside of the document is read.
func (f *former) follow(value any) (target any, ref string) {
	for has(value, "$ref") {
		ref = fmt.Sprint(at(value, "$ref"))
		path, local := strings.CutPrefix(ref, "#/")
		if !local {
			return f.fail("the document refers to %q, outside of it: put that in first, for example with npx @redocly/cli bundle", ref), ""
		} else if f.objects++; f.objects > maxObjects {
			return f.fail("the document is too large, or leads back to itself, at %s", ref), ""
		}
		value = f.given.root
		for step := range strings.SplitSeq(path, "/") {
			step, _ = url.PathUnescape(step)
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
			if i, err := strconv.ParseUint(step, 10, 16); err == nil && int(i) < len(list(value)) {
				value = list(value)[i]
			} else {
				value = at(value, step)
			}
		}
		if value == nil {
			return f.fail("the document refers to %s, which it does not have", ref), ""
		}
	}
	return value, ref
}

// part returns a part of the document; prev is what the contract has in its place, or nil.
func (f *former) part(next, prev any, kind string) any {
	defer func(outside []string) { f.within = outside }(f.within)
	value, ref := f.follow(next)
	own, name := component(object{"$ref": ref}, kind), component(prev, kind)
	if own != "" && slices.Contains(f.within, ref) { // a schema that contains itself
		f.later = append(f.later, func() { f.find(refer(kind, own), own, value, kind) })
		return refer(kind, own)
	}
	f.within = append(slices.Clip(f.within), ref)
	if f.objects++; f.objects > maxObjects {
		f.fail("the document is too large once its references are resolved")
	}
	if f.err != nil {
		return nil
	}
	prev = f.contract.resolve(prev)
	made := f.object(value, prev, kind)
	components := obj(at(f.made.root, "components", kind))
	switch {
	case obj(made) == nil || components == nil || name == "" && prev != nil:
	case name == "":
		f.later = append(f.later, func() { f.find(obj(made), own, value, kind) })
	case !has(components, name):
		components[name] = made
		return refer(kind, name)
	case f.made.describe(components[name]) == f.made.describe(made):
		return refer(kind, name)
	}
	return made
}

// find makes an object that the contract has in no such place a reference to the component that it is.
func (f *former) find(made object, own string, value any, kind string) {
	components := obj(at(f.made.root, "components", kind))
	prev := at(f.contract.root, "components", kind, own)
	if f.within = nil; own != "" && !has(components, own) && (prev != nil || has(made, "$ref")) {
		components[own] = nil // it may contain itself
		components[own] = f.object(value, prev, kind)
	}
	for _, name := range slices.Concat([]string{own}, sorted(components)) {
		if (name == own || made["type"] == "object") && has(components, name) && f.made.describe(made) == f.made.describe(components[name]) {
			clear(made)
			maps.Copy(made, refer(kind, name))
			return
		}
	}
}

func (f *former) object(value, prev any, kind string) any {
	given, was, made := obj(value), obj(prev), make(object)
	if given == nil {
		return value // such as additionalProperties: true; the generator refuses all else
	} else if kind == "schemas" {
		given = f.flatten(given)
	}
	keep := f.words && was != nil && (given["type"] == nil || given["type"] == was["type"])
	for _, key := range sorted(given) {
		item, child := given[key], parts[kind][key]
		switch {
		case item == nil && key != "default", slices.Contains(ignored, key), isWord(key) && keep, strings.HasPrefix(key, "x-") && !isWord(key):
		case slices.Contains(named, key) && child != "":
			items := make(object)
			for _, name := range sorted(item) {
				as := canonical(key, name)
				if has(items, as) {
					f.fail("the document has %s twice in the same %s", as, key)
				}
				items[as] = f.part(cmp.Or(obj(item)[name], any(object(nil))), at(was, key, as), child)
			}
			made[key] = items
		case list(item) != nil && child != "":
			made[key] = f.list(list(item), list(was[key]), child)
		case child != "":
			made[key] = f.part(item, was[key], child)
		default:
			made[key] = item
		}
	}
	for _, key := range words {
		if keep && has(was, key) {
			made[key] = was[key]
		}
	}
	f.fillIn(made, kind)
	return made
}

// list returns what the contract has too in its order, and then the rest. Only parameters have names.
func (f *former) list(next, was []any, kind string) (made []any) {
	next = slices.Clone(next)
	for _, prev := range was {
		name := f.contract.resolve(prev)
		i := slices.IndexFunc(next, func(item any) bool { return kind == "parameters" && sameParameter(item, name) })
		if i >= 0 {
			made = append(made, f.part(next[i], prev, kind))
			next = slices.Delete(next, i, i+1)
		}
	}
	for _, item := range next {
		made = append(made, f.part(item, nil, kind))
	}
	return made
}

// canonical spells a name as the contract does where more than one spelling means the same.
func canonical(of, name string) string {
	switch of {
	case "headers":
		return http.CanonicalHeaderKey(name)
	case "responses":
		return strings.ReplaceAll(name, "xx", "XX")
	case "content":
		return strings.TrimSuffix(strings.ToLower(strings.ReplaceAll(name, " ", "")), ";charset=utf-8")
	}
	return name
}

// flatten takes the parts of an allOf into the schema itself, if they agree, and a choice of one.
func (f *former) flatten(s object) object {
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		merged, outside := maps.Clone(s), f.within
		delete(merged, key)
		agree, nullable := len(list(s[key])) == 1 || key == "allOf" && has(s, key), s["type"] == nil
		for _, part := range list(s[key]) {
			value, ref := f.follow(part)
			if agree = agree && (ref == "" || !slices.Contains(f.within, ref)); agree {
				f.within = append(slices.Clip(f.within), ref)
				other := f.flatten(obj(value))
				agree, nullable = unite(merged, other), nullable && other["nullable"] == true
			}
		}
		if !agree {
			f.within = outside
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
func (f *former) fillIn(o object, kind string) {
	for key, item := range o {
		v, wordless := reflect.ValueOf(item), slices.DeleteFunc(sorted(item), isWord)
		switch {
		case isWord(key), slices.Contains([]string{"default", "enum", "explode", "schema", "items", "not"}, key):
		case item == false && key != "additionalProperties", item == true && key == "additionalProperties",
			item == 0 && slices.Contains([]string{"minLength", "minItems", "minProperties"}, key),
			v.Kind() == reflect.Map && len(wordless) == 0, v.Kind() == reflect.Slice && v.Len() == 0:
			delete(o, key)
		}
	}
	if kind == "schemas" && o["type"] == nil && has(o, "properties") {
		o["type"] = "object"
	} else if kind == "schemas" && o["type"] == nil && has(o, "items") {
		o["type"] = "array"
	} else if kind != "parameters" && kind != "headers" {
		return
	}
	usual := "simple"
	if o["in"] == "query" || o["in"] == "cookie" {
		usual = "form"
	}
	style, explode := cmp.Or(str(o["style"]), usual), o["explode"]
	delete(o, "style")
	delete(o, "explode")
	switch many := at(f.made.resolve(o["schema"]), "type"); {
	case o["in"] == nil: // a header, or a schema
	case many == "array" && style == "simple": // either way is the same
		o["style"], o["explode"] = style, true
	case many == "array", many == "object":
		o["style"], o["explode"] = style, cmp.Or(explode, any(style == "form"))
	case style != usual:
		o["style"] = style
	}
}

func isWord(key string) bool { return slices.Contains(words, key) }

func sameParameter(a, b any) bool {
	return at(a, "in") == at(b, "in") && at(a, "name") == at(b, "name")
}

// component returns the component of a kind that value refers to.
func component(value any, kind string) string {
	name, ok := strings.CutPrefix(str(at(value, "$ref")), "#/components/"+kind+"/")
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	return name
}

func refer(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }
