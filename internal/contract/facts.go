package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Facts returns what a normal document states and code depends on, by key: all but words. What a contract lacks has no fact.
func (d *Document) Facts() map[string]string { return d.facts(d.root["servers"]) }

// facts returns the facts with other servers: the contract has some of its own.
func (d *Document) facts(servers any) map[string]string {
	facts := make(map[string]string)
	add := func(key string, states ...string) { // parameters of one name may be in different places
		facts[key] = strings.TrimPrefix(facts[key]+", "+cmp.Or(strings.Join(states, ", "), "anything"), ", ")
	}
	for i, server := range list(servers) {
		add(fmt.Sprintf("server %d", i+1), str(at(server, "url")))
	}
	for _, p := range slices.Concat(d.places("paths"), d.places("x-webhooks")) {
		id, name := p.id(), map[bool]string{true: p.name, false: "webhook"}[p.where == "paths"]
		add(id, append([]string{strings.ToUpper(p.method) + " " + name},
			states(object{"deprecated": p.op["deprecated"], "servers": p.op["servers"]})...)...)
		add(id+" security", d.security(cmp.Or(p.op["security"], d.root["security"])))
		for _, parameter := range list(p.op["parameters"]) {
			o := obj(d.resolve(parameter))
			add(fmt.Sprint(id, " parameter ", o["name"]), states(except(o, "name"))...)
		}
		if has(p.op, "requestBody") {
			add(id+" request body", states(d.resolve(p.op["requestBody"]))...)
		}
		for status, response := range obj(p.op["responses"]) {
			o := obj(d.resolve(response))
			add(id+" "+status, states(except(o, "headers"))...)
			for name, header := range obj(o["headers"]) {
				add(id+" "+status+" header "+name, states(d.resolve(header))...)
			}
		}
	}
	for name, schema := range obj(at(d.root, "components", "schemas")) {
		add(name, states(except(obj(schema), "properties"))...)
		for property, value := range obj(at(schema, "properties")) {
			add(name+"."+property, states(value)...)
		}
	}
	return facts
}

var (
	leading  = []string{"type", "in", "format", "schema", "minimum", "maximum"}
	nameless = []string{"type", "format", "schema", "content", "scheme"} // what they state is plain without their names
)

// states lists what a part of a normal document states, but words: each value after the names that lead to it. A component is
// stated by its name.
func states(part any) []string { return state(part, "", "") }

func state(value any, path, of string) (all []string) {
	below := func(key string) string { return strings.TrimPrefix(path+" "+key, " ") }
	if ref := str(at(value, "$ref")); ref != "" {
		return []string{below(ref[strings.LastIndex(ref, "/")+1:])}
	}
	switch v := value.(type) {
	case nil:
		return nil
	case object:
		isNames := slices.Contains(named, of)
		for _, key := range slices.Concat(leading, without(sorted(v), leading)) {
			to := below(key)
			if slices.Contains(nameless, key) && !isNames && list(v[key]) == nil {
				to = path
			}
			if isNames || !isWord(key) {
				all = append(all, state(v[key], to, key)...)
			}
		}
	case []any:
		if strings.HasSuffix(of, "Of") { // their order means nothing
			v = slices.SortedStableFunc(slices.Values(v), func(a, b any) int { return slices.Compare(states(a), states(b)) })
		}
		for i, item := range v {
			if obj(item) == nil && list(item) == nil { // these are a set
				all = append(all, below(scalar(item)))
			} else {
				all = append(all, state(item, below(strconv.Itoa(i+1)), "")...)
			}
		}
	default:
		if v != true || path == "" {
			path = below(scalar(v))
		}
		return []string{path}
	}
	if all == nil && path != "" {
		all = []string{path}
	}
	return all
}

// scalar quotes a string that otherwise reads like a number, true, false or null.
func scalar(v any) string {
	if s := str(v); json.Valid([]byte(s)) {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}

// security says what a request has to bring, in each way that is allowed.
func (d *Document) security(ways any) string {
	var texts []string
	for _, way := range list(ways) {
		var all []string
		for _, name := range sorted(way) {
			scheme := states(at(d.root, "components", "securitySchemes", name))
			all = append(all, cmp.Or(strings.Join(append(scheme, states(at(way, name))...), " "), name))
		}
		texts = append(texts, cmp.Or(strings.Join(all, " and "), "none"))
	}
	slices.Sort(texts)
	return cmp.Or(strings.Join(texts, " or "), "none")
}

// except returns an object without some of its members.
func except(o object, keys ...string) object {
	rest := make(object)
	for _, key := range without(sorted(o), keys) {
		rest[key] = o[key]
	}
	return rest
}
