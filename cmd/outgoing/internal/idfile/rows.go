package idfile

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

type row struct {
	line  int
	cells []string
}

// firstRows returns the rows at the start of a file.
func firstRows(start []byte, separator rune) (rows []row) {
	r := csv.NewReader(bytes.NewReader(start))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = separator, -1, true, true
	for cells, err := r.Read(); err == nil; cells, err = r.Read() {
		trim(cells)
		line, _ := r.FieldPos(0)
		rows = append(rows, row{line, cells})
	}
	return rows
}

// aboveTitles is about lines above the titles: the first row has fewer cells than one of those that follow, to the first number.
func (t *table) aboveTitles() error {
	filled := func(r row) int { return len(where(r.cells, func(cell string) bool { return cell != "" })) }
	hasNumber := func(r row) bool { return slices.ContainsFunc(r.cells, couldBeID) }
	most := 0
	for i, r := range t.start {
		if filled(r) > filled(t.start[most]) {
			most = i
		}
		if i > 0 && hasNumber(r) {
			break
		}
	}
	switch {
	case most == 0, t.header && t.certain && t.column == Column{}:
		return nil
	case hasNumber(t.start[most]) && (t.header || hasNumber(t.start[0])):
		return nil
	}
	return fmt.Errorf("line %d: %s has fewer cells than line %d; if that has the titles, take out the lines above it",
		t.start[0].line, display.Quoted(strings.TrimSpace(strings.Join(t.start[0].cells, " "))), t.start[most].line)
}
