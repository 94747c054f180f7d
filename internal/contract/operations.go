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

// normal returns our operations of a document, and its webhooks that the contract has, in the form of the contract. An operation
// that has another ID, or none, is known by its method and path.
func (r *Repository) normal(d *Document, words bool) (normal *Document, missing []string, err error) {
	f := &former{given: d, contract: r.contract, made: &Document{object{"components": make(object)}}, words: words}
	root := f.made.root
	root["paths"], missing = f.operations(d.root["paths"], r.contract.root["paths"], r.Operations)
	webhooks, hooks := d.root["x-webhooks"], make(object)
	for i, item := range list(webhooks) { // the vendor lists them
		hooks[cmp.Or(str(at(item, "webhook")), fmt.Sprint(i))] = item
		webhooks = hooks
	}
	var ids []string
	eachOperation(r.contract.root["x-webhooks"], func(_, _ string, op object) { ids = append(ids, str(op["operationId"])) })
	if hooks, _ = f.operations(webhooks, r.contract.root["x-webhooks"], ids); len(hooks) > 0 {
		root["x-webhooks"] = hooks
	}
	eachOperation(hooks, func(_, _ string, op object) { delete(op, "servers") })
	for len(f.later) > 0 && f.err == nil {
		next := f.later[0]
		f.later = f.later[1:]
		next()
	}
	stated := object{"servers": servers(list(d.root["servers"])), "security": f.security(list(d.root["security"]), list(r.contract.root["security"]))}
	for key, value := range stated { // for the whole document, and where an operation differs; or what all operations state
		var all []any
		eachOperation(root["paths"], func(_, _ string, op object) { all = append(all, op[key]) })
		if len(all) > 0 && !slices.ContainsFunc(all, func(other any) bool { return !reflect.DeepEqual(other, all[0]) }) {
			value = all[0]
		}
		if len(list(value)) > 0 {
			root[key] = value
		}
		eachOperation(root["paths"], func(_, _ string, op object) {
			if reflect.DeepEqual(op[key], value) {
				delete(op, key)
			}
		})
	}
	from := d.root
	if words {
		from = r.contract.root
		root["tags"] = from["tags"]
	}
	root["openapi"], root["info"] = from["openapi"], from["info"]
	if info := maps.Clone(obj(root["info"])); info != nil {
		info["version"] = fmt.Sprint(at(d.root, "info", "version")) // 1.3 is a number in YAML
		root["info"] = info
	}
	return f.made, missing, f.err
}

// place is where a document has an operation: at a path, or under the name of a webhook.
type place struct {
	name, method string
	item, op     object
}

func places(items any, follow func(any) any) []place {
	var all []place
	for _, name := range sorted(items) {
		item := follow(obj(items)[name])
		eachOperation(object{name: item}, func(_, method string, op object) {
			all = append(all, place{name, method, obj(item), op})
		})
	}
	return all
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// samePath reports whether two paths differ at most in what they call their parameters.
func samePath(a, b string) bool {
	return placeholder.ReplaceAllString(a, "{}") == placeholder.ReplaceAllString(b, "{}")
}

// operations returns the operations with these IDs, by path and method, under the contract's names.
func (f *former) operations(given, contract any, ids []string) (made object, missing []string) {
	there := places(given, func(item any) any { item, _ = f.follow(item); return item })
	known := places(contract, f.contract.resolve)
	made = make(object)
	for _, id := range ids {
		var was place
		hasID := func(p place) bool { return p.op["operationId"] == id }
		if i := slices.IndexFunc(known, hasID); i >= 0 {
			was = known[i]
		}
		i := slices.IndexFunc(there, hasID)
		if i >= 0 && slices.ContainsFunc(there[i+1:], hasID) {
			f.fail("the document has more than one operation %s", id)
		}
		if i < 0 {
			i = slices.IndexFunc(there, func(p place) bool {
				return p.method == was.method && samePath(p.name, was.name) && !slices.Contains(ids, str(p.op["operationId"]))
			})
		}
		if i < 0 {
			missing = append(missing, id)
			continue
		}
		name := there[i].name
		if samePath(name, was.name) {
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

// operation returns an operation with what its path and the document state for it. The names of its path's parameters become
// those in name.
func (f *former) operation(p, was place, name string) object {
	op := maps.Clone(p.op)
	var parameters []any // the operation's own come last, and win
	theirs, ours := placeholder.FindAllString(p.name, -1), placeholder.FindAllString(name, -1)
	for _, item := range slices.Concat(list(p.item["parameters"]), list(op["parameters"])) {
		value, _ := f.follow(item)
		own := maps.Clone(obj(value))
		if own["in"] == "header" {
			own["name"] = canonical("headers", str(own["name"]))
		} else if i := slices.Index(theirs, "{"+str(own["name"])+"}"); own["in"] == "path" && i >= 0 {
			own["name"] = strings.Trim(ours[i], "{}")
		}
		same := func(other any) bool { return own["in"] == at(other, "in") && own["name"] == at(other, "name") }
		parameters = append(slices.DeleteFunc(parameters, same), own)
	}
	if op["parameters"] = parameters; len(parameters) == 0 {
		delete(op, "parameters")
	}
	made := obj(f.object(op, was.op, operation))
	stated := func(from *Document, p place, key string) []any {
		for _, o := range []object{p.op, p.item, from.root} {
			if o[key] != nil {
				return list(o[key])
			}
		}
		return nil
	}
	made["servers"] = servers(stated(f.given, p, "servers"))
	made["security"] = f.security(stated(f.given, p, "security"), stated(f.contract, was, "security"))
	return made
}

// servers returns the addresses of servers, with the defaults of their variables.
func servers(given []any) []any {
	if len(given) == 0 {
		given = []any{object{"url": "/"}}
	}
	var made []any
	for _, server := range given {
		address := placeholder.ReplaceAllStringFunc(str(at(server, "url")), func(name string) string {
			return fmt.Sprint(cmp.Or(at(server, "variables", strings.Trim(name, "{}"), "default"), any(name)))
		})
		made = append(made, object{"url": address})
		if text := str(at(server, "description")); text != "" {
			obj(made[len(made)-1])["description"] = text
		}
	}
	return made
}

// security returns security requirements, in which a scheme has the name that the contract gives to the same one in was.
func (f *former) security(given, was []any) []any {
	made := []any{}
	known := at(f.contract.root, "components", string(securityScheme))
	for _, alternative := range given {
		all := make(object)
		for _, name := range sorted(alternative) {
			scheme, _ := f.follow(at(f.given.root, "components", string(securityScheme), name))
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
				f.add(securityScheme, as, f.object(scheme, obj(known)[as], securityScheme))
			}
		}
		made = append(made, all)
	}
	if !slices.ContainsFunc(made, func(all any) bool { return len(obj(all)) > 0 }) {
		return []any{}
	}
	return made
}
