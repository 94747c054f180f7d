package idfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

type row struct {
	line  int
	cells []string // without white space around them
}

// maxRow bounds the memory for a file that is not one of IDs.
const maxRow = 1 << 20

var errLongRow = errors.New("it is longer than 1 MiB; is a quotation mark missing, or is this not a file of message IDs?")

// rows returns the rows of a text in UTF-8 or Windows-1250, and what is wrong with those that are malformed. An error without
// a line ends them: the text cannot be read. The cells are valid until the next row. If indented is true, white space before
// a row is no cell.
func rows(text io.Reader, separator rune, indented bool) iter.Seq2[row, error] {
	limited := &io.LimitedReader{R: text}
	in := csv.NewReader(limited)
	in.Comma, in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = separator, -1, true, indented
	return func(yield func(row, error) bool) {
		for line := 0; ; {
			limited.N = maxRow
			cells, err := in.Read()
			malformed, ok := errors.AsType[*csv.ParseError](err)
			switch {
			case limited.N <= 0:
				yield(row{line: line + 1}, errLongRow)
				return
			case errors.Is(err, io.EOF):
				return
			case ok:
				line, err = malformed.StartLine, malformed.Err
			case err != nil:
				yield(row{}, err)
				return
			default:
				line, _ = in.FieldPos(0)
				for i, cell := range cells {
					if !utf8.ValidString(cell) {
						cell, _ = charmap.Windows1250.NewDecoder().String(cell) // of Polish programs
					}
					cells[i] = strings.TrimSpace(cell)
				}
			}
			if !yield(row{line, cells}, err) {
				return
			}
		}
	}
}

// separators are those that are known, the likeliest first: whoever separates by semicolons has commas in numbers, and
// after a tab nothing else means anything.
const separators = "\t;|,"

var separatorLine = regexp.MustCompile(`^"?(?i:sep)=([,;|\t])"?\r?(\n|$)`) // by which Excel names it

// chooseSeparator returns what separates the cells of a file, by the first row that has several. Where two could do so, it is
// the first under which that row says where the IDs are; in a row without titles, such as "12;43456,Anna", it must not matter.
func chooseSeparator(start []byte, column string) (rune, error) {
	if named := separatorLine.FindSubmatch(start); named != nil {
		return rune(named[1][0]), nil
	}
	best, chosen, decided, certain := ',', row{}, false, false
	for _, s := range separators {
		for r, malformed := range rows(bytes.NewReader(start), s, true) {
			if malformed != nil || len(r.cells) == 1 {
				continue
			}
			ids, err := find(column, r.cells)
			if chosen.line == 0 || r.line < chosen.line || r.line == chosen.line && err == nil && !decided {
				best, chosen, decided, certain = s, r, err == nil, ids.certain
			}
			break
		}
	}
	separates := func(r rune) bool { return strings.ContainsRune(separators, r) }
	parts := strings.FieldsFunc(strings.Join(chosen.cells, string(best)), separates)
	if decided && !certain && len(where(chosen.cells, couldBeID)) == 1 && len(where(parts, couldBeID)) > 1 {
		return 0, fmt.Errorf("line %d: it can be read in two ways: a first line sep=; (or another) tells how", chosen.line)
	}
	return best, nil
}

// where returns the columns whose cells are what is looked for.
func where(cells []string, is func(string) bool) (columns []int) {
	for i, cell := range cells {
		if is(cell) {
			columns = append(columns, i)
		}
	}
	return columns
}

// at returns a cell, which is empty if the row is too short.
func at(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}
