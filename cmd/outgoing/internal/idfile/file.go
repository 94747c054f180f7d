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
	"unicode"

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
	if err != nil {
		return File{}, err
	}
	if isJSON(start) {
		if column.given() {
			return File{}, errors.New("it is JSON, which has no columns: leave --column out")
		}
		ids, err := readJSON(text)
		return File{IDs: ids}, err
	}
	rest, separator, err := skipSeparatorLine(text, start)
	if err != nil {
		return File{}, err
	}
	t := &table{column: column, separator: separator}
	if separator == 0 {
		if t.separator, err = chooseSeparator(start, column); err != nil {
			return File{}, err
		}
	}
	if err := t.readAll(rest); err != nil {
		return File{}, err
	}
	return t.file, nil
}

// maxRow is the longest row that is read. It bounds the memory for a file that is not one of IDs.
const maxRow = 1 << 20

// table reads rows. What it learns from the first of them holds for all.
type table struct {
	column    Column
	separator rune
	titles    []string // the first row, if it is a header
	width     int      // cells of the first row; 0 before it
	index     int      // of the column with the IDs
	certain   bool     // the column was named, by the user or by its title: the others may hold numbers
	sum       int64    // of the IDs
	last      int      // line
	file      File
	bad       badRows
}

func (t *table) readAll(r io.Reader) error {
	limit := &rowLimit{r: r}
	rows := csv.NewReader(limit)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = t.separator, -1, true
	rows.TrimLeadingSpace = t.separator != '\t'
	for {
		limit.from = rows.InputOffset()
		cells, err := rows.Read()
		wrong, malformed := errors.AsType[*csv.ParseError](err)
		switch {
		case errors.Is(err, io.EOF):
			t.checkSum()
			return t.bad.orNil()
		case errors.Is(err, errLongRow):
			t.bad.add(t.last+1, err)
			return t.bad.orNil()
		case malformed:
			t.bad.add(wrong.StartLine, wrong.Err)
			continue
		case err != nil:
			return err
		}
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(cell)
		}
		if slices.IndexFunc(cells, func(cell string) bool { return cell != "" }) < 0 {
			continue // a spreadsheet's empty row
		}
		t.last, _ = rows.FieldPos(0)
		if err := t.row(cells); err != nil {
			t.bad.add(t.last, err)
			if t.width == 0 {
				return t.bad.orNil() // no other row can be read
			}
		}
	}
}

func (t *table) row(cells []string) error {
	header := false
	if t.width == 0 {
		var err error
		if header, err = t.begin(cells); err != nil {
			return err
		}
		t.width = len(cells)
		if header {
			t.titles = slices.Clone(cells)
			t.file.Note = fmt.Sprintf("line %d is taken for a header: %s", t.last, display.Quoted(cells[t.index]))
		}
		if t.width > 1 {
			t.file.Column = strings.TrimSpace(fmt.Sprintf("column %d %s", t.index+1, titleIn(t.titles, t.index)))
		}
	}
	if err := t.hidesRow(cells); err != nil || header {
		return err
	}
	id, err := t.id(cells)
	if err == nil && t.bad.count == 0 {
		t.file.IDs = append(t.file.IDs, id)
		t.sum += id
	}
	return err
}

func titleIn(titles []string, index int) string {
	if index >= len(titles) || titles[index] == "" {
		return ""
	}
	return "(" + display.Quoted(titles[index]) + ")"
}

// begin finds the column, given the first row, and reports whether that row is a header.
func (t *table) begin(cells []string) (header bool, err error) {
	numbers := columnsOf(cells, number)
	isTitle := func(cell string) bool { return strings.IndexFunc(cell, unicode.IsNumber) < 0 }
	if t.column.given() {
		t.certain = true
		t.index, err = t.column.find(cells)
		return t.column.title != "" || t.index < len(cells) && cells[t.index] != "" && isTitle(cells[t.index]), err
	}
	named, ids := titled(cells, messageIDTitle), titled(cells, idTitle)
	if isOwn(cells) {
		named = ids
	}
	switch {
	case len(named) == 1:
		t.index, t.certain = named[0], true
		return true, nil
	case len(named) > 1:
		return false, &columnError{"several titles speak of message IDs", offer(cells, named)}
	case len(ids) == 1 && len(numbers) > 0:
		return false, &columnError{fmt.Sprintf("it has a title, %s, and a number, %s", display.Quoted(cells[ids[0]]), display.Quoted(cells[numbers[0]])),
			offer(cells, ids)}
	case len(ids) == 1 && len(titled(cells, messageTitle)) == 0:
		t.index = ids[0]
		return true, nil
	case len(ids) > 0:
		return false, &columnError{"the titles leave open which column holds the message IDs", offer(cells, slices.Compact(slices.Sorted(slices.Values(append(ids, titled(cells, messageTitle)...)))))}
	case len(numbers) > 0:
		t.index = numbers[0]
		return false, nil
	case len(cells) == 1:
		return isTitle(cells[0]) && messageTitle.MatchString(squash(cells[0])), nil
	}
	all := make([]int, min(len(cells), 10))
	for i := range all {
		all[i] = i
	}
	return false, &columnError{"no title says that its column holds the message IDs, as message_id, sms_id or id would", offer(cells, all)}
}

// id finds the ID of a row.
func (t *table) id(cells []string) (int64, error) {
	if i := slices.IndexFunc(cells, func(cell string) bool { return totalTitle.MatchString(squash(cell)) }); i >= 0 {
		return 0, fmt.Errorf("%s: it looks like a total, and not like a message; take the line out", display.Quoted(cells[i]))
	}
	if t.index >= len(cells) {
		return 0, fmt.Errorf("there is no column %d", t.index+1)
	}
	id, err := ParseID(cells[t.index])
	for i, cell := range cells {
		switch {
		case i == t.index:
		case !t.certain && kindOf(cell) == number:
			both := []int{min(i, t.index), max(i, t.index)}
			why := fmt.Sprintf("%s and %s could both be message IDs", display.Quoted(cells[both[0]]), display.Quoted(cells[both[1]]))
			if kindOf(cells[t.index]) != number {
				why = fmt.Sprintf("%v, but %s could be one", err, display.Quoted(cell))
			}
			return 0, &columnError{why, offer(t.titles, both)}
		case err == nil && i >= t.width && cell != "" && (t.index > 0 || kindOf(cell) == number):
			return 0, fmt.Errorf("it has %d cells, and the first row has %d", len(cells), t.width)
		}
	}
	if len(t.file.IDs)+t.bad.count == 0 && t.width == 1 && t.titles == nil && kindOf(cells[t.index]) == word {
		err = &columnError{err.Error(), "If it is a title, say so: --column 1."}
	}
	return id, err
}

// checkSum refuses a last ID that is the sum of all before it, since spreadsheets put totals there.
func (t *table) checkSum() {
	if n := len(t.file.IDs); n > 2 && t.bad.count == 0 && t.sum > 10_000 {
		if last := t.file.IDs[n-1]; t.sum-last == last {
			t.bad.add(t.last, fmt.Errorf("%d is the sum of all IDs before it: if it is a total, take the line out; if it is an ID, move it up", last))
		}
	}
}

// hidesRow refuses a quoted cell with a line that looks like a row: a quotation mark may be missing before it, and its ID
// would be lost.
func (t *table) hidesRow(cells []string) error {
	for _, cell := range cells {
		if !strings.Contains(cell, "\n") {
			continue
		}
		for line := range strings.Lines(cell) {
			parts := strings.Split(line, string(t.separator))
			for i, part := range parts {
				parts[i] = strings.Trim(strings.TrimSpace(part), `"`)
			}
			if len(parts) >= max(t.width, 2) && len(columnsOf(parts, number)) > 0 {
				return errors.New("a quoted cell has a line that looks like a row; is a quotation mark missing?")
			}
		}
	}
	return nil
}

func columnsOf(cells []string, k kind) (found []int) {
	for i, cell := range cells {
		if kindOf(cell) == k {
			found = append(found, i)
		}
	}
	return found
}

// rowLimit ends the reading in a row that is longer than maxRow.
type rowLimit struct {
	r          io.Reader
	from, read int64 // where the row starts, and what was read
}

var errLongRow = errors.New("it is longer than 1 MiB; is a quotation mark missing, or is this not a file of message IDs?")

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.read-l.from > maxRow {
		return 0, errLongRow
	}
	n, err := l.r.Read(p)
	l.read += int64(n)
	return n, err
}
