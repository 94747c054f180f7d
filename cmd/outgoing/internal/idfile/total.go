package idfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// total matches labels of totals, as spreadsheets put them below a column. Those in the first group are nothing else; the
// others may be names or texts, too.
var total = regexp.MustCompile(`^(?:((?:sub|grand )?totals?|sum|suma(?: końcowa| częściowa)?|razem|łącznie|ogółem|` +
	`podsumowanie|summe|gesamt)|(?:grand )?(?:total|sum|suma|razem|łącznie|łączna|ogółem|count|number|` +
	`liczba|licznik|ilość|sztuk|szt|średnia|average)(?: [\pL-]+){0,2})$`)

func label(cell string) string { return strings.ToLower(strings.Trim(cell, " :=.0123456789")) }

// rowsBefore is what a total differs from.
type rowsBefore struct {
	count         int
	first, latest []string
	filled        []int // the columns besides that of the IDs that have something in all rows
	line          int   // of the latest
	doubt         error // it is a total, unless another row follows
}

// add adds a row, unless it is one of totals. The ID is 0 if it is bad.
func (b *rowsBefore) add(r row, index int, id int64) error {
	b.doubt = nil
	if b.count == 0 {
		b.first = slices.Clone(r.cells)
		b.filled = where(r.cells, func(cell string) bool { return cell != "" })
	}
	kept, lost := b.filled[:0], []int(nil)
	for _, i := range b.filled {
		switch {
		case i == index:
		case at(r.cells, i) == "":
			lost = append(lost, i)
		default:
			kept = append(kept, i)
		}
	}
	b.filled = kept
	isText := func(i int) bool { // phone numbers and dates are; prices are not
		return len(b.first[i]) >= 9 || strings.Trim(b.first[i], "-+.,0123456789") == b.first[i]
	}
	alone := !slices.ContainsFunc(kept, isText) && (len(kept) == 0 || slices.ContainsFunc(lost, isText))
	if b.count > 1 && len(lost) > 0 && alone {
		b.doubt = fmt.Errorf("%d stands without what all rows before it have: "+
			"if it is a total, take the line out; if it is an ID, move it up", id)
	}
	for i, cell := range r.cells {
		usual, name, isSubtotal := at(b.first, i), cell, false
		if b.count > 0 && cell == usual {
			continue
		}
		if before := at(b.latest, i); before != "" {
			name, isSubtotal = strings.CutPrefix(cell, before+" ") // "Anna Total", below rows of Anna
		}
		found := total.FindStringSubmatch(label(name))
		if found == nil {
			continue
		}
		err := fmt.Errorf("%s: it looks like a total, and not like a message; take the line out", display.Quoted(cell))
		switch isUsual := total.MatchString(label(usual)); {
		case found[1] != "" || isSubtotal || len(lost) > 0 && !isUsual:
			return err
		case !isUsual:
			b.doubt = err
		}
	}
	b.count, b.latest, b.line = b.count+1, append(b.latest[:0], r.cells...), r.line
	return nil
}
