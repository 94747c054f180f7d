package contract

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// normal returns our operations of a document, and its webhooks that the contract has, in the form of the contract.
func (r *Repository) normal(d *Document, words bool) (*Document, error) {
	components, from := object{"securitySchemes": make(object)}, d.root
	for kind := range parts {
		components[kind] = make(object)
	}
	root := object{"components": components, "paths": make(object), "x-webhooks": make(object)}
	f := &former{given: d, contract: r.contract, made: &Document{root: root}, words: words}
	f.operations(slices.Concat(r.Operations, ids(r.contract, "x-webhooks")))
	f.state("servers", f.servers(d.root["servers"]))
	f.state("security", f.security(d.root["security"], r.contract.root["security"]))
	f.tie()
	if words {
		from = r.contract.root
		root["tags"] = from["tags"]
	}
	root["openapi"], root["info"] = from["openapi"], from["info"]
	if info := maps.Clone(obj(from["info"])); info != nil {
		info["version"] = fmt.Sprint(at(d.root, "info", "version")) // 1.3 is a number in YAML
		root["info"] = info
	}
	for _, o := range []object{components, root} {
		maps.DeleteFunc(o, func(key string, value any) bool {
			return value == nil || key != "paths" && reflect.DeepEqual(value, object{})
		})
	}
	return f.made, d.err
}

// state says once for the document what it states and an operation too, or what the first one states; the others say what they
// state instead.
func (f *former) state(key string, value []any) {
	all := only(f.made.places(), func(p place) bool { return p.in == "paths" })
	same := func(p place) bool { return reflect.DeepEqual(p.op[key], any(value)) }
	if len(all) > 0 && !slices.ContainsFunc(all, same) {
		value = list(all[0].op[key])
	}
	if len(value) > 0 {
		f.made.root[key] = value
	}
	for _, p := range all {
		if same(p) {
			delete(p.op, key)
		}
	}
}

// place is where a document has an operation: at a path, or under the name of a webhook.
type place struct {
	in, name, method string // in paths or x-webhooks
	item, op         object
}

func (p place) id() string { return str(p.op["operationId"]) }

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// shape is the name without those of its parameters.
func (p place) shape() string { return placeholder.ReplaceAllString(p.name, "{}") }

// places returns the operations at paths, and then those of webhooks, sorted by name.
func (d *Document) places() (all []place) {
	for _, in := range []string{"paths", "x-webhooks"} {
		items := make(object)
		maps.Copy(items, obj(d.root[in]))
		for i, item := range list(d.root[in]) { // the vendor lists webhooks
			items[cmp.Or(str(at(item, "webhook")), strconv.Itoa(i))] = item
		}
		for _, name := range sorted(items) {
			item := obj(d.resolve(items[name]))
			for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
				if op := obj(item[method]); op != nil {
					all = append(all, place{in, name, method, item, op})
				}
			}
		}
	}
	return all
}

// ids returns the IDs of the operations at paths, or of webhooks.
func ids(d *Document, in string) (all []string) {
	for _, p := range d.places() {
		if p.in == in {
			all = append(all, p.id())
		}
	}
	return all
}

// operations takes the operations with these IDs, at the contract's paths. One that has another ID, or none, is known by its
// method and path.
func (f *former) operations(ids []string) {
	for _, id := range ids {
		hasID := func(p place) bool { return p.id() == id }
		was := append(only(f.contract.places(), hasID), place{in: "paths"})[0]
		there := only(f.given.places(), func(p place) bool { return p.in == was.in })
		found := only(there, hasID)
		if len(found) == 0 {
			found = only(there, func(p place) bool {
				return p.method == was.method && p.shape() == was.shape() && !slices.Contains(ids, p.id())
			})
		}
		if len(found) == 0 {
			continue
		}
		if len(found) > 1 {
			f.given.fail("the document has more than one operation %s", id)
		}
		p, name := found[0], found[0].name
		if p.shape() == was.shape() {
			name = was.name
		}
		items := obj(f.made.root[p.in])
		if !has(items, name) {
			items[name] = make(object)
		}
		op := f.operation(p, was, name)
		op["operationId"], obj(items[name])[p.method] = id, op
	}
}

// operation returns an operation with what its path and the document state for it. The parameters of its path have the names that
// they have in name.
func (f *former) operation(p, was place, name string) object {
	made := obj(f.object(p.op, was.op, "operation"))
	if parameters := f.parameters(p, was, name); len(parameters) > 0 {
		made["parameters"] = parameters
	}
	stated := func(key string, places ...object) any {
		i := slices.IndexFunc(places, func(o object) bool { return o[key] != nil })
		return append(places, nil)[max(i, 0)][key]
	}
	made["security"] = f.security(stated("security", p.op, p.item, f.given.root), stated("security", was.op, f.contract.root))
	if p.in == "paths" {
		made["servers"] = f.servers(stated("servers", p.op, p.item, f.given.root))
	}
	return made
}

// parameters returns the parameters of an operation and its path in the order of the contract, and then the rest.
func (f *former) parameters(p, was place, name string) (made []any) {
	var given []any // the operation's own come last, and win
	theirs, ours := placeholder.FindAllString(p.name, -1), placeholder.FindAllString(name, -1)
	for _, item := range slices.Concat(list(p.item["parameters"]), list(p.op["parameters"])) {
		own := maps.Clone(obj(f.given.resolve(item)))
		if i := slices.Index(theirs, "{"+str(own["name"])+"}"); own["in"] == "path" && i >= 0 {
			own["name"] = strings.Trim(ours[i], "{}")
		} else if own["in"] == "header" {
			own["name"] = canonical("headers", str(own["name"]))
		}
		given = append(slices.DeleteFunc(given, f.is(own)), own)
	}
	for _, prev := range list(was.op["parameters"]) {
		for _, own := range only(given, f.is(prev)) {
			made = append(made, f.part(own, prev, "parameters"))
		}
		given = slices.DeleteFunc(given, f.is(prev))
	}
	for _, own := range given {
		made = append(made, f.part(own, nil, "parameters"))
	}
	return made
}

// is reports for a parameter whether it is this one, which the contract may have as a component.
func (f *former) is(parameter any) func(any) bool {
	parameter = f.contract.resolve(parameter)
	return func(other any) bool {
		return at(parameter, "in") == at(other, "in") && at(parameter, "name") == at(other, "name")
	}
}

// servers returns servers with the defaults of their variables.
func (f *former) servers(given any) (made []any) {
	for _, server := range list(given) {
		o := make(object)
		maps.Copy(o, obj(server))
		maps.DeleteFunc(o, func(key string, _ any) bool { return key == "variables" || strings.HasPrefix(key, "x-") })
		o["url"] = placeholder.ReplaceAllStringFunc(str(o["url"]), func(name string) string {
			return fmt.Sprint(cmp.Or(at(server, "variables", strings.Trim(name, "{}"), "default"), any(name)))
		})
		made = append(made, o)
	}
	return made
}

// security returns security requirements, in which a scheme has the name that the contract gives to the same one in was.
func (f *former) security(given, was any) []any {
	made, known := []any{}, obj(at(f.contract.root, "components", "securitySchemes"))
	for _, alternative := range list(given) {
		all := make(object)
		for name, scopes := range obj(alternative) {
			scheme := f.given.resolve(at(f.given.root, "components", "securitySchemes", name))
			as := name
			for _, required := range list(was) {
				for other := range obj(required) {
					if !has(known, name) && describeScheme(known[other]) == describeScheme(scheme) {
						as = other
					}
				}
			}
			all[as] = scopes
			if scheme != nil {
				obj(at(f.made.root, "components", "securitySchemes"))[as] = f.object(scheme, known[as], "securitySchemes")
			}
		}
		made = append(made, all)
	}
	return slices.DeleteFunc(made, func(all any) bool { return len(made) == 1 && len(obj(all)) == 0 })
}

// only returns the items that keep chooses.
func only[T any](items []T, keep func(T) bool) (kept []T) {
	for _, item := range items {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	return kept
}
