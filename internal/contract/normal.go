package contract

import (
	"cmp"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A kind of OpenAPI object: the name that components of the kind have.
type kind string

const (
	operation      kind = "operation"
	parameter      kind = "parameters"
	requestBody    kind = "requestBodies"
	response       kind = "responses"
	header         kind = "headers"
	mediaType      kind = "mediaType"
	schema         kind = "schemas"
	securityScheme kind = "securitySchemes"

	maxObjects = 20_000 // once references are resolved; the vendor's operations have 700
)

var (
	// parts are the members of an object that are such objects too, or lists or maps of them.
	parts = map[kind]map[string]kind{
		operation:   {"parameters": parameter, "requestBody": requestBody, "responses": response},
		parameter:   {"schema": schema, "content": mediaType},
		header:      {"schema": schema, "content": mediaType},
		requestBody: {"content": mediaType},
		response:    {"headers": header, "content": mediaType},
		mediaType:   {"schema": schema},
		schema: {"properties": schema, "items": schema, "additionalProperties": schema, "not": schema,
			"allOf": schema, "oneOf": schema, "anyOf": schema},
	}
	named = []string{"responses", "headers", "content", "properties"} // maps of names

	// words are what people read, and no code depends on. The extension says that an enum is open.
	words = []string{"title", "summary", "description", "example", "tags", "bearerFormat", "x-speakeasy-unknown-values"}
	// ignored says nothing about what is sent; security and servers are read with the document's.
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
		}
		if f.objects++; f.objects > maxObjects {
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
func (f *former) part(next, prev any, k kind) any {
	defer func(outside []string) { f.within = outside }(f.within)
	value, ref := f.follow(next)
	own := reference(object{"$ref": ref}, k)
	if ref != "" && slices.Contains(f.within, ref) { // a schema that contains itself
		if own == "" {
			return f.fail("%s contains itself, and is no schema with a name", ref)
		}
		f.later = append(f.later, func() {
			if f.within = nil; !has(at(f.made.root, "components", string(k)), own) {
				f.add(k, own, nil)
				f.add(k, own, f.object(value, at(f.contract.root, "components", string(k), own), k))
			}
		})
		return refer(k, own)
	}
	f.within = append(slices.Clip(f.within), ref)
	if f.objects++; f.objects > maxObjects {
		f.fail("the document is too large once its references are resolved")
	}
	if f.err != nil {
		return nil
	}
	name := reference(prev, k)
	prev = f.contract.resolve(prev)
	made := f.object(value, prev, k)
	have := at(f.made.root, "components", string(k), name)
	switch {
	case obj(made) == nil || k == operation:
	case name == "" && prev == nil:
		f.later = append(f.later, func() { f.find(obj(made), own, value, k) })
	case name != "" && have == nil:
		f.add(k, name, made)
		return refer(k, name)
	case name != "" && f.made.describe(have) == f.made.describe(made):
		return refer(k, name)
	}
	return made
}

// find makes an object that the contract has in no such place a reference to the component that it is.
func (f *former) find(made object, own string, value any, k kind) {
	components := at(f.made.root, "components", string(k))
	if prev := at(f.contract.root, "components", string(k), own); prev != nil && !has(components, own) {
		f.within = nil
		f.add(k, own, f.object(value, prev, k))
	}
	for _, name := range slices.Concat([]string{own}, sorted(components)) {
		if (name == own || k == schema && made["type"] == "object") && has(components, name) && f.made.describe(made) == f.made.describe(obj(components)[name]) {
			clear(made)
			made["$ref"] = refer(k, name)["$ref"]
			return
		}
	}
}

func (f *former) add(k kind, name string, value any) {
	components := obj(f.made.root["components"])
	if components[string(k)] == nil {
		components[string(k)] = make(object)
	}
	obj(components[string(k)])[name] = value
}

func (f *former) object(value, prev any, k kind) any {
	if obj(value) == nil {
		return value // such as additionalProperties: true; the generator refuses all else
	}
	given, was, made := obj(value), obj(prev), make(object)
	if k == schema {
		given = f.flatten(given)
	}
	keep := f.words && was != nil && (given["type"] == nil || given["type"] == was["type"])
	for _, key := range sorted(given) {
		item := given[key]
		child, isPart := parts[k][key]
		switch {
		case item == nil && key != "default", slices.Contains(ignored, key), strings.HasPrefix(key, "x-") && !isWord(key),
			isWord(key) && keep:
		case isPart && slices.Contains(named, key) && obj(item) != nil:
			items := make(object)
			for _, name := range sorted(item) {
				as := canonical(key, name)
				if has(items, as) {
					f.fail("the document has %s twice in the same %s", as, key)
				}
				items[as] = f.part(obj(item)[name], at(was, key, as), child)
			}
			made[key] = items
		case isPart && list(item) != nil:
			made[key] = f.list(list(item), list(was[key]), child)
		case isPart:
			made[key] = f.part(item, was[key], child)
		case list(item) != nil:
			made[key] = inOrderOf(list(was[key]), list(item), reflect.DeepEqual)
		default:
			made[key] = item
		}
	}
	for _, key := range words {
		if keep && has(was, key) {
			made[key] = was[key]
		}
	}
	f.fillIn(made, k)
	return made
}

// list pairs parameters by name, and all else by place.
func (f *former) list(next, was []any, k kind) []any {
	same := func(a, b any) bool {
		a, _ = f.follow(a)
		b = f.contract.resolve(b)
		return at(a, "in") == at(b, "in") && at(a, "name") == at(b, "name")
	}
	if k == parameter {
		next = inOrderOf(was, next, same)
	}
	made := make([]any, len(next))
	for i, item := range next {
		var prev any
		if j := slices.IndexFunc(was, func(other any) bool { return same(item, other) }); k == parameter && j >= 0 {
			prev = was[j]
		} else if k != parameter && i < len(was) {
			prev = was[i]
		}
		made[i] = f.part(item, prev, k)
	}
	return made
}

// inOrderOf returns items in the order that the same ones have in was, and then the others.
func inOrderOf(was, items []any, same func(a, b any) bool) []any {
	place := func(item any) int {
		i := slices.IndexFunc(was, func(other any) bool { return same(item, other) })
		return (i + len(was) + 1) % (len(was) + 1)
	}
	return slices.SortedStableFunc(slices.Values(items), func(a, b any) int { return cmp.Compare(place(a), place(b)) })
}

// canonical spells a name as the contract does where more than one spelling means the same.
func canonical(of, name string) string {
	switch of {
	case "headers":
		return http.CanonicalHeaderKey(name)
	case "responses":
		return strings.ReplaceAll(name, "xx", "XX")
	case "content":
		if kind, params, err := mime.ParseMediaType(name); err == nil {
			if strings.EqualFold(params["charset"], "utf-8") {
				delete(params, "charset")
			}
			return mime.FormatMediaType(kind, params)
		}
	}
	return name
}

// flatten takes the parts of an allOf into the schema itself, if they agree, and a choice of one.
func (f *former) flatten(s object) object {
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		all := list(s[key])
		if len(all) == 0 || len(all) > 1 && key != "allOf" {
			continue
		}
		merged, outside := maps.Clone(s), f.within
		delete(merged, key)
		agree, nullable := true, s["type"] == nil
		for _, part := range all {
			value, ref := f.follow(part)
			if agree = agree && (ref == "" || !slices.Contains(f.within, ref)); agree {
				f.within = append(slices.Clip(f.within), ref)
				other := f.flatten(obj(value))
				agree, nullable = unite(merged, other), nullable && other["nullable"] == true
			}
		}
		if !agree {
			f.within = outside
			continue
		}
		if s = merged; nullable {
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
		case isWord(key), strings.HasPrefix(key, "x-"), reflect.DeepEqual(have, item):
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
func (f *former) fillIn(o object, k kind) {
	for key, item := range o {
		empty := (obj(item) != nil || list(item) != nil) && !slices.ContainsFunc(sorted(item), func(key string) bool { return !isWord(key) }) && len(list(item)) == 0
		switch {
		case isWord(key), slices.Contains([]string{"default", "enum", "explode", "schema", "items"}, key):
		case key == "additionalProperties" && item == true, key != "additionalProperties" && item == false, empty,
			item == 0 && slices.Contains([]string{"minLength", "minItems", "minProperties"}, key):
			delete(o, key)
		}
	}
	switch {
	case k == schema && o["type"] == nil && has(o, "properties"):
		o["type"] = "object"
	case k == schema && o["type"] == nil && has(o, "items"):
		o["type"] = "array"
	case k == parameter || k == header:
		usual := "simple"
		if o["in"] == "query" || o["in"] == "cookie" {
			usual = "form"
		}
		style, many := cmp.Or(str(o["style"]), usual), at(f.made.resolve(o["schema"]), "type")
		if many == "array" || many == "object" {
			o["style"] = style
			if !has(o, "explode") || many == "array" && style == "simple" { // where both are the same
				o["explode"] = style == "form" || many == "array" && style == "simple"
			}
		} else {
			delete(o, "explode")
			if delete(o, "style"); style != usual {
				o["style"] = style
			}
		}
		if k == header {
			delete(o, "style")
			delete(o, "explode")
		}
	}
}

func isWord(key string) bool { return slices.Contains(words, key) }

// eachOperation visits the operations of paths, or of webhooks, in the order of their names.
func eachOperation(items any, visit func(name, method string, op object)) {
	for _, name := range sorted(items) {
		for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
			if op := obj(at(items, name, method)); op != nil {
				visit(name, method, op)
			}
		}
	}
}

// reference returns the component of the kind that value refers to.
func reference(value any, k kind) string {
	name, ok := strings.CutPrefix(str(at(value, "$ref")), "#/components/"+string(k)+"/")
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	return name
}

func refer(k kind, name string) object { return object{"$ref": "#/components/" + string(k) + "/" + name} }
