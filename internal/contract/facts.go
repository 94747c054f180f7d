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
	for _, p := range slices.Concat(places(d.root["paths"], d.resolve), places(d.root["x-webhooks"], d.resolve)) {
		id := str(p.op["operationId"])
		if !strings.HasPrefix(p.name, "/") {
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
			parameter = d.resolve(parameter)
			add(d.describe(parameter), "%s parameter %v", id, at(parameter, "name"))
		}
		if has(p.op, "requestBody") {
			add(d.describe(d.resolve(p.op["requestBody"])), "%s request body", id)
		}
		for _, status := range sorted(p.op["responses"]) {
			response := d.resolve(at(p.op, "responses", status))
			add(d.describeContent(at(response, "content")), "%s %s", id, status)
			for _, name := range sorted(at(response, "headers")) {
				add(d.describe(d.resolve(at(response, "headers", name))), "%s %s header %s", id, status, name)
			}
		}
	}
	schemes := at(d.root, "components", "securitySchemes")
	for _, name := range sorted(schemes) {
		add(describeScheme(obj(schemes)[name]), "security %s", name)
	}
	schemas := at(d.root, "components", "schemas")
	for _, name := range sorted(schemas) {
		s := obj(schemas)[name]
		for _, property := range sorted(at(s, "properties")) {
			add(d.describeSchema(at(s, "properties", property))+when(requires(s, property), ", required"), "%s.%s", name, property)
		}
		if more := d.others(obj(s), "nullable"); more != "" && at(s, "type") == "object" {
			add(more[len(", "):], "%s", name)
		}
	}
	slices.SortFunc(facts, func(a, b Fact) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) })
	return slices.Compact(facts)
}

// describe gives a parameter, a header, a request body, a response or a schema without its name in one line.
func (d *Document) describe(value any) string {
	o := obj(value)
	switch {
	case has(o, "headers"):
		return d.describeContent(o["content"]) + fmt.Sprint(o["headers"])
	case !has(o, "schema") && !has(o, "content"):
		return d.describeSchema(value) + describeList("required", o["required"])
	case has(o, "content"):
		return d.describeContent(o["content"]) + when(o["required"] == true, ", required")
	}
	return when(has(o, "in"), fmt.Sprintf("in %v, ", o["in"])) + d.describeSchema(o["schema"]) +
		when(has(o, "style"), fmt.Sprintf(", style %v", o["style"])) + when(o["explode"] == false, ", explode false") +
		d.others(o, "in", "name", "style", "explode", "schema", "required") + when(o["required"] == true, ", required")
}

func (d *Document) describeContent(content any) string {
	var kinds []string
	for _, kind := range sorted(content) {
		kinds = append(kinds, kind+", "+d.describeSchema(at(content, kind, "schema")))
	}
	return cmp.Or(strings.Join(kinds, "; "), "no content")
}

func describeSecurity(security any) string {
	var alternatives []string
	for _, alternative := range list(security) {
		var all []string
		for _, name := range sorted(alternative) {
			all = append(all, strings.TrimSpace(name+strings.ReplaceAll(describeList("", at(alternative, name)), ", ", "")))
		}
		alternatives = append(alternatives, cmp.Or(strings.Join(all, " and "), "none"))
	}
	return cmp.Or(strings.Join(alternatives, " or "), "none")
}

func describeScheme(scheme any) string {
	text := fmt.Sprint(at(scheme, "type"))
	if in := at(scheme, "in"); in != nil {
		text += fmt.Sprintf(" in %v %v", in, at(scheme, "name"))
	}
	for _, key := range []string{"scheme", "flows", "openIdConnectUrl"} {
		text += when(has(scheme, key), strings.ToLower(fmt.Sprint(" ", at(scheme, key))))
	}
	return text
}

// describeSchema gives a schema in one line: one that has a name by its name, unless it is a single value, and everything else by
// what it allows.
func (d *Document) describeSchema(value any) string {
	s := obj(d.resolve(value))
	text := when(has(s, "type"), fmt.Sprint(s["type"]))
	switch name := component(value, "schemas"); {
	case value == nil:
		return "no schema"
	case name != "" && !slices.Contains([]string{"string", "integer", "number", "boolean"}, text):
		return name + when(s["nullable"] == true, ", nullable")
	case has(s, "properties"):
		var properties []string
		for _, name := range sorted(s["properties"]) {
			properties = append(properties, name+": "+d.describeSchema(at(s, "properties", name))+when(requires(s, name), ", required"))
		}
		text += " {" + strings.Join(properties, "; ") + "}"
	case has(s, "format") && text != "number":
		text += fmt.Sprint(" ", s["format"])
	case has(s, "items"):
		text += " of (" + d.describeSchema(s["items"]) + ")"
	}
	for _, choice := range []string{"oneOf", "anyOf", "allOf"} {
		var options []string
		for _, option := range list(s[choice]) {
			options = append(options, d.describeSchema(option))
		}
		text += when(options != nil, when(text != "", ", ")+strings.ToLower(choice[:3])+" of ("+strings.Join(options, " | ")+")")
	}
	return cmp.Or(text, "anything") + d.others(s)
}

func requires(schema any, property string) bool {
	return slices.Contains(list(at(schema, "required")), any(property))
}

// others describes all members of a schema or parameter but words, and those that are described already.
func (d *Document) others(o object, described ...string) string {
	described = append(described, "type", "format", "properties", "required", "items", "oneOf", "anyOf", "allOf")
	first := []string{"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "enum", "default", "nullable"}
	rest := slices.DeleteFunc(sorted(o), func(key string) bool { return slices.Contains(first, key) })
	text := ""
	for _, key := range slices.Concat(first, rest) {
		if !has(o, key) || slices.Contains(described, key) || slices.Contains(words, key) {
			continue
		}
		switch value := o[key].(type) {
		case object:
			text += ", " + key + " (" + d.describeSchema(value) + ")"
		case []any:
			text += describeList(key, value)
		default:
			text += strings.TrimSuffix(fmt.Sprint(", ", key, " ", value), " true")
		}
	}
	return text
}

// describeList gives a list the same description in any order.
func describeList(name string, values any) string {
	var texts []string
	for _, value := range list(values) {
		texts = append(texts, fmt.Sprint(value))
	}
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) // 3 before 10
	return when(len(texts) > 0, ", "+name+" "+strings.Join(texts, " "))
}

func when(condition bool, text string) string {
	if !condition {
		return ""
	}
	return text
}
