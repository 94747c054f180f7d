package idfile

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// separators are those that are known, the likeliest first: whoever separates by semicolons has commas in numbers, and
// after a tab nothing else means anything.
const separators = "\t;|,"

// skipSeparatorLine takes the line away by which Excel names the separator, "sep=;".
func skipSeparatorLine(text io.Reader, start []byte) (io.Reader, rune, error) {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	name := strings.Trim(string(line), `"`)
	if len(name) < len("sep=") || !strings.EqualFold(name[:len("sep=")], "sep=") {
		return text, 0, nil
	}
	name = name[len("sep="):]
	if len(name) != 1 || !strings.Contains(separators, name) {
		return nil, 0, fmt.Errorf("line 1: the separator %s is not one of , ; | and tab", display.Quoted(name))
	}
	// Only the line's text goes, so that the lines after it keep their numbers.
	_, err := io.CopyN(io.Discard, text, int64(len(line)))
	return text, rune(name[0]), err
}

// chooseSeparator finds what separates the cells of a file by the first row that has several. Where two could do so, such as
// in "12,50;43456", it is the one under which a title stands that says where the IDs are; without one it must not matter.
func chooseSeparator(start []byte, column Column) (rune, error) {
	var (
		found []rune
		rows  [][]string
		first = -1 // line
	)
	for _, s := range separators {
		cells, line := firstSplit(start, s)
		if cells == nil || first >= 0 && line > first {
			continue
		}
		if line < first || first < 0 {
			found, rows, first = nil, nil, line
		}
		found, rows = append(found, s), append(rows, cells)
	}
	if len(found) == 0 {
		return ',', nil
	}
	for i, cells := range rows {
		_, err := column.find(cells)
		if column.title != "" && err == nil || !column.given() && (len(titled(cells, messageIDTitle)) > 0 || len(titled(cells, idTitle)) > 0) {
			return found[i], nil
		}
	}
	if len(found) == 1 || column.given() {
		return found[0], nil
	}
	parts := strings.FieldsFunc(strings.Join(rows[0], string(found[0])), func(r rune) bool { return slices.Contains(found, r) })
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	numbers := columnsOf(parts, number)
	if len(numbers) > 1 {
		return 0, fmt.Errorf("line %d: it has %s as separators, of which a file has one; a first line such as sep=; tells which",
			first, strings.ReplaceAll(strings.Join(strings.Split(string(found), ""), " and "), "\t", "tab"))
	}
	for i, cells := range rows {
		if len(numbers) == 1 && slices.Contains(cells, parts[numbers[0]]) {
			return found[i], nil
		}
	}
	return found[0], nil
}

// firstSplit returns the first row that has several cells under a separator, and its line; nil if none has.
func firstSplit(start []byte, separator rune) ([]string, int) {
	r := csv.NewReader(bytes.NewReader(start))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = separator, -1, true, true
	for {
		cells, err := r.Read()
		if err != nil {
			return nil, 0
		}
		if len(cells) > 1 {
			for i, cell := range cells {
				cells[i] = strings.TrimSpace(cell)
			}
			line, _ := r.FieldPos(0)
			return cells, line
		}
	}
}
