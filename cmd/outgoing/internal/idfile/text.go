package idfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// decode returns the text of a file and its start, without a byte order mark, as UTF-8 if it was UTF-16, and with newlines.
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
	var nuls [2]int // in UTF-16 every second byte of ASCII is one
	for i, c := range raw {
		if c == 0 {
			nuls[i%2]++
		}
	}
	decoder := unicode.BOMOverride(transform.Nop)
	switch {
	case nuls[0] == 0 && 8*nuls[1] >= len(raw):
		decoder = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	case nuls[1] == 0 && 8*nuls[0] >= len(raw):
		decoder = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	}
	start, _, _ = transform.Bytes(decoder, raw)
	text = transform.NewReader(text, decoder)
	if !bytes.Contains(start, []byte("\n")) {
		text = oldMac{text}
		start = bytes.ReplaceAll(start, []byte("\r"), []byte("\n"))
	}
	for begins, what := range foreign {
		if bytes.HasPrefix(raw, []byte(begins)) || bytes.HasPrefix(bytes.TrimSpace(start), []byte(begins)) {
			return nil, nil, errors.New("it is " + what)
		}
	}
	return text, start, nil
}

// oldMac is a text with newlines in place of carriage returns.
type oldMac struct{ io.Reader }

func (r oldMac) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], []byte("\r"), []byte("\n")))
	return n, err
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
