// Package idfile reads message IDs from what shells, spreadsheets and this command itself write.
//
// A file may name what is to be cancelled, so nothing in it is guessed: a column holds the IDs if no other one could, or if
// a title says so, or the user; and an ID is digits and nothing else. Whatever differs is an error that names the line and
// says how to go on. No line is skipped or cut silently.
package idfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// File is what was read from a file.
type File struct {
	IDs    []int64 // in the order of the file, repetitions included
	Column string  // which column they are from, if the file has several
	Note   string  // what a person should know: that a line was taken for a header
}

// Read reads a whole file, so that all bad lines are named at once.
func Read(r io.Reader, column Column) (File, error) {
	text, start, err := decode(r)
	switch {
	case err != nil:
		return File{}, err
	case !startOfJSON.Match(start):
		return readTable(text, start, column)
	case column != Column{}:
		return File{}, errors.New("it is JSON, which has no columns: leave --column out")
	}
	ids, err := readJSON(text)
	return File{IDs: ids}, err
}

// table is what was read of a file, and what its first row says of the others.
type table struct {
	column    Column
	separator rune
	width     int      // cells of the first row; 0 before it
	titles    []string // the first row, if it is a header
	place
	line int
	sum  int64 // of the IDs
	file File
	bad  badRows
}

// maxRow bounds the memory for a file that is not one of IDs.
const maxRow = 1 << 20

var errLongRow = errors.New("it is longer than 1 MiB; is a quotation mark missing, or is this not a file of message IDs?")

func readTable(text io.Reader, start []byte, column Column) (File, error) {
	separator, skip, err := chooseSeparator(start, column)
	if err == nil {
		_, err = io.CopyN(io.Discard, text, int64(skip))
	}
	if err != nil {
		return File{}, err
	}
	t := table{column: column, separator: separator}
	limited := &io.LimitedReader{R: text}
	rows := csv.NewReader(limited)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord, rows.TrimLeadingSpace = separator, -1, true, separator != '\t'
	for more := true; more; {
		limited.N = maxRow
		cells, err := rows.Read()
		wrong, malformed := errors.AsType[*csv.ParseError](err)
		switch {
		case limited.N <= 0:
			more = false
			t.bad.add(t.line+1, errLongRow)
		case errors.Is(err, io.EOF):
			more = false
			// Spreadsheets put a total last.
			if n := len(t.file.IDs); n > 2 && t.sum > 10_000 && t.sum == 2*t.file.IDs[n-1] {
				t.bad.add(t.line, fmt.Errorf("%d is the sum of all IDs before it: if it is a total, take the line out; "+
					"if it is an ID, move it up", t.file.IDs[n-1]))
			}
		case malformed:
			t.bad.add(wrong.StartLine, wrong.Err)
		case err != nil:
			return File{}, err
		case trim(cells): // a spreadsheet has empty rows
			t.line, _ = rows.FieldPos(0)
			t.bad.add(t.line, t.row(cells))
			more = t.width > 0 // if the first row can be read
		}
	}
	if t.bad.count > 0 {
		return File{}, errors.New(t.bad.text())
	}
	return t.file, nil
}

// trim takes white space away around cells, and reports whether anything is left.
func trim(cells []string) (left bool) {
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
		left = left || cells[i] != ""
	}
	return left
}

func (t *table) row(cells []string) error {
	first := t.width == 0
	if first {
		var err error
		if t.place, err = t.column.find(cells); err != nil {
			return err
		}
		t.width = len(cells)
		if t.header {
			t.titles = slices.Clone(cells)
			t.file.Note = fmt.Sprintf("line %d is taken for a header: %s", t.line, display.Quoted(cells[t.index]))
		}
		if t.width > 1 {
			t.file.Column = columnName(t.titles, t.index)
		}
	}
	if t.hidesRow(cells) {
		return errors.New("a quoted cell has a line that looks like a row; is a quotation mark missing?")
	}
	if first && t.header {
		return nil
	}
	id, err := t.id(cells)
	if err == nil && t.bad.count == 0 {
		t.file.IDs = append(t.file.IDs, id)
		t.sum += id
	}
	return err
}

// id finds the ID of a row.
func (t *table) id(cells []string) (int64, error) {
	if i := slices.IndexFunc(cells, isTotal); i >= 0 {
		return 0, fmt.Errorf("%s: it looks like a total, and not like a message; take the line out", display.Quoted(cells[i]))
	}
	if t.index >= len(cells) {
		return 0, fmt.Errorf("there is no column %d", t.index+1)
	}
	id, err := ParseID(cells[t.index])
	for i, cell := range cells {
		if i == t.index || cell == "" || t.certain && i < t.width {
			continue
		}
		could := couldBeID(cell)
		switch {
		case could && !t.certain && couldBeID(cells[t.index]):
			first, second := min(i, t.index), max(i, t.index)
			text := fmt.Sprintf(twoIDs, display.Quoted(cells[first]), display.Quoted(cells[second]))
			return 0, undecided(text, t.titles, first, second)
		case could && !t.certain:
			return 0, undecided(fmt.Sprintf("%v, but %s could be one", err, display.Quoted(cell)), t.titles, t.index, i)
		case err == nil && i >= t.width && (could || t.index > 0): // cells before it may have shifted it
			return 0, fmt.Errorf("it has %d cells, and the first row has %d", len(cells), t.width)
		}
	}
	if err != nil && t.width == 1 && t.titles == nil && len(t.file.IDs)+t.bad.count == 0 && isTitle(cells[0]) {
		err = &adviceError{err.Error(), "If it is a title, say so: --column 1."}
	}
	return id, err
}

var totals = []string{"total", "totals", "grand total", "subtotal", "sum", "suma", "razem", "łącznie", "ogółem",
	"podsumowanie", "summe", "gesamt"}

func isTotal(cell string) bool {
	return len(cell) < 30 && slices.Contains(totals, strings.ToLower(strings.Trim(cell, " :=.0123456789")))
}

// hidesRow reports whether a quoted cell has a line that looks like a row: a quotation mark may be missing before it, and
// its ID would be lost.
func (t *table) hidesRow(cells []string) bool {
	for _, cell := range cells {
		for line := range strings.Lines(cell) {
			parts := strings.Split(strings.ReplaceAll(line, `"`, ""), string(t.separator))
			if line != cell && len(parts) >= max(t.width, 2) && slices.ContainsFunc(parts, couldBeID) {
				return true
			}
		}
	}
	return false
}

// adviceError is an error that says how to go on.
type adviceError struct{ text, advice string }

func (e *adviceError) Error() string { return e.text }

const twoIDs = "%s and %s could both be message IDs"

// undecided means that --column has to say which of these columns it is.
func undecided(text string, titles []string, columns ...int) error {
	var flags []string
	for _, i := range columns {
		flags = append(flags, "--"+columnName(titles, i))
	}
	return &adviceError{text, "Say which column holds the message IDs: " + strings.Join(flags, " or ") + "."}
}

func columnName(titles []string, column int) string {
	name := fmt.Sprintf("column %d", column+1)
	if column < len(titles) && titles[column] != "" {
		name += " (" + display.Quoted(titles[column]) + ")"
	}
	return name
}

// badRows collects what is wrong with a file.
type badRows struct {
	count         int
	first, advice []string
}

func (b *badRows) add(line int, err error) {
	if err == nil {
		return
	}
	if b.count++; b.count <= 10 {
		b.first = append(b.first, fmt.Sprintf("line %d: %v", line, err))
	}
	if e, ok := errors.AsType[*adviceError](err); ok && len(b.advice) < 3 && !slices.Contains(b.advice, e.advice) {
		b.advice = append(b.advice, e.advice)
	}
}

func (b *badRows) text() string {
	text := strings.Join(b.first, "\n  ")
	if more := b.count - len(b.first); more > 0 {
		text += "\n  and " + display.Plural(more, "more line", "more lines")
	}
	return strings.Join(append([]string{text}, b.advice...), "\n")
}
