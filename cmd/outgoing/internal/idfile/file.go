// Package idfile reads message IDs from what shells, spreadsheets and this command itself write.
//
// A file may name what is to be cancelled, so nothing in it is guessed: a column holds the IDs if no other one could, or if
// a title says so, or the user; and an ID is digits and nothing else. Whatever differs is an error that names the line and
// says how to go on. No line is skipped or cut silently.
package idfile

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

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
	start     []row    // at most 64 KiB of the file
	width     int      // cells of the first row; 0 before it
	titles    []string // the first row, if it is a header
	place
	line   int
	before rowsBefore
	file   File
	bad    badRows
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
	t.start = slices.DeleteFunc(firstRows(start[skip:], separator), func(r row) bool { return !trim(r.cells) })
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
			t.bad.add(t.line, t.before.last)
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
		return File{}, cmp.Or(t.aboveTitles(), errors.New(t.bad.text()))
	}
	return t.file, nil
}

// trim takes white space away around cells, and reports whether anything is left. What is not UTF-8 is Windows-1250, as in
// decode.
func trim(cells []string) (left bool) {
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			cell, _ = charmap.Windows1250.NewDecoder().String(cell)
		}
		cells[i] = strings.TrimSpace(cell)
		left = left || cells[i] != ""
	}
	return left
}

func (t *table) row(cells []string) error {
	first := t.width == 0
	if first {
		var err error
		t.place, err = t.column.find(cells)
		numbers := where(cells, couldBeID)
		switch torn := t.torn(cells); {
		case torn != nil:
			return torn
		case len(t.start) == 1 && len(numbers) > 1 && t.column == Column{}:
			return &adviceError{twoIDs(cells[numbers[0]], cells[numbers[1]]), onOneLine}
		case err != nil:
			return err
		case t.index >= len(cells):
			return fmt.Errorf("there is no column %d", t.index+1)
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
	if err = cmp.Or(t.before.add(cells, t.index, id), err); err != nil {
		t.before.last = nil
	} else if t.bad.count == 0 {
		t.file.IDs = append(t.file.IDs, id)
	}
	return err
}

// id finds the ID of a row.
func (t *table) id(cells []string) (int64, error) {
	if t.index >= len(cells) {
		return 0, fmt.Errorf("there is no column %d", t.index+1)
	}
	if err := t.torn(cells); err != nil {
		return 0, err
	}
	id, err := ParseID(cells[t.index])
	if err != nil && t.titles != nil && strings.EqualFold(cells[t.index], t.titles[t.index]) {
		err = fmt.Errorf("%w: the line repeats the titles; take it out", err)
		if t.before.last != nil { // sheets put together, each with its total
			err = fmt.Errorf("%w; in the row before, %w", err, t.before.last)
		}
		return 0, err
	}
	for i, cell := range cells {
		// Decimal commas make more cells, which may be empty.
		if i == t.index || cell == "" && (i < t.width || t.separator != ',') || t.certain && i < t.width {
			continue
		}
		could := couldBeID(cell)
		switch {
		case could && !t.certain && i >= t.width && couldBeID(cells[t.index]):
			return 0, &adviceError{twoIDs(cells[t.index], cell), onOneLine}
		case could && !t.certain && couldBeID(cells[t.index]):
			first, second := min(i, t.index), max(i, t.index)
			return 0, undecided(twoIDs(cells[first], cells[second]), t.titles, first, second)
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

// torn is about a number that commas cut into two cells, so that its first digits look like an ID.
func (t *table) torn(cells []string) error {
	i := t.index
	if t.separator != ',' || i+1 >= len(cells) || strings.Trim(cells[i], "0123456789") != "" {
		return nil
	}
	number := cells[i] + "," + cells[i+1]
	switch {
	case exponent.MatchString(cells[i+1]):
		_, err := ParseID(number)
		return err
	case t.width == 1 && len(cells) == 2 && cells[1] != "" && strings.Trim(cells[1], "0") == "":
		return &adviceError{display.Quoted(number) + " has a decimal comma, so it is not a message ID", plainAdvice}
	}
	return nil
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

const onOneLine = "If they are several message IDs on one line, put each on a line of its own."

func twoIDs(first, second string) string {
	return display.Quoted(first) + " and " + display.Quoted(second) + " could both be message IDs"
}

// undecided means that --column has to say which of these columns it is.
func undecided(text string, titles []string, columns ...int) error {
	var flags []string
	for _, i := range columns[:min(len(columns), 10)] {
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
