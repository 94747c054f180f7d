package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Expected are the facts that code depends on, as api/facts.txt lists them.
type Expected struct {
	Facts []Fact
	files map[string]string // by key of a fact: the files with the code that depends on it
}

// ParseExpected reads api/facts.txt: a line that ends in a colon names files, and the indented lines after it are the facts
// that these depend on.
func ParseExpected(text string) (Expected, error) {
	e := Expected{files: make(map[string]string)}
	files, number := "", 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, " \n\r")
		fact, indented := strings.CutPrefix(line, "  ")
		switch name, colon := strings.CutSuffix(line, ":"); {
		case line == "", strings.HasPrefix(line, "#"):
		case !indented && colon:
			files = name
		default:
			key, value, ok := strings.Cut(fact, ": ")
			if !indented || !ok || files == "" || e.files[key] != "" {
				return Expected{}, fmt.Errorf("line %d is neither files nor a fact of its own: %q", number, line)
			}
			e.Facts, e.files[key] = append(e.Facts, Fact{key, value}), files
		}
	}
	return e, nil
}

// Files returns each file that is named, once, sorted.
func (e Expected) Files() []string {
	files := make(map[string]bool)
	for list := range maps.Values(e.files) {
		for file := range strings.SplitSeq(list, ", ") {
			files[file] = true
		}
	}
	return slices.Sorted(maps.Keys(files))
}

// Changes says in one line each what of the expected facts is different in got: what it was, what it is, and which files
// depend on it. An operation, or a response, that is gone is one line, without its parameters and headers.
func (e Expected) Changes(got []Fact) []string {
	was, is := byKey(e.Facts), byKey(got)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(union(was, is))) {
		before, had := was[key]
		after, has := is[key]
		switch {
		case before == after:
		case had && has:
			lines = append(lines, fmt.Sprintf("%s: was %q, is %q (%s)", key, before, after, e.files[key]))
		case had && !within(key, was, is):
			lines = append(lines, fmt.Sprintf("%s: was %q, is gone (%s)", key, before, e.files[key]))
		case has && !within(key, is, was):
			lines = append(lines, fmt.Sprintf("%s: is new, %q (%s)", key, after, e.dependents(key)))
		}
	}
	return lines
}

// within reports whether key belongs to an operation or a response that only one of the contracts has.
func within(key string, one, other map[string]string) bool {
	for i := range key {
		if _, has := one[key[:i]]; has && key[i] == ' ' {
			if _, both := other[key[:i]]; !both {
				return true
			}
		}
	}
	return false
}

// dependents are the files that depend on what is most like a new fact: another property of the same schema, or another part
// of the same operation.
func (e Expected) dependents(key string) string {
	for end := len(key); end > 0; end = strings.LastIndexAny(key[:end], ". ") {
		for _, fact := range e.Facts {
			if end < len(key) && strings.HasPrefix(fact.Key, key[:end+1]) {
				return e.files[fact.Key]
			}
		}
	}
	return "gen/outgoing.gen.go"
}

func byKey(facts []Fact) map[string]string {
	m := make(map[string]string, len(facts))
	for _, fact := range facts {
		if before, ok := m[fact.Key]; ok {
			fact.Value = before + " | " + fact.Value // two with one key, such as two security schemes, make one fact
		}
		m[fact.Key] = fact.Value
	}
	return m
}

func union(a, b map[string]string) map[string]string {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}
