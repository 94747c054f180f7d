package contract

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// normal returns our operations of a document, and its webhooks that the contract has, in the form of the contract.
func (r *Repository) normal(d *Document, words bool) (normal *Document, missing []string, err error) {
	components := object{"securitySchemes": make(object)}
	for kind := range parts {
		components[kind] = make(object)
	}
	from, root := d.root, object{"components": components}
	f := &former{given: d, contract: r.contract, made: &Document{root}, words: words}
	var hookIDs []string
	for _, p := range places(r.contract.root["x-webhooks"], nil) {
		hookIDs = append(hookIDs, str(p.op["operationId"]))
	}
	webhooks, byName := d.root["x-webhooks"], make(object)
	for i, item := range list(webhooks) { // the vendor lists them
		byName[cmp.Or(str(at(item, "webhook")), fmt.Sprint(i))] = item
		webhooks = byName
	}
	root["paths"], missing = f.operations(d.root["paths"], r.contract.root["paths"], r.Operations)
	root["x-webhooks"], _ = f.operations(webhooks, r.contract.root["x-webhooks"], hookIDs)
	for _, p := range places(root["x-webhooks"], nil) {
		delete(p.op, "servers")
	}
	for len(f.later) > 0 && f.err == nil {
		next := f.later[0]
		f.later = f.later[1:]
		next()
	}
	f.state("servers", servers(list(d.root["servers"])))
	f.state("security", f.security(list(d.root["security"]), list(r.contract.root["security"])))
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
	return f.made, missing, f.err
}

// state says what all operations state once for the document, or what the document states, and what an operation states instead.
func (f *former) state(key string, value []any) {
	all := places(f.made.root["paths"], nil)
	differs := func(p place) bool { return !reflect.DeepEqual(p.op[key], all[0].op[key]) }
	if len(all) > 0 && !slices.ContainsFunc(all, differs) {
		value = list(all[0].op[key])
	}
	if len(value) > 0 {
		f.made.root[key] = value
	}
	for _, p := range all {
		if reflect.DeepEqual(p.op[key], any(value)) {
			delete(p.op, key)
		}
	}
}

// place is where a document has an operation: at a path, or under the name of a webhook.
type place struct {
	name, method string
	item, op     object
}

// places returns the operations of paths, or of webhooks, sorted by name.
func places(items any, follow func(any) any) (all []place) {
	for _, name := range sorted(items) {
		item := obj(items)[name]
		if follow != nil {
			item = follow(item)
		}
		for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
			if op := obj(at(item, method)); op != nil {
				all = append(all, place{name, method, obj(item), op})
			}
		}
	}
	return all
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// operations returns the operations with these IDs, by path and method, under the contract's names. One that has another ID, or
// none, is known by its method and path.
func (f *former) operations(given, contract any, ids []string) (made object, missing []string) {
	there := places(given, func(item any) any { item, _ = f.follow(item); return item })
	made = make(object)
	for _, id := range ids {
		hasID := func(p place) bool { return p.op["operationId"] == id }
		var was place
		for _, p := range places(contract, nil) {
			if hasID(p) {
				was = p
			}
		}
		samePath := func(p place) bool {
			return placeholder.ReplaceAllString(p.name, "{}") == placeholder.ReplaceAllString(was.name, "{}")
		}
		unknown := func(p place) bool {
			return p.method == was.method && samePath(p) && !slices.Contains(ids, str(p.op["operationId"]))
		}
		i := slices.IndexFunc(there, hasID)
		if i < 0 {
			i = slices.IndexFunc(there, unknown)
		} else if slices.ContainsFunc(there[i+1:], hasID) {
			f.fail("the document has more than one operation %s", id)
		}
		if i < 0 {
			missing = append(missing, id)
			continue
		}
		name := there[i].name
		if samePath(there[i]) {
			name = was.name
		}
		op := f.operation(there[i], was, name)
		op["operationId"] = id
		if !has(made, name) {
			made[name] = make(object)
		}
		obj(made[name])[there[i].method] = op
	}
	return made, missing
}

// operation returns an operation with what its path and the document state for it. The parameters of its path have the names that
// they have in name.
func (f *former) operation(p, was place, name string) object {
	op, parameters := maps.Clone(p.op), []any{} // the operation's own come last, and win
	theirs, ours := placeholder.FindAllString(p.name, -1), placeholder.FindAllString(name, -1)
	for _, item := range slices.Concat(list(p.item["parameters"]), list(op["parameters"])) {
		value, _ := f.follow(item)
		own := maps.Clone(obj(value))
		if i := slices.Index(theirs, "{"+str(own["name"])+"}"); own["in"] == "path" && i >= 0 {
			own["name"] = strings.Trim(ours[i], "{}")
		} else if own["in"] == "header" {
			own["name"] = canonical("headers", str(own["name"]))
		}
		parameters = append(slices.DeleteFunc(parameters, func(other any) bool { return sameParameter(own, other) }), own)
	}
	op["parameters"] = parameters
	made := obj(f.object(op, was.op, "operation"))
	stated := func(key string, places ...object) []any {
		i := slices.IndexFunc(places, func(o object) bool { return o[key] != nil })
		return list(slices.Concat(places, []object{nil})[max(i, 0)][key])
	}
	made["servers"] = servers(stated("servers", p.op, p.item, f.given.root))
	made["security"] = f.security(stated("security", p.op, p.item, f.given.root), stated("security", was.op, f.contract.root))
	return made
}

// servers returns servers with the defaults of their variables.
func servers(given []any) (made []any) {
	for _, server := range given {
		o := maps.Clone(obj(server))
		o["url"] = placeholder.ReplaceAllStringFunc(str(o["url"]), func(name string) string {
			return fmt.Sprint(cmp.Or(at(server, "variables", strings.Trim(name, "{}"), "default"), any(name)))
		})
		delete(o, "variables")
		maps.DeleteFunc(o, func(key string, _ any) bool { return strings.HasPrefix(key, "x-") })
		made = append(made, o)
	}
	return made
}

// security returns security requirements, in which a scheme has the name that the contract gives to the same one in was.
func (f *former) security(given, was []any) []any {
	made := []any{}
	known := at(f.contract.root, "components", "securitySchemes")
	for _, alternative := range given {
		all := make(object)
		for _, name := range sorted(alternative) {
			scheme, _ := f.follow(at(f.given.root, "components", "securitySchemes", name))
			as := name
			for _, required := range was {
				for _, other := range sorted(required) {
					if !has(known, name) && describeScheme(obj(known)[other]) == describeScheme(scheme) {
						as = other
					}
				}
			}
			all[as] = obj(alternative)[name]
			if scheme != nil {
				obj(at(f.made.root, "components", "securitySchemes"))[as] = f.object(scheme, obj(known)[as], "securitySchemes")
			}
		}
		made = append(made, all)
	}
	return slices.DeleteFunc(made, func(all any) bool { return len(made) == 1 && len(obj(all)) == 0 })
}
