package contract

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// normal returns our operations of a document, and its webhooks that the contract has, in the form of the contract.
func (r *Repository) normal(d *Document, words bool) *Document {
	n := &normalizer{given: d, contract: r.Contract, words: words, names: make(map[string]string)}
	for known := -1; known < len(n.names); { // until no name is learned that also what is new can refer to
		known, n.objects = len(n.names), 0
		n.made = &Document{root: object{"paths": make(object)}}
		for _, id := range r.Operations {
			n.operation("paths", id)
		}
		for _, p := range r.Contract.places("x-webhooks") {
			n.operation("x-webhooks", p.id())
		}
	}
	root, from := n.made.root, d.root
	n.hoist("servers")
	n.hoist("security")
	schemes := []string{"components", "securitySchemes"}
	for name, scheme := range obj(at(d.root, schemes...)) {
		was := at(r.Contract.root, append(schemes, name)...)
		in(root, schemes...)[name] = n.object(d.resolve(scheme), was, "securitySchemes")
	}
	if words {
		from = r.Contract.root
		root["tags"] = from["tags"]
	}
	root["openapi"], root["info"] = from["openapi"], except(obj(from["info"]))
	in(root, "info")["version"] = fmt.Sprint(at(d.root, "info", "version")) // 1.3 is a number in YAML
	n.made.err = d.err
	return n.made
}

// hoist states for the document what most operations state, and for the others what they state instead.
func (n *normalizer) hoist(key string) {
	all := n.made.places("paths")
	for _, p := range all {
		same := only(all, func(other place) bool { return reflect.DeepEqual(p.op[key], other.op[key]) })
		if usual := p.op[key]; usual != nil && len(same) > len(all)/2 {
			n.made.root[key] = usual
			for _, p := range same {
				delete(p.op, key)
			}
		}
	}
}

// place is where a document has an operation: at a path, or under the name of a webhook.
type place struct {
	where, name, method string
	item, op            object
}

func (p place) id() string { return str(p.op["operationId"]) }

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// shape is the name without those of its parameters.
func (p place) shape() string { return placeholder.ReplaceAllString(p.name, "{}") }

// places returns the operations at paths, or of webhooks, sorted by name.
func (d *Document) places(where string) (all []place) {
	items := make(object)
	maps.Copy(items, obj(d.root[where]))
	for i, item := range list(d.root[where]) { // the vendor lists webhooks
		items[cmp.Or(str(at(item, "webhook")), strconv.Itoa(i))] = item
	}
	for _, name := range sorted(items) {
		item := obj(d.resolve(items[name]))
		for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
			if op := obj(item[method]); op != nil {
				all = append(all, place{where, name, method, item, op})
			}
		}
	}
	return all
}

// ids returns the IDs of the operations at paths.
func (d *Document) ids() (all []string) {
	for _, p := range d.places("paths") {
		all = append(all, p.id())
	}
	return all
}

// operation takes the operation with this ID, at the contract's path. One that has an ID of no other is known by its method and
// path.
func (n *normalizer) operation(where, id string) {
	hasID := func(p place) bool { return p.id() == id }
	was := append(only(n.contract.places(where), hasID), place{})[0]
	found := only(n.given.places(where), hasID)
	if len(found) == 0 {
		found = only(n.given.places(where), func(p place) bool {
			return p.method == was.method && p.shape() == was.shape() && !slices.Contains(n.contract.ids(), p.id())
		})
	}
	if len(found) == 0 {
		return
	}
	if len(found) > 1 {
		n.given.fail("the document has more than one operation %s", id)
	}
	p, name := found[0], found[0].name
	if p.shape() == was.shape() {
		name = was.name // with its names of parameters
	}
	n.within = []string{id}
	op := maps.Clone(p.op)
	op["operationId"], op["parameters"] = id, n.parameters(p, was, name)
	op["security"] = cmp.Or(p.op["security"], p.item["security"], n.given.root["security"], any([]any{}))
	delete(op, "servers")
	if where == "paths" { // who receives a webhook has an address
		stated := []any{p.op["servers"], p.item["servers"], n.given.root["servers"], []any{object{"url": "/"}}}
		op["servers"] = only(stated, func(servers any) bool { return len(list(servers)) > 0 })[0]
	}
	in(n.made.root, where, name)[p.method] = n.object(op, was.op, "operation")
}

// parameters returns the parameters of an operation and its path in the order of the contract, and then the rest. Those of the
// path have the names that they have in name.
func (n *normalizer) parameters(p, was place, name string) (made []any) {
	key := func(o any) string { return fmt.Sprint(at(o, "in"), " ", cmp.Or(at(o, "name"), o)) } // or no name
	var order []string
	given, prev := make(object), make(object)
	for _, item := range list(was.op["parameters"]) {
		order = append(order, key(n.contract.resolve(item)))
		prev[order[len(order)-1]] = item
	}
	theirs, ours := placeholder.FindAllString(p.name, -1), placeholder.FindAllString(name, -1)
	for _, item := range slices.Concat(list(p.item["parameters"]), list(p.op["parameters"])) { // the operation's own win
		value := n.given.resolve(item)
		if o := maps.Clone(obj(value)); o != nil {
			if i := slices.Index(theirs, "{"+str(o["name"])+"}"); o["in"] == "path" && i >= 0 {
				o["name"] = strings.Trim(ours[i], "{}")
			} else if o["in"] == "header" {
				o["name"] = http.CanonicalHeaderKey(str(o["name"]))
			}
			value = o
		}
		order = append(order, key(value))
		given[key(value)] = value
	}
	for _, key := range order {
		if has(given, key) {
			made = append(made, n.part("a parameter", given[key], prev[key], "parameters"))
			delete(given, key)
		}
	}
	return made
}

// only returns the items that keep chooses.
func only[T any](items []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(items), func(item T) bool { return !keep(item) })
}
