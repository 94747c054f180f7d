package contract

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
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
	Harmless = "harmless"
)

// Diff returns what of the facts changed. An operation, or a response, that is gone or new is one change, without its parameters
// and headers.
func (e Expected) Diff(before, after []Fact) []Change {
	was, is := byKey(before), byKey(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	var changes []Change
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text := ""
		switch {
		case was[key] == is[key], is[key] == "" && within(key, was, is), was[key] == "" && within(key, is, was):
			continue
		case is[key] == "":
			text = fmt.Sprintf("was %q, is gone", was[key])
		case was[key] == "":
			text = fmt.Sprintf("is new, %q", is[key])
		default:
			text = fmt.Sprintf("was %q, is %q", was[key], is[key])
		}
		changes = append(changes, Change{level(key, was[key], is[key]), fmt.Sprintf("%s: %s (%s)", key, text, e.dependents(key))})
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
	success = regexp.MustCompile(`^\S+ [1-3]..$`)
	failure = regexp.MustCompile(`^(\S+ [45])..$`)
)

// level judges a change; an empty text is that of a fact which is not there. Harmless is what asks less of a request than before,
// what promises more of an answer, and what is new in an answer.
func level(key, was, is string) string {
	asked, deprecated := strings.Contains(key, " parameter "), strings.HasSuffix(key, " deprecated")
	switch {
	case was == "" && (strings.HasSuffix(key, " request body") || strings.HasSuffix(key, " server") || asked && strings.HasSuffix(is, ", required")):
		return Breaking
	case is != "" && deprecated, was == "" && success.MatchString(key):
		return Warning
	case was == "" || deprecated:
		return Harmless
	}
	worst, added := Harmless, without(is, was, ", ")
	for _, part := range without(was, is, ", ") {
		name, value, _ := strings.Cut(part, " ")
		now := ""
		if i := slices.IndexFunc(added, func(other string) bool { return strings.HasPrefix(other, name+" ") }); i >= 0 {
			now = added[i][len(name)+1:]
			added = slices.Delete(added, i, i+1)
		}
		x, _ := strconv.ParseFloat(value, 64)
		y, err := strconv.ParseFloat(now, 64)
		switch {
		case part == "deprecated", part == "nullable" && !asked, part == "required" && asked,
			name == "enum" && now != "" && len(without(value, now, " ")) == 0,
			asked && strings.HasPrefix(name, "max") && err == nil && y > x,
			!asked && value == "" && now != "": // a format
		case asked && name == "minimum" && err == nil && y < x: // is the first page still 1?
			worst = Warning
		default:
			return Breaking
		}
	}
	for _, part := range added {
		if part == "nullable" || asked && part != "deprecated" {
			return Breaking
		} else if part == "deprecated" {
			worst = Warning
		}
	}
	return worst
}

// without returns the parts of a text that are not parts of another.
func without(text, other, separator string) []string {
	others := strings.Split(other, separator)
	return slices.DeleteFunc(strings.Split(text, separator), func(part string) bool { return slices.Contains(others, part) })
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
