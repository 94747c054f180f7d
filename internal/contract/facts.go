package contract

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Fact is something that a contract states and code depends on. What a contract lacks has no fact, or one that says so.
type Fact struct{ Key, Value string }

func (f Fact) String() string { return f.Key + ": " + f.Value }

// FactsOf returns the facts of a contract, sorted by key. It says the same of documents that mean the same: it follows
// references, sorts enums, and leaves out words, examples, and whether a number is called a float, since prices are exact.
func FactsOf(doc *openapi3.T) []Fact {
	var facts []Fact
	add := func(key, format string, args ...any) { facts = append(facts, Fact{key, fmt.Sprintf(format, args...)}) }
	for i, server := range doc.Servers {
		add(fmt.Sprintf("server %d", i+1), "%s", server.URL)
	}
	for url, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			id := op.OperationID
			add(id, "%s %s", method, url)
			for _, servers := range []*openapi3.Servers{&item.Servers, op.Servers} {
				if servers != nil && len(*servers) > 0 {
					add(id+" server", "%s", (*servers)[0].URL)
				}
			}
			add(id+" security", "%s", describeSecurity(cmp.Or(op.Security, &doc.Security)))
			for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
				facts = append(facts, parameterFact(id, ref.Value))
			}
			if op.RequestBody != nil {
				add(id+" request body", "%s", describeContent(op.RequestBody.Value.Content))
			}
			for status, ref := range op.Responses.Map() {
				facts = append(facts, responseFacts(id+" "+status, ref.Value)...)
			}
		}
	}
	if components := doc.Components; components != nil {
		for name, scheme := range components.SecuritySchemes {
			add("security "+name, "%s %s", scheme.Value.Type, scheme.Value.Scheme)
		}
		for name, ref := range components.Schemas {
			for property, schema := range ref.Value.Properties {
				add(name+"."+property, "%s%s", describe(schema), when(slices.Contains(ref.Value.Required, property), ", required"))
			}
		}
	}
	slices.SortFunc(facts, func(a, b Fact) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) })
	return slices.Compact(facts)
}

func parameterFact(id string, p *openapi3.Parameter) Fact {
	return Fact{id + " parameter " + p.Name, "in " + p.In + ", " + describe(p.Schema) +
		when(p.Style != "", ", style "+p.Style) + when(p.Required, ", required")}
}

func responseFacts(key string, response *openapi3.Response) []Fact {
	facts := []Fact{{key, describeContent(response.Content)}}
	for header, h := range response.Headers {
		facts = append(facts, Fact{key + " header " + header, describe(h.Value.Schema) + when(h.Value.Required, ", required")})
	}
	return facts
}

func describeContent(content openapi3.Content) string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		kinds = append(kinds, kind+", "+describe(content[kind].Schema))
	}
	return cmp.Or(strings.Join(kinds, "; "), "no content")
}

func describeSecurity(security *openapi3.SecurityRequirements) string {
	var alternatives []string
	if security != nil {
		for _, requirement := range *security {
			alternatives = append(alternatives, cmp.Or(strings.Join(slices.Sorted(maps.Keys(requirement)), " and "), "none"))
		}
	}
	return cmp.Or(strings.Join(alternatives, " or "), "none")
}

// describe gives a schema in one line: an object that has a name by its name, everything else by what it allows.
func describe(ref *openapi3.SchemaRef) string {
	if ref == nil || ref.Value == nil {
		return "no schema"
	}
	s := ref.Value
	text := strings.Join(s.Type.Slice(), " or ")
	switch {
	case ref.Ref != "" && s.Type.Is("object"):
		text = path.Base(ref.Ref)
	case s.Format != "" && !s.Type.Is("number"):
		text += " " + s.Format
	}
	if s.Items != nil {
		text += " of (" + describe(s.Items) + ")"
	}
	return text + limit("minimum", s.Min) + limit("maximum", s.Max) +
		when(s.MinLength > 0, fmt.Sprintf(", minLength %d", s.MinLength)) + limit("maxLength", s.MaxLength) +
		when(s.MinItems > 0, fmt.Sprintf(", minItems %d", s.MinItems)) + limit("maxItems", s.MaxItems) +
		when(s.Pattern != "", ", pattern "+s.Pattern) + describeEnum(s.Enum) +
		when(s.Default != nil, fmt.Sprintf(", default %v", s.Default)) + when(s.Nullable, ", nullable")
}

func describeEnum(values []any) string {
	if values == nil {
		return ""
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) // 3 before 10
	return ", enum " + strings.Join(texts, " ")
}

func limit[T any](name string, value *T) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf(", %s %v", name, *value)
}

func when(condition bool, text string) string {
	if !condition {
		return ""
	}
	return text
}
