package output

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// encodeTable returns a line for people: the titles, if there are no cells. On a terminal it is no longer than that is
// wide, and long cells are cut; elsewhere they push what follows to the right. Of fewer cells than columns, the last
// one has the rest of the line.
func encodeTable(columns []column, cells []string, style terminal.Style) string {
	var b strings.Builder
	start, end := 0, 0 // of this column, and of what is written
	for i, c := range columns[:cmp.Or(len(cells), len(columns))] {
		text, color := c.title, terminal.Bold
		if cells != nil {
			text, color = display.Printable(cells[i]), c.colors[cells[i]]
		}
		room := c.width
		if style.Width > 0 {
			if style.Width < c.least {
				continue
			}
			if room = style.Width - start; room <= 0 {
				break
			}
			if most := max(c.most, c.width); most > 0 && (i != len(cells)-1 || len(cells) == len(columns)) {
				room = min(room, most)
			}
			text = runewidth.Truncate(text, room, "…")
		}
		width := runewidth.StringWidth(text)
		at := start
		if c.right {
			at += max(room-width, 0)
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", at-end)) // only before a cell, so that no line ends in spaces
			b.WriteString(style.Paint(color, text))
			end = at + width
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

// encodeCSV returns a record as RFC 4180 has it, but with a plain newline. For Excel it is a dialect that a Polish one
// opens right.
func encodeCSV(fields, record []string, excel bool) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if excel {
		w.Comma, w.UseCRLF = ';', true
	}
	for i, text := range record {
		record[i] = display.Printable(text)
		if excel {
			record[i] = excelCell(fields[i], record[i])
		}
	}
	err := w.WriteAll([][]string{record})
	return b.String(), err
}

// numberFields are those whose text Excel is to take for a number. The rest it must leave alone.
var numberFields = []string{"id", "type", "parts", "price", "status", "messages"}

// excelCell writes dates in local time and prices with a comma. Whatever Excel would take for a formula (which may run
// programs), a number or a date, and is none, gets an apostrophe before it.
func excelCell(name, text string) string {
	if slices.Contains(numberFields, name) {
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
