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
	record []string
}

// newCSVWriter writes the header at once: a file without records still says what it would have held.
func newCSVWriter[T any](w io.Writer, fields []field[T], excel bool) (*csvWriter[T], error) {
	c := &csvWriter[T]{w: csv.NewWriter(w), fields: fields, excel: excel, record: make([]string, len(fields))}
	for i, f := range fields {
		c.record[i] = f.name
	}
	if excel {
		c.w.Comma, c.w.UseCRLF = ';', true
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return nil, err
		}
	}
	return c, c.flush()
}

func (c *csvWriter[T]) Write(row T) error {
	for i, f := range c.fields {
		c.record[i] = display.Printable(f.text(row))
		if c.excel {
			c.record[i] = excelCell(f.name, c.record[i])
		}
	}
	return c.flush()
}

func (c *csvWriter[T]) flush() error {
	if err := c.w.Write(c.record); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvWriter[T]) Close() error { return nil }

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
