package main

import (
	"encoding/csv"
	"io"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// field is one field of a CSV record.
type field[T any] struct {
	name string
	text func(T) string
}

// csvOutput writes records as RFC 4180 has them, under a header, but with plain newlines.
type csvOutput[T any] struct {
	w      *csv.Writer
	fields []field[T]
	look   look
	record []string
}

// newCSVOutput writes the header at once: a file without records still says what it would have held.
func newCSVOutput[T any](w io.Writer, fields []field[T], look look) (*csvOutput[T], error) {
	c := &csvOutput[T]{w: csv.NewWriter(w), fields: fields, look: look, record: make([]string, len(fields))}
	for i, f := range fields {
		c.record[i] = f.name
	}
	return c, c.flush()
}

func (c *csvOutput[T]) write(row T) error {
	for i, f := range c.fields {
		c.record[i] = f.text(row)
		if c.look.terminal {
			c.record[i] = display.Printable(c.record[i])
		}
	}
	return c.flush()
}

func (c *csvOutput[T]) flush() error {
	if err := c.w.Write(c.record); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvOutput[T]) close() error { return nil }
