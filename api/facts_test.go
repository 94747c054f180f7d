package api_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// factsOf states what the rest of the module takes for granted about a contract, one fact a line, so that two contracts
// can be compared and the difference can be read. What a contract lacks has no line, or one that says so.
func factsOf(doc *openapi3.T) []string {
	var facts []string
	add := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	add("OpenAPI %s", doc.OpenAPI)
	for i, server := range doc.Servers {
		add("server %d: %s", i+1, server.URL)
	}
	for _, requirement := range doc.Security {
		add("security: %s", strings.Join(slices.Sorted(maps.Keys(requirement)), " and "))
	}
	for url, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			add("%s: %s %s", op.OperationID, method, url)
			facts = append(facts, operationFacts(op)...)
		}
	}
	if components := doc.Components; components != nil {
		for name, scheme := range components.SecuritySchemes {
			add("%s: %s %s", name, scheme.Value.Type, scheme.Value.Scheme)
		}
		for _, name := range []string{"Message", "CancelledMessage", "ErrorResponse"} {
			facts = append(facts, schemaFacts(name, components.Schemas[name])...)
		}
	}
	slices.Sort(facts)
	return slices.Compact(facts) // operations share their error responses
}

func operationFacts(op *openapi3.Operation) []string {
	var facts []string
	add := func(name, format string, args ...any) {
		facts = append(facts, name+": "+fmt.Sprintf(format, args...))
	}
	if op.Security != nil {
		add(op.OperationID, "its own security")
	}
	for i, ref := range op.Parameters {
		p := ref.Value
		add(op.OperationID, "parameter %d, %s in %s: %s%s%s%s", i+1, p.Name, p.In, describe(p.Schema),
			when(p.Style != "", ", style "+p.Style), when(p.Required, ", required"), when(p.Example != nil, ", with an example"))
	}
	for status, ref := range op.Responses.Map() {
		name := op.OperationID + " " + status
		if ref.Ref != "" {
			add(name, "%s", path.Base(ref.Ref))
			name = path.Base(ref.Ref)
		}
		for header, h := range ref.Value.Headers {
			add(name, "header %s: %s%s%s", header, describe(h.Value.Schema),
				when(h.Value.Required, ", required"), when(h.Value.Example != nil, ", with an example"))
		}
		for kind, content := range ref.Value.Content {
			add(name, "%s: %s%s", kind, describe(content.Schema), describeExample(content.Example))
		}
	}
	return facts
}

func schemaFacts(name string, ref *openapi3.SchemaRef) []string {
	if ref == nil || ref.Value == nil {
		return nil
	}
	var facts []string
	for property, schema := range ref.Value.Properties {
		facts = append(facts, name+"."+property+": "+describe(schema))
	}
	for _, property := range ref.Value.Required {
		facts = append(facts, name+"."+property+": required")
	}
	return facts
}

// describe gives a schema in one line: an object that has a name by its name, everything else by what it allows.
func describe(ref *openapi3.SchemaRef) string {
	if ref == nil || ref.Value == nil {
		return "no schema"
	}
	s := ref.Value
	text := strings.TrimSpace(strings.Join(s.Type.Slice(), " or ") + " " + s.Format)
	if ref.Ref != "" && s.Type.Is("object") {
		text = path.Base(ref.Ref)
	}
	if s.Items != nil {
		text += " of (" + describe(s.Items) + ")"
	}
	return text + limit("minimum", s.Min) + limit("maximum", s.Max) +
		when(s.MinLength > 0, fmt.Sprintf(", minLength %d", s.MinLength)) + limit("maxLength", s.MaxLength) +
		when(s.MinItems > 0, fmt.Sprintf(", minItems %d", s.MinItems)) + limit("maxItems", s.MaxItems) +
		when(s.Pattern != "", ", pattern "+s.Pattern) + when(s.Enum != nil, fmt.Sprintf(", enum %v", s.Enum)) +
		when(s.Default != nil, fmt.Sprintf(", default %v", s.Default)) + when(s.Nullable, ", nullable")
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

// describeExample tells of a problem in which range its status is.
func describeExample(example any) string {
	if example == nil {
		return ""
	}
	if problem, ok := example.(map[string]any); ok && problem["status"] != nil {
		return ", with an example of a " + fmt.Sprint(problem["status"])[:1] + "xx"
	}
	return ", with an example"
}

// differences says which facts a contract no longer states, and which it states instead of them or in addition.
func differences(want, got []string) string {
	facts := slices.Concat(want, got)
	slices.Sort(facts)
	var b strings.Builder
	for _, fact := range slices.Compact(facts) {
		switch {
		case !slices.Contains(got, fact):
			b.WriteString("no longer: " + fact + "\n")
		case !slices.Contains(want, fact):
			b.WriteString("now:       " + fact + "\n")
		}
	}
	return b.String()
}
