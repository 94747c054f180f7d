package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
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
		isNames := named[of] != nil
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
	rest := maps.Clone(o)
	maps.DeleteFunc(rest, func(key string, _ any) bool { return slices.Contains(keys, key) })
	return rest
}

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
		level, text := worst(key, lost, gained), fmt.Sprintf("was %q, is %q", was, is)
		switch {
		case len(lost)+len(gained) == 0, is == "" && isPartOf(key, before, after), was == "" && isPartOf(key, after, before):
			continue
		case is == "":
			level, text = Breaking, fmt.Sprintf("was %q, is gone", was)
		case was == "":
			level, text = levels[judge("new "+key+": "+is)], fmt.Sprintf("is new, %q", is)
		}
		changes = append(changes, Change{level, fmt.Sprintf("%s: %s (%s)", key, text, e.dependents(key))})
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

// worst returns the level of the worst that happened to a fact.
func worst(key string, lost, gained []string) string {
	worst := len(levels) - 1
	for _, item := range lost {
		worst = min(worst, judge("loses "+key+": "+item))
	}
	for _, item := range gained {
		if tighter(item, lost) {
			item += " (tighter)"
		}
		worst = min(worst, judge("gains "+key+": "+item))
	}
	return levels[worst]
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

type rule struct{ event, level string }

// rules say how bad an event is: the first one that fits. A parameter with a wider bound may mean something else: is
// the first page still 1? With a tighter one, requests fail. An answer may promise more: other values of an enum besides
// those there were, what is required now, or is null no more.
var rules = []rule{
	{`^new \S+ (request body: |parameter .*, required(,|$))`, Breaking},
	{`^new \S+ [1-3]..: `, Warning},
	{`^new `, Harmless},
	{`^\w+ \S+ parameter .*: (.* )?(m(in|ax)\w+ -?[\d.]+|deprecated)$`, Warning},
	{`^\w+ \S+ parameter `, Breaking},
	{`^loses .*: (.* )?(nullable|deprecated)$`, Harmless},
	{`^gains .*: deprecated$`, Warning},
	{`^gains .*: (.* )?not `, Breaking},
	{`^gains .*: ((.* )?(enum .+|required( \S+)?|int32|int64|deprecated)$|(additional|min|max)Properties)`, Harmless},
	{``, Breaking}, // also a bound that is tighter
}

// judge returns how bad an event is, as an index of levels.
func judge(event string) int {
	first := slices.IndexFunc(rules, func(r rule) bool { return regexp.MustCompile(r.event).MatchString(event) })
	return slices.Index(levels, rules[first].level)
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
