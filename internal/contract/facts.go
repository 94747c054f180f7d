package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fact is something that a contract states and code depends on. What a contract lacks has no fact, or one that says so.
type Fact struct{ Key, Value string }

func (f Fact) String() string { return f.Key + ": " + f.Value }

// Facts returns what a normal document states, sorted by key: all but words, and whether a number is called a float, since prices
// are exact.
func (d *Document) Facts() []Fact {
	var facts []Fact
	add := func(value, key string, args ...any) { facts = append(facts, Fact{fmt.Sprintf(key, args...), value}) }
	for i, server := range list(d.root["servers"]) {
		add(str(at(server, "url")), "server %d", i+1)
	}
	for _, p := range d.places() {
		id := p.id()
		if p.in == "x-webhooks" {
			p.name = "webhook"
		}
		add(strings.ToUpper(p.method)+" "+p.name, "%s", id)
		if has(p.op, "servers") {
			add(urls(p.op), "%s server", id)
		}
		if has(p.op, "deprecated") {
			add("true", "%s deprecated", id)
		}
		security := p.op["security"]
		if security == nil {
			security = d.root["security"]
		}
		add(describeSecurity(security), "%s security", id)
		for _, parameter := range list(p.op["parameters"]) {
			add(d.describe(parameter), "%s parameter %v", id, at(d.resolve(parameter), "name"))
		}
		if has(p.op, "requestBody") {
			add(d.describe(p.op["requestBody"]), "%s request body", id)
		}
		for _, status := range sorted(p.op["responses"]) {
			response := d.resolve(at(p.op, "responses", status))
			add(d.describeContent(response), "%s %s", id, status)
			for _, name := range sorted(at(response, "headers")) {
				add(d.describe(at(response, "headers", name)), "%s %s header %s", id, status, name)
			}
		}
	}
	schemes := at(d.root, "components", "securitySchemes")
	for _, name := range sorted(schemes) {
		add(describeScheme(obj(schemes)[name]), "security %s", name)
	}
	schemas := at(d.root, "components", "schemas")
	for _, name := range sorted(schemas) {
		s := obj(obj(schemas)[name])
		for _, property := range sorted(s["properties"]) {
			add(d.describeProperty(s, property), "%s.%s", name, property)
		}
		if more := d.others(s, "nullable"); more != nil && s["type"] == "object" {
			add(strings.Join(more, ", "), "%s", name)
		}
	}
	slices.SortFunc(facts, func(a, b Fact) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) })
	return slices.Compact(facts)
}

// describe gives a parameter, a header, a body, a response or a schema in one line: by what it allows, and a schema of others by
// its name, if it has one.
func (d *Document) describe(value any) string {
	o, single := obj(d.resolve(value)), true
	for key := range parts["schemas"] {
		single = single && !has(o, key)
	}
	if name := component(value, "schemas"); name != "" && !single {
		return name + when(o["nullable"] == true, ", nullable")
	}
	text := when(has(o, "type"), fmt.Sprint(o["type"]))
	switch {
	case has(o, "properties"):
		var properties []string
		for _, name := range sorted(o["properties"]) {
			properties = append(properties, name+": "+d.describeProperty(o, name))
		}
		text += " {" + strings.Join(properties, "; ") + "}"
	case has(o, "items"):
		text += " of (" + d.describe(o["items"]) + ")"
	case has(o, "format") && text != "number":
		text += fmt.Sprint(" ", o["format"])
	}
	texts := []string{when(has(o, "in"), fmt.Sprint("in ", o["in"])), text}
	for _, choice := range []string{"oneOf", "anyOf", "allOf"} {
		var options []string
		for _, option := range list(o[choice]) {
			options = append(options, d.describe(option))
		}
		texts = append(texts, when(options != nil, choice[:3]+" of ("+strings.Join(options, " | ")+")"))
	}
	switch {
	case has(o, "schema"):
		texts = append(texts, d.describe(o["schema"]))
	case has(o, "content"), has(o, "headers"):
		texts = append(texts, d.describeContent(o))
	case strings.Join(texts, "") == "":
		texts = []string{"anything"}
	}
	texts = append(append(texts, d.others(o)...), when(o["required"] == true, "required"))
	return joined(texts, ", ")
}

func (d *Document) describeProperty(schema object, name string) string {
	return d.describe(at(schema, "properties", name)) + when(slices.Contains(list(schema["required"]), any(name)), ", required")
}

func (d *Document) describeContent(value any) string {
	var kinds []string
	for _, kind := range sorted(at(value, "content")) {
		kinds = append(kinds, kind+", "+d.describe(at(value, "content", kind, "schema")))
	}
	return cmp.Or(strings.Join(kinds, "; "), "no content")
}

func describeSecurity(security any) string {
	var alternatives []string
	for _, alternative := range list(security) {
		var all []string
		for _, name := range sorted(alternative) {
			all = append(all, strings.Join(append([]string{name}, texts(at(alternative, name))...), " "))
		}
		alternatives = append(alternatives, cmp.Or(strings.Join(all, " and "), "none"))
	}
	return cmp.Or(strings.Join(alternatives, " or "), "none")
}

func describeScheme(scheme any) string {
	texts := []string{fmt.Sprint(at(scheme, "type")), strings.ToLower(str(at(scheme, "scheme")))}
	if has(scheme, "in") {
		texts = append(texts, fmt.Sprintf("in %v %v", at(scheme, "in"), at(scheme, "name")))
	}
	for _, key := range []string{"flows", "openIdConnectUrl"} {
		texts = append(texts, when(has(scheme, key), fmt.Sprint(at(scheme, key))))
	}
	return joined(texts, " ")
}

// others describes all members of a schema or parameter but words, those named, and those that are described apart.
func (d *Document) others(o object, described ...string) (made []string) {
	described = slices.Concat(described, words, []string{"type", "format", "properties", "required", "items", "oneOf", "anyOf", "allOf",
		"in", "name", "schema", "content", "headers"})
	first := []string{"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "enum", "default", "nullable"}
	rest := slices.DeleteFunc(sorted(o), func(key string) bool { return slices.Contains(first, key) })
	for _, key := range slices.Concat(first, rest) {
		text := ""
		switch {
		case !has(o, key), slices.Contains(described, key), key == "explode" && o[key] == true:
			continue
		case o[key] == true:
		case parts["schemas"][key] != "" && obj(o[key]) != nil:
			text = " (" + d.describe(o[key]) + ")"
		case list(o[key]) != nil:
			text = " " + strings.Join(texts(o[key]), " ")
		default:
			text = fmt.Sprint(" ", o[key])
		}
		made = append(made, key+text)
	}
	return made
}

// texts gives the same list in any order.
func texts(values any) (all []string) {
	for _, value := range list(values) {
		all = append(all, fmt.Sprint(value))
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) // 3 before 10
	return all
}

// joined leaves out what is empty.
func joined(texts []string, by string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), by)
}

func when(condition bool, text string) string {
	if !condition {
		return ""
	}
	return text
}
