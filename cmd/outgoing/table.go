package main

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// column is one column of a table. Widths are fixed, since a table that waits for its last row to know them would
// neither start at once nor end in bounded memory; a longer cell pushes the rest of its row to the right.
type column[T any] struct {
	title string
	width int
	right bool // numbers
	text  func(T) string
	color func(T) string
}

// tableOutput writes rows for people.
type tableOutput[T any] struct {
	w       io.Writer
	columns []column[T]
	look    look
	begun   bool
}

func (t *tableOutput[T]) write(row T) error {
	var b strings.Builder
	if !t.begun {
		t.begun = true
		t.line(&b, func(c column[T]) (text, color string) { return c.title, bold })
	}
	t.line(&b, func(c column[T]) (text, color string) {
		if c.color != nil {
			color = c.color(row)
		}
		return display.Printable(c.text(row)), color
	})
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *tableOutput[T]) close() error { return nil }

func (t *tableOutput[T]) line(b *strings.Builder, cell func(column[T]) (text, color string)) {
	padding := 0 // is owed, and paid only if something follows: no line ends in spaces
	for _, c := range t.columns {
		text, color := cell(c)
		missing := max(0, c.width-utf8.RuneCountInString(text))
		if c.right {
			padding, missing = padding+missing, 0
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", padding))
			b.WriteString(t.look.paint(color, text))
			padding = 0
		}
		padding += missing + 2
	}
	b.WriteByte('\n')
}
