// Package output prints results: messages and the outcomes of a cancel, as a table, JSON, JSON Lines or CSV.
//
// What does not print, such as control characters, reaches neither a terminal nor a file as it is, in any format.
package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mattn/go-runewidth"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// Formats are the names that New knows.
var Formats = []string{"table", "json", "jsonl", "csv", "excel"}

// Writer writes results in one format, each as it comes. It writes a row and what stands before it in one piece. So a header
// comes with the first row, and not before the work: a cancel that has no reader goes on.
type Writer[T any] struct {
	w         io.Writer
	line      func(row members) string // the titles, if row is nil; line is nil if a row is JSON
	after     string                   // each row
	now, then frame                    // then: from the second row on
}

// frame is what stands before the next row, or at the end if there is none.
type frame struct{ before, end string }

// New returns a Writer of one of the Formats.
func New[T any](format string, w io.Writer, l Layout[T], style terminal.Style) *Writer[T] {
	out := &Writer[T]{w: w}
	switch format {
	case "json":
		out.now, out.then = frame{"[\n  ", "[]\n"}, frame{",\n  ", "\n]\n"}
	case "jsonl":
		out.after = "\n"
	case "table":
		out.line = func(row members) string { return encodeTable(l.columns, row, style) }
		out.now.before = out.line(nil)
	case "csv", "excel":
		out.line = func(row members) string { return encodeCSV(l.fields, row, format == "excel") }
		out.now = frame{out.line(nil), out.line(nil)}
	}
	return out
}

// Write writes a row.
func (w *Writer[T]) Write(row T) error {
	text, err := encodeJSON(row)
	if err != nil {
		return err
	}
	if w.line != nil {
		text = w.line(membersOf(text))
	}
	text = w.now.before + text + w.after
	w.now = w.then
	_, err = io.WriteString(w.w, text)
	return err
}

// Close writes what ends the results.
func (w *Writer[T]) Close() error {
	_, err := io.WriteString(w.w, w.now.end)
	return err
}

// members are those of a JSON object and of the objects in it, as text, by their names: "id", "message/status_code". A member
// that is null is "", as one that is absent.
type members map[string]string

func membersOf(object string) members {
	m, dec := members{}, jsontext.NewDecoder(strings.NewReader(object))
	for token, err := dec.ReadToken(); err == nil; token, err = dec.ReadToken() {
		text := display.Printable(token.String())
		if token.Kind() == 'n' {
			text = ""
		}
		m[strings.TrimPrefix(string(dec.StackPointer()), "/")] = text // a value's comes after its name's
	}
	return m
}

// encodeTable returns a line for people: the titles, if row is nil. A long cell pushes what follows to the right. On a terminal
// the line is no longer than that is wide, and a cell no longer than two columns, but the last one has the rest of the line.
func encodeTable(columns []column, row members, style terminal.Style) string {
	texts, last := make([]string, len(columns)), 0
	for i, c := range columns {
		switch {
		case row == nil:
			texts[i] = c.title
		case c.text != nil:
			texts[i] = c.text(row)
		default:
			texts[i] = row[c.member]
		}
		if texts[i] != "" {
			last = i
		}
	}
	var b strings.Builder
	start, end := 0, 0 // of this column, and of what is written
	for i, c := range columns[:last+1] {
		text, color := texts[i], colors[texts[i]]
		if row == nil {
			color = terminal.Bold
		}
		if c.right {
			text = runewidth.FillLeft(text, c.width)
		}
		if style.Width > 0 {
			room := style.Width - start
			if i < last {
				room = min(room, 2*c.width)
			}
			if room <= 0 || style.Width < c.least {
				continue
			}
			text = runewidth.Truncate(text, room, "…")
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", start-end)) // only before a cell, so that no line ends in spaces
			b.WriteString(style.Paint(color, text))
			end = start + runewidth.StringWidth(text)
		}
		start = max(start+c.width, end) + 2 // spaces between columns
	}
	return b.String() + "\n"
}

// encodeJSON returns a value as the gateway would write it, but for what does not print: JSON itself escapes only the
// first 32 characters.
func encodeJSON(value any) (string, error) {
	var encoded bytes.Buffer
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(encoded.Len())
	for _, r := range strings.TrimSuffix(encoded.String(), "\n") {
		if !display.Unprintable(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String(), nil
}

// encodeCSV returns a record as RFC 4180 has it, but with a plain newline: the names of the fields, if row is nil. For
// Excel it is a dialect that a Polish one opens right.
func encodeCSV(fields []string, row members, excel bool) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if excel {
		w.Comma, w.UseCRLF = ';', true
	}
	if excel && row == nil {
		b.WriteString("\ufeff")
	}
	record := make([]string, len(fields))
	for i, field := range fields {
		text := path.Base(field)
		if row != nil {
			text = row[field]
		}
		if excel {
			text = excelCell(field, text)
		}
		record[i] = text
	}
	_ = w.WriteAll([][]string{record}) // a Builder takes everything
	return b.String()
}

// excelCell writes dates in local time and prices with a comma. Whatever Excel would take for a formula (which may run
// programs), a number or a date, and is none, gets an apostrophe before it.
func excelCell(name, text string) string {
	if slices.Contains([]string{"id", "type", "parts", "price", "status", "messages"}, name) { // numbers to Excel, too
		return strings.Replace(text, ".", ",", 1)
	}
	if date, err := time.Parse(time.RFC3339, text); err == nil && strings.HasSuffix(name, "_date") {
		return date.Local().Format(time.DateTime)
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, " \u00a0\u3000'"))
	numeric := strings.ContainsFunc(text, unicode.IsDigit) && strings.Trim(text, "0123456789 \u00a0.,:/%-+eE") == ""
	if strings.ContainsRune("=+-@＝＋－＠", first) || numeric {
		return "'" + text
	}
	return text
}
