package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// D3: what the rows of some pages look like, compared with the contract.

// sample returns the rows of the first pages, as they were when it was first called. One that was shifted to the next page,
// since a message arrived meanwhile, is there once.
func sample(x *examination) ([]row, error) {
	if x.sample != nil {
		return x.sample, nil
	}
	seen := map[int64]bool{}
	for n := range 4 {
		a := x.see(pageOf(n+1, outgoing.MaxLimit))
		if a.failed != nil || a.rows == nil && n == 0 {
			return nil, a.unusable()
		}
		for _, r := range a.rows {
			if !seen[r.ID] {
				x.sample = append(x.sample, r)
				seen[r.ID] = r.ID != 0
			}
		}
	}
	if x.sample == nil {
		return nil, errors.New("the history is empty")
	}
	return x.sample, nil
}

func readable(sample []row) Result {
	unusable, example := 0, ""
	for _, r := range sample {
		if why := cmp.Or(rows.Unidentified(r.ID, r.odd), rows.Unreadable(r.odd, "/price")); why != nil {
			unusable++
			example = cmp.Or(example, fmt.Sprintf("; %s (%v)", r.where, why))
		}
	}
	return unless(unusable > 0, Fail, "the library cannot use %d of %d rows%s", unusable, len(sample), example)
}

var kinds = map[jsontext.Kind]string{'{': "an object", '[': "an array", '"': "a string", 't': "a boolean", 'f': "a boolean", 'n': "null", '0': "a number"}

// members names each way in which a member differs from the contract, where it does so first, and how often.
func members(sample []row) Result {
	places := map[string][]string{}
	for _, r := range sample {
		for pointer, what := range r.differences() {
			places[pointer+what] = append(places[pointer+what], r.where)
		}
	}
	var parts []string
	for _, difference := range slices.Sorted(maps.Keys(places)) {
		where := places[difference]
		parts = append(parts, fmt.Sprintf("%s%s (%d of %d)", where[0], difference, len(where), len(sample)))
	}
	return unless(parts != nil, Note, "in %d rows differ from the document: %s", len(sample), cmp.Or(strings.Join(parts, "; "), "none"))
}

// differences returns how a row differs from the contract, by JSON pointer. Unknown members have no name: it may be a value.
func (r row) differences() map[string]string {
	if r.raw.Kind() != '{' {
		return map[string]string{"": " " + r.odd[0].Reason} // "is a string, not an object"
	}
	found, members := map[string]string{}, map[string]jsontext.Value{}
	_ = json.Unmarshal(r.raw, &members, lenient) // it has been read as JSON before
	for name, wanted := range contract {
		switch value := members[name]; {
		case value == nil:
			found["/"+name] = " is absent"
		case !strings.ContainsRune(wanted, rune(value.Kind())):
			found["/"+name] = " is " + kinds[value.Kind()] + ", not as the document says"
		}
		delete(members, name)
	}
	for _, value := range members {
		found["/* is not in the document, and is "+kinds[value.Kind()]] = ""
	}
	for _, o := range r.odd {
		found[o.Pointer] = cmp.Or(found[o.Pointer], " is "+o.Reason)
	}
	return found
}

// statusCodes counts the status codes. Of those that are not known it shows the ones that can only be the gateway's own words:
// in capital letters, in three rows or more, in no sender, recipient or cid, each with a description of its own as a status
// has, and beside a known one. What a message has in the wrong member fails one of these.
func statusCodes(sample []row) Result {
	codes, descriptions, statuses := map[string]int{}, map[string]int{}, map[[2]string]int{}
	var messages strings.Builder
	for _, r := range sample {
		codes[r.StatusCode]++
		descriptions[r.StatusDescription]++
		statuses[[2]string{r.StatusCode, r.StatusDescription}]++
		fmt.Fprintln(&messages, *cmp.Or(r.CID, new("")), *cmp.Or(r.Sender, new("")), r.Recipient)
	}
	values := strings.ToUpper(messages.String())
	isAnyKnown := slices.ContainsFunc(knownCodes, func(code string) bool { return codes[code] > 0 })
	shown := map[string]int{}
	for status, n := range statuses {
		code, description := status[0], status[1]
		isOwn := isAnyKnown && n >= 3 && n == codes[code] && n == descriptions[description] && description != "" &&
			capitals.MatchString(code) && !strings.Contains(values, code)
		if isOwn || code == "" || slices.Contains(knownCodes, code) {
			shown[cmp.Or(code, "none")] = codes[code]
		}
	}
	if others := len(codes) - len(shown); others > 0 {
		return Note.found("%s; %d more that may be values of messages (outgoing list shows them)", cmp.Or(counted(shown), "none that is known"), others)
	}
	return OK.found("%s", counted(shown))
}

func types(sample []row) Result {
	seen, undocumented := map[string]int{}, false
	for _, r := range sample {
		name := strconv.Itoa(int(r.Type))
		if r.Type < 0 || r.Type > 99 {
			name = "another" // a type is a small number; what is larger may be anything
		}
		seen[name]++
		undocumented = undocumented || !slices.Contains(documentedTypes, name)
	}
	return unless(undocumented, Note, "%s; documented are %s", counted(seen), strings.Join(documentedTypes, ", "))
}

// counted lists words with how often they occur, the most frequent first.
func counted(counts map[string]int) string {
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, word := range words {
		words[i] = fmt.Sprintf("%s: %d", word, counts[word])
	}
	return strings.Join(words, ", ")
}

// D5: by what the history is ordered, and so whether All can promise exactly once here. A date that is absent is out of order.

// outOfOrder counts the neighbours that are not in order, newest first, by ID and by sent_date.
func outOfOrder(sample []row) (ids, dates int) {
	for i := range len(sample) - 1 {
		newer, older := sample[i], sample[i+1]
		if newer.ID < older.ID {
			ids++
		}
		if newer.SentDate == nil || older.SentDate == nil || newer.SentDate.Before(*older.SentDate) {
			dates++
		}
	}
	return ids, dates
}

// order says what the order of the rows follows.
func order(sample []row) Result {
	sample = identified(sample)
	n := len(sample)
	switch ids, dates := outOfOrder(sample); {
	case n < 2:
		return Skipped.found("fewer than two rows have no order")
	case ids == 0 && dates == 0:
		return Note.found("by ID and by sent_date alike in %d rows; if it is by sent_date, a scheduled message may move when it goes out", n)
	case ids == 0:
		return OK.found("by ID, newest first, in %d rows; not by sent_date", n)
	case dates == 0:
		return Note.found("by sent_date, newest first, and not by ID, in %d rows: a scheduled message may move when it goes out, and the promise is for the others", n)
	default:
		return Fail.found("by neither ID nor sent_date, newest first: of %d neighbours %d are not in the order of IDs, %d not in that of sent_date", n-1, ids, dates)
	}
}

func identified(sample []row) []row {
	return slices.DeleteFunc(slices.Clone(sample), func(r row) bool { return r.ID < 1 })
}

// scheduled says whether messages that have not gone out stand where their IDs say, or where their dates say.
func scheduled(sample []row) Result {
	sample = identified(sample)
	gone := slices.DeleteFunc(slices.Clone(sample), func(r row) bool { return r.StatusCode == outgoing.StatusScheduled })
	if len(gone) == len(sample) {
		return Skipped.found("there is none among %s", errline.Plural(len(sample), "row"))
	}
	ids, dates := outOfOrder(sample)
	idsWithout, datesWithout := outOfOrder(gone)
	ids, dates = ids-idsWithout, dates-datesWithout
	return unless(ids > 0 || dates <= 0, Note, "%d of %d rows; neighbours that they put out of order: %d by ID, %d by sent_date",
		len(sample)-len(gone), len(sample), ids, dates)
}
