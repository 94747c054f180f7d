package idfile

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// decode returns the text of a file as UTF-8, without a byte order mark and with newlines, and its start. A file that is no
// text at all is an error that says what it is.
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
	decoder := unicode.BOMOverride(withoutMark(raw))
	start, _, _ = transform.Bytes(decoder, raw)
	if bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0 { // an old Mac's
		decoder = transform.Chain(decoder, runes.Map(func(r rune) rune {
			if r == '\r' {
				return '\n'
			}
			return r
		}))
		start = bytes.ReplaceAll(start, []byte("\r"), []byte("\n"))
	}
	err = cmp.Or(checkForeign(raw), checkForeign(start))
	if err == nil && ownTable.Match(start) {
		err = errors.New("it is the table that this command prints for people; give --file what --format jsonl or csv writes")
	}
	return transform.NewReader(text, decoder), start, err
}

// withoutMark decodes a file without a byte order mark: from UTF-16, if many of the bytes in every second place are NUL, and
// from Windows-1250, if it is not UTF-8.
func withoutMark(start []byte) transform.Transformer {
	var nuls [2]int
	for i, c := range start {
		if c == 0 {
			nuls[i%2]++
		}
	}
	switch many := max(1, (len(start)+7)/8); {
	case nuls[0] == 0 && nuls[1] >= many:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case nuls[1] == 0 && nuls[0] >= many:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	}
	if !utf8.Valid(start[:bytes.LastIndexByte(start, '\n')+1]) { // the last line may be cut within a character
		return charmap.Windows1250.NewDecoder() // of Polish programs
	}
	return transform.Nop
}

var (
	startOfJSON   = regexp.MustCompile(`^\s*[\[{]`)
	ownTable      = regexp.MustCompile(`^ID {2,}STAT(US|E)\b`)
	separatorLine = regexp.MustCompile(`^("?(?i:sep)=([,;|\t])"?)\r?(\n|$)`) // by which Excel names it
)

const (
	saveAsCSV  = "save it as CSV in the program that it is from"
	saveSheets = saveAsCSV + ", each sheet by itself (Excel saves only the sheet in view,\nand rows that a filter hides, too)"
	copyOut    = "copy the IDs into a file with one a line"
)

// foreign are files by how they start, after white space; the first that fits counts. What is inside tells archives apart.
var foreign = []struct {
	starts       []string
	inside       string
	name, advice string
}{
	{[]string{"PK\x03\x04"}, "application/vnd.oasis", "an OpenDocument spreadsheet (.ods)", saveSheets},
	{[]string{"PK\x03\x04"}, "xl/", "an Excel workbook (.xlsx)", saveSheets},
	{[]string{"PK\x03\x04"}, "[Content_Types].xml", "an Excel workbook (.xlsx)", saveSheets},
	{[]string{"PK\x03\x04", "PK\x05\x06"}, "", "a ZIP archive, as spreadsheets are, too", "unpack it, or " + saveAsCSV},
	{[]string{"\xd0\xcf\x11\xe0", "\x09\x08\x10", "\x09\x04\x06"}, "", "an old Excel workbook (.xls)", saveSheets},
	{[]string{"\x1f\x8b"}, "", "compressed with gzip", "unpack it first: gunzip -c FILE | ... --file -"},
	{[]string{"BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "7z\xbc\xaf", "Rar!"}, "", "a compressed file", "unpack it first"},
	{[]string{"%PDF"}, "", "a PDF", copyOut},
	{[]string{"{\\rtf"}, "", "an RTF document", copyOut},
	{[]string{"<"}, "", "HTML or XML, which some programs call .xls", saveAsCSV},
	{[]string{"\x89PNG", "\xff\xd8\xff", "GIF8", "SQLite format"}, "", "a binary file", copyOut},
}

func checkForeign(start []byte) error {
	text := string(start)
	trimmed := strings.TrimLeft(text, "\ufeff \t\r\n")
	for _, f := range foreign {
		begins := func(s string) bool { return strings.HasPrefix(text, s) || strings.HasPrefix(trimmed, s) }
		if slices.ContainsFunc(f.starts, begins) && strings.Contains(text, f.inside) {
			return fmt.Errorf("it is %s, and no text with message IDs; %s", f.name, f.advice)
		}
	}
	return nil
}

var errOtherJSON = errors.New("it is JSON, but not what get, cancel, list or watch write with --format json or jsonl;\n" +
	"take the message IDs out of it, such as jq -r '.[].message_id' FILE | ... --file -")

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
			return nil, errOtherJSON
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

// separators are those that are known, the likeliest first: whoever separates by semicolons has commas in numbers, and
// after a tab nothing else means anything.
const separators = "\t;|,"

// chooseSeparator returns what separates the cells of a file, by the first row that has several. Where two could do so, it is
// the first under which that row says where the IDs are; in a row without titles, such as "12;43456,Anna", it must not matter.
func chooseSeparator(start []byte, column Column) (separator rune, skip int, err error) {
	if named := separatorLine.FindSubmatch(start); named != nil {
		return rune(named[2][0]), len(named[1]), nil // and not its newline, so that lines keep their numbers
	}
	first, best, decided, certain := 0, ',', false, false
	var chosen []string
	for _, s := range separators {
		rows := firstRows(start, s)
		i := slices.IndexFunc(rows, func(r row) bool { return len(r.cells) > 1 })
		if i < 0 {
			continue
		}
		line, cells := rows[i].line, rows[i].cells
		at, err := column.find(cells)
		decides := err == nil && at.index < len(cells)
		if first == 0 || line < first || line == first && decides && !decided {
			first, best, decided, certain, chosen = line, s, decides, at.certain, cells
		}
	}
	isSeparator := func(r rune) bool { return strings.ContainsRune(separators, r) }
	parts := strings.FieldsFunc(strings.Join(chosen, string(best)), isSeparator)
	if decided && !certain && len(where(chosen, couldBeID)) == 1 && len(where(parts, couldBeID)) > 1 {
		return 0, 0, fmt.Errorf("line %d: it can be read in two ways: a first line sep=; (or another) tells what separates", first)
	}
	return best, 0, nil
}
