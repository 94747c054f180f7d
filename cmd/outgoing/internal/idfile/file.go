// Package idfile reads message IDs from what shells, spreadsheets and this command itself write.
//
// A file may name what is to be cancelled, so nothing in it is guessed: a column holds the IDs if no other one could, or if
// a title says so, or the user; and an ID is digits and nothing else. Whatever differs is an error that names the line and
// says how to go on. No line is skipped or cut silently.
package idfile

import (
	"cmp"
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

// table is what was read of a file, and what its first row says of the others.
type table struct {
	column    string
	separator rune
	width     int      // cells of the first row; 0 before it
	titles    []string // the first row, if it is a header
	place
	before rowsBefore
	file   File
	bad    badRows
}

// Read reads a whole file, so that all bad lines are named at once. The column with the IDs is a number, from 1 on, or a title;
// "" leaves it to the file.
func Read(in io.Reader, column string) (File, error) {
	text, start, err := decode(in)
	switch {
	case err != nil:
		return File{}, err
	case startOfJSON.Match(start) && column != "":
		return File{}, errors.New("it is JSON, which has no columns: leave --column out")
	case startOfJSON.Match(start):
		ids, err := readJSON(text)
		return File{IDs: ids}, err
	}
	separator, err := chooseSeparator(start, column)
	if err != nil {
		return File{}, err
	}
	t := table{column: column, separator: separator}
	for r, err := range rows(text, separator, separator != '\t') {
		if r.line == 0 {
			return File{}, err
		}
		joined := strings.Join(r.cells, "")
		namesSeparator := r.line == 1 && strings.EqualFold(strings.TrimRight(joined, separators), "sep=")
		if err == nil && joined != "" && !namesSeparator { // a spreadsheet has empty rows
			err = t.add(r)
		}
		t.bad.add(r.line, err)
		if err != nil && t.width == 0 { // the first row cannot be read
			break
		}
	}
	t.endRows()
	if t.bad.count > 0 {
		return File{}, t.bad.err()
	}
	return t.file, nil
}

// add takes in a row. The first one says where the IDs stand.
func (t *table) add(r row) (err error) {
	first := t.width == 0
	if first {
		if t.place, err = find(t.column, r.cells); err != nil {
			return err
		}
		if t.header {
			t.titles = slices.Clone(r.cells)
			t.file.Note = fmt.Sprintf("line %d is taken for a header: %s", r.line, display.Quoted(r.cells[t.index]))
		}
		if t.width = len(r.cells); t.width > 1 {
			t.file.Column = columnName(t.titles, t.index)
		}
	}
	switch {
	case t.hidesRow(r.cells):
		return errors.New("a quoted cell has a line that looks like a row; is a quotation mark missing?")
	case first && t.header:
		return nil
	}
	id, err := t.id(r.cells)
	if err = t.before.add(r, t.index, id, err); err == nil && t.bad.count == 0 {
		t.file.IDs = append(t.file.IDs, id)
	}
	return err
}

// endRows begins anew below rows that may end in totals.
func (t *table) endRows() {
	t.bad.count += t.before.doubts.count
	t.bad.first = append(t.bad.first, t.before.doubts.first...)
	t.before = rowsBefore{}
}

const (
	asNumbers = "In the spreadsheet, format the column as a number without decimals and without separators\n" +
		`(in pandas, .astype("Int64")), and save the file again.`
	ifSeveral = "If there are several IDs in it, put each on a line of its own; if another column holds the IDs, --column says which."
	ifRounded = "What the spreadsheet got the IDs from has their digits; this file does not."
	ifAbove   = "If it is a title, take out the lines above it."
	ifTitle   = "If it is a title, --column 1 says so; if it stands above titles or IDs, take it out."
)

// id finds the ID of a row.
func (t *table) id(cells []string) (int64, error) {
	if t.index >= len(cells) {
		return 0, fmt.Errorf("there is no column %d", t.index+1)
	}
	cell := cells[t.index]
	if number := cell + "," + at(cells, t.index+1); t.separator == ',' && torn.MatchString(number) {
		return ParseID(number) // whose first digits look like an ID
	}
	id, err := ParseID(cell)
	if err != nil && t.header && strings.EqualFold(cell, t.titles[t.index]) {
		t.endRows() // sheets put together, each with its total
		return 0, fmt.Errorf("%w: the line repeats the titles; take it out", err)
	}
	for i, other := range cells {
		switch {
		case t.certain || i == t.index || !couldBeID(other):
		case couldBeID(cell):
			i, j := min(i, t.index), max(i, t.index)
			return 0, undecided(twoIDs(cells[i], cells[j]), t.titles, i, j)
		default:
			return 0, undecided(fmt.Sprintf("%v, but %s could be one", err, display.Quoted(other)), t.titles, t.index, i)
		}
	}
	if extra := cells[min(t.width, len(cells)):]; len(extra) > 0 {
		// Decimal commas make more cells, which may be empty, and shift those after them.
		shifted := t.index > 0 && (t.separator == ',' || strings.Join(extra, "") != "")
		longer := fmt.Sprintf("it has %d cells, and the first row, where titles must be, has %d", len(cells), t.width)
		switch {
		case err != nil:
			err = fmt.Errorf("%w; %s", err, longer)
		case shifted || slices.ContainsFunc(extra, couldBeID):
			err = errors.New(longer)
		}
	}
	advice := ""
	switch text := plain(cell); {
	case strings.Trim(cell, "-0123456789") == "":
	case rounded.MatchString(text):
		advice = ifRounded
	case couldBeID(cell) && lossless.MatchString(text):
		advice = asNumbers
	case couldBeID(cell):
		advice = ifSeveral
	case t.before.count == 0 && t.header:
		advice = ifAbove
	case t.before.count == 0 && t.width == 1:
		advice = ifTitle
	}
	if err != nil && advice != "" {
		err = fmt.Errorf("%w\n%s", err, advice)
	}
	return id, err
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

func twoIDs(first, second string) string {
	return display.Quoted(first) + " and " + display.Quoted(second) +
		" could both be message IDs (if they are, put each on a line of its own)"
}

// undecided is an error which means that --column has to say which of these columns it is.
func undecided(text string, titles []string, columns ...int) error {
	var flags []string
	for _, i := range columns[:min(len(columns), 10)] {
		flags = append(flags, "--"+columnName(titles, i))
	}
	return errors.New(text + "\nSay which column holds the message IDs: " + strings.Join(flags, " or ") + ".")
}

func columnName(titles []string, column int) string {
	name := fmt.Sprintf("column %d", column+1)
	if title := at(titles, column); title != "" {
		name += " (" + display.Quoted(title) + ")"
	}
	return name
}

// badRows collects what is wrong with a file. What errors say after their first line is how to go on.
type badRows struct {
	count  int
	first  []string // at most ten
	advice string   // of the first that has one for the whole file
}

func (b *badRows) add(line int, err error) {
	if err == nil {
		return
	}
	text, advice, _ := strings.Cut(err.Error(), "\n")
	if b.count++; b.count <= 10 {
		b.first = append(b.first, fmt.Sprintf("line %d: %s", line, text))
	}
	if b.advice == "" || b.advice == asNumbers { // which may harm another line
		b.advice = cmp.Or(advice, b.advice)
	}
}

func (b *badRows) err() error {
	named := b.first[:min(len(b.first), 10)]
	text := strings.Join(named, "\n  ")
	if more := b.count - len(named); more > 0 {
		text += "\n  and " + display.Plural(more, "more line", "more lines")
	}
	return errors.New(strings.TrimSpace(text + "\n" + b.advice))
}
