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
	count   int
	first   []string
	latest  []string
	missing []bool // the columns that not all rows have
	last    error  // what is wrong with the row added last, if no other follows
}

// add adds a row, unless it is one of totals. The ID is 0 if it is bad.
func (b *rowsBefore) add(cells []string, index int, id int64) error {
	if b.count == 0 {
		b.first, b.missing = slices.Clone(cells), make([]bool, len(cells))
	}
	b.last = nil
	lacks, alone := b.compare(cells, index)
	for i, cell := range cells {
		if b.count > 0 && i < len(b.first) && cell == b.first[i] {
			continue
		}
		name, isSubtotal := cell, false
		if i < len(b.latest) && b.latest[i] != "" {
			name, isSubtotal = strings.CutPrefix(cell, b.latest[i]+" ") // "Anna Total", below rows of Anna
		}
		found := total.FindStringSubmatch(label(name))
		if found == nil {
			continue
		}
		err := fmt.Errorf("%s: it looks like a total, and not like a message; take the line out", display.Quoted(cell))
		usual := b.count == 0 || i < len(b.first) && total.MatchString(label(b.first[i]))
		switch {
		case found[1] != "" || isSubtotal || lacks && !usual:
			return err
		case !usual:
			b.last = err
		}
	}
	if alone && b.count > 1 && b.last == nil {
		b.last = fmt.Errorf("%d stands without what all rows before it have: if it is a total, take the line out; if it is an ID, move it up", id)
	}
	b.count, b.latest = b.count+1, append(b.latest[:0], cells...)
	return nil
}

// compare reports whether a row lacks cells that all rows before it have, and whether it has nothing but numbers then.
func (b *rowsBefore) compare(cells []string, index int) (lacks, alone bool) {
	var lacksText, hasText, hasNumber bool
	for i, first := range b.first {
		// Phone numbers and dates are texts; prices are not.
		text := len(first) >= 9 || strings.Trim(first, "-+.,0123456789") == first
		switch {
		case i == index || b.missing[i]:
		case i >= len(cells) || cells[i] == "":
			b.missing[i] = true
			lacks, lacksText = true, lacksText || text
		case text:
			hasText = true
		default:
			hasNumber = true
		}
	}
	return lacks, lacks && !hasText && (lacksText || !hasNumber)
}
