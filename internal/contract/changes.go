package contract

import (
	"fmt"
	"maps"
	"regexp"
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
	var files []string
	for list := range maps.Values(e.files) {
		files = append(files, strings.Split(list, ", ")...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// A Change is a difference of one fact, in a line: what it was, what it is, and which files depend on it.
type Change struct{ Level, Text string }

// The levels of a change.
const (
	Breaking = "breaking" // the code relies on what is no longer so
	Warning  = "warning"  // the code goes on, and should be looked at
	Harmless = "harmless" // an answer has more, or promises more
)

// Diff returns what of the facts changed. An operation, or a response, that is gone or new is one change, without its parameters
// and headers.
func (e Expected) Diff(before, after []Fact) (changes []Change) {
	was, is := byKey(before), byKey(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text, level := fmt.Sprintf("was %q, is %q", was[key], is[key]), changed(key, was[key], is[key])
		switch {
		case was[key] == is[key], is[key] == "" && within(key, was, is), was[key] == "" && within(key, is, was):
			continue
		case is[key] == "":
			text, level = fmt.Sprintf("was %q, is gone", was[key]), gone(key)
		case was[key] == "":
			text, level = fmt.Sprintf("is new, %q", is[key]), added(key, is[key])
		}
		changes = append(changes, Change{level, fmt.Sprintf("%s: %s (%s)", key, text, e.dependents(key))})
	}
	return changes
}

// byKey joins facts with one key, such as parameters of one name in different places.
func byKey(facts []Fact) map[string]string {
	m := make(map[string]string, len(facts))
	for _, fact := range facts {
		m[fact.Key] = strings.TrimPrefix(m[fact.Key]+" | "+fact.Value, " | ")
	}
	return m
}

// within reports whether key belongs to an operation or a response that only one of the contracts has.
func within(key string, one, other map[string]string) bool {
	for i := range key {
		if key[i] == ' ' && one[key[:i]] != "" && other[key[:i]] == "" {
			return true
		}
	}
	return false
}

var (
	demands = regexp.MustCompile(`^(\S+ (request body|server): |\S+ parameter .*, required$)`)
	watched = regexp.MustCompile(`^\S+ (deprecated|[1-3]..): `)
	failure = regexp.MustCompile(`^(\S+ [45])..$`)
	bound   = regexp.MustCompile(`, m(in|ax)\w+ [\d.]+`)
	promise = regexp.MustCompile(`, (enum [^,();]+|required|nullable|deprecated)`)
)

func gone(key string) string {
	if strings.HasSuffix(key, " deprecated") {
		return Harmless
	}
	return Breaking
}

func added(key, is string) string {
	switch fact := key + ": " + is; {
	case demands.MatchString(fact):
		return Breaking
	case watched.MatchString(fact):
		return Warning
	}
	return Harmless
}

// changed judges a fact that is another one. A parameter with another bound may mean something else: is the first page still 1?
// An answer may promise more: other values of an enum besides the ones there were, what is required now, or is null no more.
func changed(key, was, is string) string {
	before, after := promise.FindAllString(was, -1), promise.FindAllString(is, -1)
	lost := func(part string) bool {
		values := func(parts []string) []string { return strings.Fields(strings.Join(parts, " ")) }
		return part != ", nullable" && len(without(values([]string{part}), values(after))) > 0
	}
	switch isParameter := strings.Contains(key, " parameter "); {
	case isParameter && bound.ReplaceAllString(was, "") == bound.ReplaceAllString(is, ""),
		strings.TrimSuffix(is, ", deprecated") == was:
		return Warning
	case isParameter, promise.ReplaceAllString(was, "") != promise.ReplaceAllString(is, ""), slices.ContainsFunc(before, lost),
		slices.Contains(without(after, before), ", nullable"):
		return Breaking
	}
	return Harmless
}

// without returns the items that are not in others.
func without(items, others []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
}

// dependents returns the files that depend on a fact, or on what is most like a new one: the range of its status, another
// property of the same schema, or what it is part of.
func (e Expected) dependents(key string) string {
	for _, like := range []string{key, failure.ReplaceAllString(key, "${1}XX")} {
		if files := e.files[like]; files != "" {
			return files
		}
	}
	for end := strings.LastIndexAny(key, ". "); end > 0; end = strings.LastIndexAny(key[:end], ". ") {
		i := slices.IndexFunc(e.Facts, func(fact Fact) bool { return strings.HasPrefix(fact.Key, key[:end+1]) })
		if files := e.files[key[:end]]; files != "" {
			return files
		} else if i >= 0 {
			return e.files[e.Facts[i].Key]
		}
	}
	return GeneratedFile
}
