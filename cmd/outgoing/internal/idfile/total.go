package idfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// total matches labels of totals, as spreadsheets and databases put them beside a number. Those in the first group are nothing
// else; the others may be names or texts, too.
var total = regexp.MustCompile(`^(?:((?:sub ?|grand )?totals?|sum|suma(?: końcowa| częściowa)?|razem|łącznie|ogółem|` +
	`w sumie|podsumowanie|summe|gesamt|[σς∑])|(?:(?:sub ?|grand )?totals?|sums?|suma|sumy|razem|łącznie|łączn[aey]|ogółem|` +
	`ogóln[aey]|całkowit[aey]|w sumie|do zapłaty|count|number|liczba|licznik|ilość|sztuk|szt|średni[ao]|average|avg|mean|` +
	`minimum|maximum|maksimum|median|mediana|stddev|stdev|std|odchylenie|variance|wariancja|iloczyn|product|summary|` +
	`podsumowanie|anzahl|mittelwert)(?: \pL+){0,4}|wynik|(?:min|max)(?: (?:of|z|w|dla)(?: \pL+){0,4})?)$`)

// label returns the words of a cell: "liczba z message id" of "Liczba z message_id: 2". A sentence keeps its commas and other
// marks, and is no label.
func label(cell string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(cell), func(r rune) bool {
		return strings.ContainsRune(` 0123456789_:;=.*/()[]"'-–—`, r)
	}), " ")
}

var beforeDash = regexp.MustCompile(`^.* [-–—] `) // as in "Anna - total"

// rowsBefore is what a total differs from.
type rowsBefore struct {
	count         int
	first, latest []string
	everywhere    []int   // the columns besides that of the IDs that have something in all rows
	filled        []int   // and those that had it before the rows in doubt
	doubts        badRows // the latest rows, up to ten: they are totals, unless one of messages follows
}

// add adds a row, unless something is wrong with it, or it is one of totals. The ID is 0 if it is bad.
func (b *rowsBefore) add(r row, index int, id int64, wrong error) error {
	if b.count == 0 {
		b.first = slices.Clone(r.cells)
		b.filled = where(r.cells, func(cell string) bool { return cell != "" })
		b.filled = slices.DeleteFunc(b.filled, func(i int) bool { return i == index })
		b.everywhere = slices.Clone(b.filled)
	}
	isEmpty := func(i int) bool { return at(r.cells, i) == "" }
	isText := func(i int) bool { // phone numbers and dates are; prices are not
		return len(b.first[i]) >= 9 || strings.Trim(b.first[i], "-+.,0123456789") == b.first[i]
	}
	left := slices.DeleteFunc(slices.Clone(b.filled), isEmpty)
	lost := slices.DeleteFunc(slices.Clone(b.filled), func(i int) bool { return !isEmpty(i) })
	var doubt error
	alone := !slices.ContainsFunc(left, isText) && (len(left) == 0 || slices.ContainsFunc(lost, isText))
	if b.count > 1 && len(lost) > 0 && alone {
		doubt = fmt.Errorf("%d stands without what all rows before it have: "+
			"if it is a total, take the line out; if it is an ID, move it up", id)
	}
	for i, cell := range r.cells {
		name := strings.TrimPrefix(cell, at(b.latest, i)+" ") // "Anna Total", below rows of Anna
		found := total.FindStringSubmatch(label(beforeDash.ReplaceAllString(name, "")))
		isInAll := cell == at(b.first, i) && (b.count > 0 || strings.HasPrefix(label(cell), "szt")) // such as a unit
		if found == nil || isInAll {
			continue
		}
		doubt = fmt.Errorf("%s: it looks like a total, and not like a message; "+
			"take the line out, or empty this cell if the line has a message", display.Quoted(cell))
		isMessage := len(lost) == 0 && slices.ContainsFunc(left, func(j int) bool { return j != i && isText(j) })
		if found[1] != "" || name != cell || !isMessage {
			return doubt
		}
	}
	if wrong != nil {
		return wrong
	}
	b.everywhere = slices.DeleteFunc(b.everywhere, isEmpty)
	b.doubts.add(r.line, doubt) // which may be none
	if doubt == nil || b.doubts.count > 10 {
		b.doubts, b.filled = badRows{}, slices.Clone(b.everywhere)
	}
	b.count, b.latest = b.count+1, append(b.latest[:0], r.cells...)
	return nil
}
