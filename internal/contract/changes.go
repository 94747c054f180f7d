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
		text, events := fmt.Sprintf("was %q, is %q", was, is), events(key, split(was), split(is))
		switch {
		case len(events) == 0, is == "" && isPartOf(key, before, after), was == "" && isPartOf(key, after, before):
			continue
		case is == "":
			text, events = fmt.Sprintf("was %q, is gone", was), []string{"gone"}
		case was == "":
			text, events = fmt.Sprintf("is new, %q", is), []string{"new " + key + ": " + is}
		}
		changes = append(changes, Change{worst(events), fmt.Sprintf("%s: %s (%s)", key, text, e.dependents(key))})
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Compare(slices.Index(levels, a.Level), slices.Index(levels, b.Level))
	})
	return changes
}

func split(fact string) []string { return strings.Split(fact, ", ") }

// isPartOf reports whether key belongs to something larger that only one of the contracts has.
func isPartOf(key string, one, other map[string]string) bool {
	for i := range key {
		if strings.ContainsRune(" .", rune(key[i])) && one[key[:i]] != "" && other[key[:i]] == "" {
			return true
		}
	}
	return false
}

// events says what a fact loses and gains.
func events(key string, was, is []string) (all []string) {
	lost, gained := without(was, is), without(is, was)
	for _, item := range lost {
		all = append(all, "loses "+key+": "+item)
	}
	for _, item := range gained {
		event := "gains " + key + ": " + item
		if tighter(item, lost) {
			event += " (tighter)"
		}
		all = append(all, event)
	}
	return all
}

var bound = regexp.MustCompile(`^(.*\bm(in|ax)\w+) (-?[\d.]+)$`)

// tighter reports whether a bound is new, or allows less than it did.
func tighter(is string, lost []string) bool {
	now := bound.FindStringSubmatch(is)
	return now != nil && !slices.ContainsFunc(lost, func(was string) bool {
		before := bound.FindStringSubmatch(was)
		return before != nil && before[1] == now[1] && (number(before[3]) < number(now[3])) == (now[2] == "ax")
	})
}

func number(text string) float64 { n, _ := strconv.ParseFloat(text, 64); return n }

// without returns the items that are not in others.
func without(items, others []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
}

type rule struct {
	event *regexp.Regexp
	level string
}

// rules say how bad an event is: the first one that fits. A parameter with a wider bound may mean something else: is the first
// page still 1? With a tighter one, requests fail. An answer may promise more: other values of an enum besides the ones there
// were, what is required now, or is null no more.
var rules = []rule{
	{regexp.MustCompile(`^new \S+ (request body: |parameter .*, required(,|$))`), Breaking},
	{regexp.MustCompile(`^new \S+ [1-3]..: `), Warning},
	{regexp.MustCompile(`^new `), Harmless},
	{regexp.MustCompile(`^\w+ \S+ parameter .*: (.* )?(m(in|ax)\w+ -?[\d.]+|deprecated)$`), Warning},
	{regexp.MustCompile(`^\w+ \S+ parameter `), Breaking},
	{regexp.MustCompile(`^loses .*: (.* )?(nullable|deprecated)$`), Harmless},
	{regexp.MustCompile(`^gains .*: deprecated$`), Warning},
	{regexp.MustCompile(`^gains .*: (.* )?not `), Breaking},
	{regexp.MustCompile(`^gains .*: ((.* )?(enum .+|required( \S+)?|int32|int64|deprecated)$|(additional|min|max)Properties)`), Harmless},
	{regexp.MustCompile(``), Breaking}, // also what is gone, and a bound that is tighter
}

func worst(events []string) string {
	index := len(levels) - 1
	for _, event := range events {
		first := slices.IndexFunc(rules, func(r rule) bool { return r.event.MatchString(event) })
		index = min(index, slices.Index(levels, rules[first].level))
	}
	return levels[index]
}

var wholeRange = regexp.MustCompile(`^(\S+ [45])..$`)

// dependents returns the files that depend on a fact or, if it is new, on the range of its status or what it is part of.
func (e Expected) dependents(key string) string {
	for end := len(key); end > 0; end = strings.LastIndexAny(key[:end], ". ") {
		whole := key[:end]
		if files := cmp.Or(e.Files[whole], e.Files[wholeRange.ReplaceAllString(whole, "${1}XX")]); files != "" {
			return files
		}
	}
	return GeneratedFile
}
