// Package idfile reads message IDs from what shells and spreadsheets write, and keeps any number of them in bounded memory.
package idfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// File is how to read the message IDs of a file: one a line, or one column of a CSV. A spreadsheet may have written it.
//
// A file may name what is to be cancelled, so its reading must be reliable: no line is skipped or cut silently, and nothing is guessed
// where two readings are possible. That is an error, which names the line and offers the column to be named.
type File struct {
	Column Column
	Add    func(int64) error // takes each ID
	Note   func(string)      // takes what a person should know, such as that the first line is a header
}

// The longest row that is read: it bounds the memory for a file that is not one of IDs at all.
const maxRow = 1 << 20

// Read reads the whole file, so that all bad lines are named at once; Add gets no ID after the first bad line.
func (f File) Read(r io.Reader) error {
	text := bufio.NewReaderSize(decodeText(r), 64<<10)
	separator, err := readSeparatorLine(text)
	if err != nil {
		return err
	}
	lines := &rowLimiter{r: text}
	p := &parser{file: f, separator: separator}
	for lines.more() {
		err := p.row(lines)
		if row, ok := errors.AsType[*rowError](err); ok {
			p.bad.add(row)
			continue
		}
		if err != nil {
			return err
		}
	}
	return p.bad.orNil()
}

// parser reads rows. What it learns from the first of them holds for all.
type parser struct {
	file      File
	separator rune // 0 until a row shows it
	index     int  // of the column with the IDs
	width     int  // cells of the first row; 0 before it
	certain   bool // the column was named, by the user or by its title
	bad       badRowsError
}

// row reads one row, which may have several lines if a cell is quoted.
func (p *parser) row(lines *rowLimiter) error {
	raw, number, err := lines.row()
	if err != nil {
		return err
	}
	if p.separator == 0 {
		if p.separator, err = chooseSeparator(raw, p.file.Column); err != nil {
			return &rowError{number, err}
		}
	}
	cells, err := splitRow(raw, p.separator)
	if err != nil {
		return &rowError{number, err}
	}
	if !slices.ContainsFunc(cells, func(cell string) bool { return cell != "" }) {
		return nil // a spreadsheet's empty row
	}
	header := false
	if p.width == 0 {
		p.width = len(cells)
		if header, err = p.begin(cells, number); err != nil {
			return err
		}
	}
	switch {
	case hidesRow(raw, p.separator, p.index, p.width):
		return &rowError{number, errors.New("a quoted cell has a line that looks like a row; is a quotation mark missing?")}
	case header:
		return nil
	}
	id, err := p.id(cells)
	switch {
	case err != nil:
		return &rowError{number, err}
	case p.bad.count > 0:
		return nil
	}
	return p.file.Add(id)
}

// begin looks at the first row, and reports whether it is a header.
func (p *parser) begin(cells []string, number int) (header bool, err error) {
	p.index, header, err = p.file.Column.find(cells)
	if err != nil {
		return false, &columnError{number, err}
	}
	p.certain = p.file.Column.given()
	if !header {
		return false, nil
	}
	if !p.certain {
		if p.certain, err = titlesFirst(cells); err != nil {
			return false, &columnError{number, err}
		}
	}
	if p.file.Note != nil {
		p.file.Note(fmt.Sprintf("line %d is taken for a header: %s", number, display.Quoted(cells[p.index])))
	}
	return true, nil
}

// id finds the ID of a row.
func (p *parser) id(cells []string) (int64, error) {
	if p.index >= len(cells) {
		return 0, fmt.Errorf("there is no column %d", p.index+1)
	}
	if text, ok := p.rounded(cells); ok {
		return 0, fmt.Errorf("column %d: %w", p.index+1, roundedError(text))
	}
	id, err := ParseID(cells[p.index])
	if err != nil {
		return 0, p.misplaced(cells, err)
	}
	for i, cell := range cells {
		switch {
		case i == p.index:
		case !p.certain && couldBeID(cell):
			return 0, &ambiguousError{fmt.Sprintf("%s and %s could both be message IDs", display.Quoted(cells[p.index]), display.Quoted(cell))}
		case i >= p.width && cell != "" && (p.index > 0 || couldBeID(cell)):
			return 0, fmt.Errorf("it has %d cells, and the first row has %d", len(cells), p.width)
		}
	}
	return id, nil
}

// rounded returns the ID of a row if a spreadsheet rounded it. "4,3456E+04" is two cells where commas separate, of which the
// first looks like an ID.
func (p *parser) rounded(cells []string) (text string, ok bool) {
	text = cells[p.index]
	if roundedID.MatchString(text) {
		return text, true
	}
	if p.separator == ',' && p.index+1 < len(cells) {
		text += "," + cells[p.index+1]
	}
	return text, splitID.MatchString(text)
}

// misplaced adds to an error that the ID seems to be in another column.
func (p *parser) misplaced(cells []string, err error) error {
	for i, cell := range cells {
		if i != p.index && !p.file.Column.given() && couldBeID(cell) {
			return &ambiguousError{fmt.Sprintf("%v, but %s could be one", err, display.Quoted(cell))}
		}
	}
	return err
}

// readSeparatorLine takes the line away by which Excel names the separator, "sep=;".
func readSeparatorLine(r *bufio.Reader) (rune, error) {
	start, _ := r.Peek(16)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	name := strings.Trim(strings.TrimRight(string(line), "\r"), `"`)
	if len(name) < len("sep=") || !strings.EqualFold(name[:len("sep=")], "sep=") {
		return 0, nil
	}
	name = name[len("sep="):]
	if len(name) != 1 || !strings.Contains(separators, name) {
		return 0, fmt.Errorf("line 1: the separator %s is not one of , ; and tab", display.Quoted(name))
	}
	// Only the line's text, so that the lines after it keep their numbers.
	_, err := r.Discard(len(bytes.TrimRight(line, "\r")))
	return rune(name[0]), err
}

// separators are those that are known, the likeliest first: whoever separates by semicolons has commas in numbers, and
// after a tab neither means anything.
const separators = "\t;,"

// chooseSeparator finds what separates the cells of a row; 0 if it has only one, so that a later row decides.
func chooseSeparator(raw []byte, column Column) (rune, error) {
	raw = bytes.TrimSpace(raw) // a tab before the only cell is an indent
	var found []rune
	for _, s := range separators {
		if cells, err := splitRow(raw, s); err == nil && len(cells) > 1 {
			found = append(found, s)
		}
	}
	if len(found) < 2 {
		if len(found) == 0 {
			return 0, nil
		}
		return found[0], nil
	}
	// Such as "12,50;43456": how many IDs there would be if all of them separated.
	candidates := 0
	for _, part := range bytes.FieldsFunc(raw, func(r rune) bool { return strings.ContainsRune(separators+"\n\"", r) }) {
		if couldBeID(strings.TrimSpace(string(part))) {
			candidates++
		}
	}
	if candidates == 0 {
		return headerSeparator(raw, found, column), nil
	}
	for i, s := range found {
		if i > 0 && candidates > 1 {
			break
		}
		cells, err := splitRow(raw, s)
		if err != nil {
			continue
		}
		index, _, err := column.find(cells)
		if err == nil && index < len(cells) && couldBeID(cells[index]) && (candidates == 1 || column.given()) {
			return s, nil
		}
	}
	return 0, &ambiguousError{fmt.Sprintf("it has %s as separators, of which a file has one; a first line such as sep=; tells which",
		joinSeparators(found))}
}

// headerSeparator returns the one under which a header has the column's title; otherwise the likeliest.
func headerSeparator(raw []byte, found []rune, column Column) rune {
	for _, s := range found {
		cells, err := splitRow(raw, s)
		if err != nil || len(cells) == 0 {
			continue
		}
		if _, _, err := column.find(cells); column.title != "" && err == nil || !column.given() && isIDTitle(cells[0]) {
			return s
		}
	}
	return found[0]
}

func joinSeparators(found []rune) string {
	return strings.ReplaceAll(strings.Join(strings.Split(string(found), ""), " and "), "\t", "tab")
}

var splitBuffers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// splitRow returns the cells of a row, without white space around them.
func splitRow(raw []byte, separator rune) ([]string, error) {
	if separator == 0 {
		separator = ',' // the row has none
	}
	if !bytes.ContainsRune(raw, '"') {
		return trimmed(strings.Split(strings.TrimRight(string(raw), "\r\n"), string(separator))), nil
	}
	buffer := splitBuffers.Get().(*bufio.Reader) // which a csv.Reader would otherwise allocate for each row
	defer splitBuffers.Put(buffer)
	buffer.Reset(bytes.NewReader(raw))
	r := csv.NewReader(buffer)
	r.Comma = separator
	r.TrimLeadingSpace = r.Comma != '\t'
	r.FieldsPerRecord = -1
	cells, err := r.Read()
	switch wrong, ok := errors.AsType[*csv.ParseError](err); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case ok:
		return nil, wrong.Err
	case err != nil:
		return nil, err
	}
	return trimmed(cells), nil
}

func trimmed(cells []string) []string {
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	return cells
}

// hidesRow reports whether a line inside a quoted cell looks like a row of the file: then a quotation mark may be missing
// before it, and its ID would be lost.
func hidesRow(raw []byte, separator rune, index, width int) bool {
	lines := bytes.Split(bytes.TrimRight(raw, "\r\n"), []byte("\n"))
	if separator == 0 || len(lines) == 1 {
		return false
	}
	for _, line := range lines[1:] {
		cells := strings.Split(string(line), string(separator))
		if len(cells) >= max(width, 2) && index < len(cells) && couldBeID(strings.Trim(strings.TrimSpace(cells[index]), `"`)) {
			return true
		}
	}
	return false
}
