package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// checkRows is D3: what the rows of some pages look like, beside the document.
func checkRows(ctx context.Context, x *examination) []Result {
	titles := []string{"rows", "members", "status codes", "types"}
	pages, err := x.sample(ctx)
	if err != nil {
		return skipAll(titles, err)
	}
	var s rowStatistics
	for _, page := range pages {
		for _, r := range unreadable(page.fresh) {
			s.unreadable = append(s.unreadable, fmt.Sprintf("page %d: /%d", page.number, r.index))
		}
		for _, r := range page.fresh {
			s.add(page.number, r)
		}
	}
	return []Result{s.readable(), s.members(), s.codes(), s.types()}
}

func skipAll(titles []string, why error) []Result {
	results := make([]Result, len(titles))
	for i, title := range titles {
		results[i] = skip(title, why)
	}
	return results
}

// rowStatistics is what the rows of a sample look like.
type rowStatistics struct {
	rows       int
	unreadable []string // where
	odd        []*difference
	statuses   map[string]int
	kinds      map[string]int
}

// difference is one way in which rows differ from the document.
type difference struct {
	member, what string
	first        string // where
	count        int
}

func (s *rowStatistics) add(page int, r row) {
	where := fmt.Sprintf("page %d: /%d", page, r.index)
	s.rows++
	for member, what := range compareRow(r.raw) {
		s.differ(where, member, what)
	}
	if s.statuses == nil {
		s.statuses, s.kinds = map[string]int{}, map[string]int{}
	}
	s.statuses[maskStatusCode(r.code)]++
	s.kinds[typeOf(r.raw)]++
}

func (s *rowStatistics) differ(where, member, what string) {
	for _, d := range s.odd {
		if d.member == member && d.what == what {
			d.count++
			return
		}
	}
	if member != "" {
		where += "/" + member
	}
	s.odd = append(s.odd, &difference{member, what, where, 1})
}

func (s *rowStatistics) readable() Result {
	const title = "rows"
	if len(s.unreadable) == 0 {
		return ok(title, "the library reads all of %d", s.rows)
	}
	return fail(title, "the library cannot read %d of %d, the first is %s; see members", len(s.unreadable), s.rows, s.unreadable[0]).
		resting("B9: such a row costs only itself, but All and List report it as an error")
}

func (s *rowStatistics) members() Result {
	const title, most = "members", 8
	if len(s.odd) == 0 {
		return ok(title, "as the document says, in %d rows", s.rows)
	}
	slices.SortStableFunc(s.odd, func(a, b *difference) int { return cmp.Compare(a.member, b.member) })
	var parts []string
	for _, d := range s.odd[:min(len(s.odd), most)] {
		parts = append(parts, fmt.Sprintf("%s %s (%d of %d)", d.first, d.what, d.count, s.rows))
	}
	if more := len(s.odd) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return note(title, "%s", strings.Join(parts, "; ")).
		resting("B9: unknown members and numbers in quotes are accepted; where a row cannot be read, rows says so")
}

func (s *rowStatistics) codes() Result {
	const title = "status codes"
	seen := counted(s.statuses)
	if s.statuses[masked] > 0 {
		return note(title, "%s; those that are not in capital letters are masked", seen)
	}
	if s.statuses[outgoing.StatusScheduled] == 0 {
		return ok(title, "%s; no SCHEDULED among them", seen)
	}
	return ok(title, "%s", seen)
}

func (s *rowStatistics) types() Result {
	const title = "types"
	for kind := range s.kinds {
		if !slices.Contains([]string{"1", "3", "4", "10"}, kind) {
			return note(title, "%s; documented are 1, 3, 4 and 10", counted(s.kinds))
		}
	}
	return ok(title, "%s", counted(s.kinds))
}

// counted lists words with how often they occur, the most frequent first.
func counted(counts map[string]int) string {
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	parts := make([]string, 0, len(words))
	for _, word := range words[:min(len(words), 20)] {
		parts = append(parts, fmt.Sprintf("%s: %d", cmp.Or(word, "none"), counts[word]))
	}
	return strings.Join(parts, ", ")
}

// typeOf returns the type of a message, if it is a small number.
func typeOf(raw json.RawMessage) string {
	var r struct{ Type json.Number }
	if json.Unmarshal(raw, &r) == nil {
		if n, err := strconv.Atoi(r.Type.String()); err == nil && n >= 0 && n < 100 {
			return strconv.Itoa(n)
		}
	}
	return masked
}

// expectation is what the document says about a member.
type expectation struct {
	kind     string // as kindOf names it
	nullable bool
	date     bool
}

// expected are the members of a message.
var expected = map[string]expectation{
	"id":                 {kind: "an integer"}, // nullable in the document, but a row without one is of no use
	"cid":                {kind: "a string", nullable: true},
	"type":               {kind: "an integer"},
	"recipient":          {kind: "a string"},
	"sender":             {kind: "a string", nullable: true},
	"parts":              {kind: "an integer", nullable: true},
	"sent_date":          {kind: "a string", nullable: true, date: true},
	"status_date":        {kind: "a string", nullable: true, date: true},
	"status_code":        {kind: "a string"},
	"status_description": {kind: "a string"},
	"unicode":            {kind: "a boolean"},
	"flash":              {kind: "a boolean"},
	"price":              {kind: "a number"},
}

// compareRow returns how a row differs from the document, by the masked name of its member; "" is the row as a whole.
func compareRow(raw json.RawMessage) map[string]string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return map[string]string{"": "is " + kindOf(raw) + ", not an object"}
	}
	found := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(members)) { // names that are masked are one name
		value := members[name]
		want, known := expected[name]
		if !known {
			found[maskName(name)] = "is not in the document, and is " + kindOf(value)
		} else if what := want.compare(value); what != "" {
			found[name] = what
		}
	}
	for name := range expected {
		if _, ok := members[name]; !ok {
			found[name] = "is absent"
		}
	}
	return found
}

func (e expectation) compare(value json.RawMessage) string {
	kind := kindOf(value)
	switch {
	case kind == "null" && e.nullable:
		return ""
	case kind == "an integer" && e.kind == "a number":
		return ""
	case kind != e.kind:
		return "is " + kind + ", not " + e.kind
	case e.date:
		var date time.Time
		if json.Unmarshal(value, &date) != nil {
			return "is not a date as in RFC 3339, but like " + maskDate(value)
		}
	}
	return ""
}

// kindOf names a kind of JSON value.
func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return "an integer"
	}
	return "a number"
}
