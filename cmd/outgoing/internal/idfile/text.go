package idfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// decode returns the text of a file and its start, without a byte order mark, and as UTF-8 if it was UTF-16.
// A file that is no text at all is an error that says what it is.
func decode(r io.Reader) (text io.Reader, start []byte, err error) {
	const size = 64 << 10
	raw, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return nil, nil, err
	}
	text = bytes.NewReader(raw)
	if len(raw) == size { // otherwise the end is not read again: at a terminal that would take another Ctrl-D
		text = io.MultiReader(text, r)
	}
	decoder := unicode.BOMOverride(transform.Nop)
	var nuls [2]int // at even and at odd places: UTF-16 has many, of digits and line breaks
	for i, b := range raw {
		if b == 0 {
			nuls[i%2]++
		}
	}
	switch few, first := len(raw)/8, bytes.IndexByte(raw, 0); {
	case first == 0, nuls[0] > max(few, nuls[1]):
		decoder = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	case first == 1, nuls[1] > max(few, nuls[0]):
		decoder = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	}
	start, _, _ = transform.Bytes(decoder, raw)
	for begins, what := range foreign {
		if bytes.HasPrefix(raw, []byte(begins)) || bytes.HasPrefix(bytes.TrimSpace(start), []byte(begins)) {
			return nil, nil, errors.New("it is " + what)
		}
	}
	switch {
	case bytes.Count(start, []byte{0}) > len(start)/4:
		return nil, nil, errors.New("it is UTF-32, or no text; save it as UTF-8")
	case bytes.Contains(start, []byte("\r")) && !bytes.Contains(start, []byte("\n")):
		return nil, nil, errors.New("its lines end in carriage returns, as on an old Mac; save it with other line breaks")
	}
	return transform.NewReader(text, decoder), start, nil
}

const saveAsCSV = "save it as CSV in the program that it is from"

// foreign are files by how they start, after white space.
var foreign = map[string]string{
	"PK\x03\x04": "an Excel workbook (.xlsx) or another ZIP archive; " + saveAsCSV + ",\n" +
		"each sheet by itself (Excel saves only the sheet in view, and rows that a filter hides, too)",
	"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); " + saveAsCSV,
	"\x1f\x8b":         "compressed with gzip; unpack it first: gunzip -c FILE | ... --file -",
	"%PDF":             "a PDF; copy the IDs out of it, one a line",
	"<":                "HTML or XML, which some programs call .xls; " + saveAsCSV,
	"ID          ":     "the table that this command prints for people; give --file what --format jsonl or csv writes",
}

var startOfJSON = regexp.MustCompile(`^\s*[\[{]`)

// readJSON reads this command's own results: an array of objects, or objects one after the other.
func readJSON(r io.Reader) (ids []int64, err error) {
	in := jsontext.NewDecoder(r)
	for {
		var object map[string]jsontext.Value
		kind := in.PeekKind()
		if kind == '{' {
			err = json.UnmarshalDecode(in, &object)
		} else {
			_, err = in.ReadToken()
		}
		switch {
		case errors.Is(err, io.EOF) && in.StackDepth() == 0 && kind != '{':
			return ids, nil
		case err != nil:
			return nil, fmt.Errorf("object %d: it is not JSON: %w", len(ids)+1, err)
		case kind == ']', kind == '[' && in.StackDepth() == 1:
			continue
		case !isOwn(slices.Collect(maps.Keys(object))):
			return nil, errors.New("it is JSON, but not what get, cancel, list or watch write with --format json or jsonl;\n" +
				"take the message IDs out of it, such as jq -r '.[].message_id' FILE | ... --file -")
		}
		id, err := ParseID(object["id"].String())
		if err != nil {
			return nil, fmt.Errorf("object %d: %w", len(ids)+1, err)
		}
		ids = append(ids, id)
	}
}

type row struct {
	line  int
	cells []string // without white space around them
}

// maxRow bounds the memory for a file that is not one of IDs.
const maxRow = 1 << 20

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
				yield(row{line: line + 1}, errors.New("it is longer than 1 MiB; is a quotation mark missing, "+
					"or is this not a file of message IDs?"))
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
