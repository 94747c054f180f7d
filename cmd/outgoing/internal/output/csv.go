package output

import (
	"encoding/csv"
	"io"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// field is one field of a CSV record.
type field[T any] struct {
	name string
	text func(T) string
}

// csvWriter writes records as RFC 4180 has them, under a header, but with plain newlines.
type csvWriter[T any] struct {
	w      *csv.Writer
	fields []field[T]
	style  terminal.Style
	record []string
}

// newCSVWriter writes the header at once: a file without records still says what it would have held.
func newCSVWriter[T any](w io.Writer, fields []field[T], style terminal.Style) (*csvWriter[T], error) {
	c := &csvWriter[T]{w: csv.NewWriter(w), fields: fields, style: style, record: make([]string, len(fields))}
	for i, f := range fields {
		c.record[i] = f.name
	}
	return c, c.flush()
}

func (c *csvWriter[T]) Write(row T) error {
	for i, f := range c.fields {
		c.record[i] = f.text(row)
		if c.style.Terminal {
			c.record[i] = display.Printable(c.record[i])
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
