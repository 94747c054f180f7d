package contract

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Expected are the facts that code depends on, and the files with that code, by key of a fact.
type Expected struct{ Facts, Files map[string]string }

// ParseExpected reads api/facts.txt, which is YAML: files, and the facts that these depend on.
func ParseExpected(text []byte) (Expected, error) {
	e := Expected{make(map[string]string), make(map[string]string)}
	var lists map[string]map[string]string
	err := yaml.Unmarshal(text, &lists)
	for files, facts := range lists {
		for key, value := range facts {
			if e.Files[key] != "" {
				err = fmt.Errorf("the fact %q stands there twice", key)
			}
			e.Facts[key], e.Files[key] = value, files
		}
	}
	return e, err
}

// A Change is a difference of one fact, in a line: what it was, what it is, and which files depend on it.
type Change struct{ Level, Text string }

// The levels of a change.
const (
	Breaking = "breaking" // the code relies on what is no longer so
	Warning  = "warning"  // the code goes on, and should be looked at
	Harmless = "harmless" // an answer has more, or promises more
)

var levels = []string{Breaking, Warning, Harmless}

// Diff returns what of the facts changed, the worst first. An operation, a response or a schema that is gone or new is one change,
// without its parameters, headers and properties.
func (e Expected) Diff(before, after map[string]string) (changes []Change) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		was, is := before[key], after[key]
		lost, gained := without(split(was), split(is)), without(split(is), split(was))
		text := fmt.Sprintf("was %q, is %q", grouped(was), grouped(is))
		switch {
		case len(lost)+len(gained) == 0, is == "" && isPartOf(key, before, after), was == "" && isPartOf(key, after, before):
			continue
		case is == "":
			text = fmt.Sprintf("was %q, is gone", grouped(was))
		case was == "":
			text = fmt.Sprintf("is new, %q", grouped(is))
		}
		text = fmt.Sprintf("%s: %s (%s)", key, text, e.dependents(key))
		changes = append(changes, Change{level(key, was, is, lost, gained), text})
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Compare(slices.Index(levels, a.Level), slices.Index(levels, b.Level))
	})
	return changes
}

func split(fact string) []string { return strings.Split(fact, ", ") }

var property = regexp.MustCompile(`^.*\bproperties \S+ `)

// grouped names each property of an object without a name once, and what is stated of it.
func grouped(fact string) string {
	var all []string
	last := ""
	for _, item := range split(fact) {
		name := property.FindString(item)
		switch value := item[len(name):]; {
		case name == "":
			all = append(all, item)
		case name == last:
			all[len(all)-1] = strings.TrimSuffix(all[len(all)-1], ")") + ", " + value + ")"
		default:
			all = append(all, name+"("+value+")")
		}
		last = name
	}
	return strings.Join(all, ", ")
}

// isPartOf reports whether key belongs to something larger that only one of the contracts has.
func isPartOf(key string, one, other map[string]string) bool {
	for i := range key {
		if strings.ContainsRune(" .", rune(key[i])) && one[key[:i]] != "" && other[key[:i]] == "" {
			return true
		}
	}
	return false
}

var (
	demands = regexp.MustCompile(`^\S+ (request body: |parameter .*, required(,|$))`)
	watched = regexp.MustCompile(`^\S+ [1-3]..: `)
	failure = regexp.MustCompile(`^(\S+ [45])..$`)

	// bounds are what a parameter may have besides, or no more; promises are what an answer may.
	bounds   = regexp.MustCompile(`(^| )(m(in|ax)\w+ -?[\d.]+|deprecated)$`)
	promises = regexp.MustCompile(`(^| )(enum .+|required( \S+)?|int32|int64|deprecated)$|^(additional|min|max)Properties`)
	limits   = regexp.MustCompile(`(^| )(nullable|deprecated)$`) // that an answer may have no more
	negated  = regexp.MustCompile(`(^| )not `)
	bound    = regexp.MustCompile(`^(.*\bm(in|ax)\w+) (-?[\d.]+)$`)
)

// level judges a fact that is new, gone, or another one. A parameter with a wider bound may mean something else: is the first page
// still 1? With a tighter one, requests fail. An answer may promise more: other values of an enum besides the ones there were,
// what is required now, or is null no more.
func level(key, was, is string, lost, gained []string) string {
	isParameter, less, more := strings.Contains(key, " parameter "), limits, promises
	if isParameter {
		less, more = bounds, bounds
	}
	switch fact := key + ": " + is; {
	case is == "", was == "" && demands.MatchString(fact):
		return Breaking
	case was == "" && watched.MatchString(fact):
		return Warning
	case was == "":
		return Harmless
	case len(only(lost, less.MatchString)) < len(lost), len(only(gained, more.MatchString)) < len(gained),
		slices.ContainsFunc(gained, negated.MatchString), isParameter && tighter(lost, gained):
		return Breaking
	case isParameter, slices.Contains(gained, "deprecated"):
		return Warning
	}
	return Harmless
}

// tighter reports whether a bound is new, or allows less than it did.
func tighter(lost, gained []string) bool {
	return slices.ContainsFunc(gained, func(is string) bool {
		now := bound.FindStringSubmatch(is)
		return now != nil && !slices.ContainsFunc(lost, func(was string) bool {
			before := bound.FindStringSubmatch(was)
			return before != nil && before[1] == now[1] && (number(before[3]) < number(now[3])) == (now[2] == "ax")
		})
	})
}

func number(text string) float64 { n, _ := strconv.ParseFloat(text, 64); return n }

// without returns the items that are not in others.
func without(items, others []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
}

// dependents returns the files that depend on a fact or, if it is new, on the range of its status or what it is part of.
func (e Expected) dependents(key string) string {
	for end := len(key); end > 0; end = strings.LastIndexAny(key[:end], ". ") {
		whole := key[:end]
		if files := cmp.Or(e.Files[whole], e.Files[failure.ReplaceAllString(whole, "${1}XX")]); files != "" {
			return files
		}
	}
	return GeneratedFile
}
