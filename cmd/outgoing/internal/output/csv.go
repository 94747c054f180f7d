package output

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// field is one field of a CSV record.
type field[T any] struct {
	name string
	text func(T) string
}

// csvWriter writes records as RFC 4180 has them, under a header, but with plain newlines. For Excel it is a dialect that a
// Polish one opens right.
type csvWriter[T any] struct {
	w      *csv.Writer
	fields []field[T]
	excel  bool
	header string // the first title, until it is written
	record []string
}

func newCSVWriter[T any](w io.Writer, fields []field[T], excel bool) *csvWriter[T] {
	c := &csvWriter[T]{w: csv.NewWriter(w), fields: fields, excel: excel, header: fields[0].name}
	if excel {
		c.w.Comma, c.w.UseCRLF, c.header = ';', true, "\ufeff"+c.header
	}
	return c
}

func (c *csvWriter[T]) Write(row T) error {
	if err := c.begin(); err != nil {
		return err
	}
	for i, f := range c.fields {
		c.record[i] = display.Printable(f.text(row))
		if c.excel {
			c.record[i] = excelCell(f.name, c.record[i])
		}
	}
	return c.flush()
}

// begin writes the header. It comes with the first record and not before the work: a cancel that has no reader goes on.
func (c *csvWriter[T]) begin() error {
	if c.header == "" {
		return nil
	}
	c.record = append(c.record, c.header)
	for _, f := range c.fields[1:] {
		c.record = append(c.record, f.name)
	}
	c.header = ""
	return c.flush()
}

func (c *csvWriter[T]) flush() error {
	if err := c.w.Write(c.record); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// Close writes the header if there was no record: a file without any still says what it would have held.
func (c *csvWriter[T]) Close() error { return c.begin() }

// numberFields are those whose text Excel is to take for a number. The rest it must leave alone.
var numberFields = []string{"id", "type", "parts", "price", "status", "messages"}

// excelCell writes dates in local time and prices with a comma. Whatever Excel would take for a formula (which may run
// programs), a number or a date, and is none, gets an apostrophe before it.
func excelCell(name, text string) string {
	switch {
	case slices.Contains(numberFields, name):
		return strings.Replace(text, ".", ",", 1)
	case strings.HasSuffix(name, "_date"):
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t.Local().Format(time.DateTime)
		}
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, " \u00a0\u3000'"))
	numeric := strings.ContainsFunc(text, unicode.IsDigit) && strings.Trim(text, "0123456789 \u00a0.,:/%-+eE") == ""
	if strings.ContainsRune("=+-@＝＋－＠", first) || numeric {
		return "'" + text
	}
	return text
}
