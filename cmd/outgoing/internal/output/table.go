package output

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
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

// tableWriter writes rows for people.
type tableWriter[T any] struct {
	w       io.Writer
	columns []column[T]
	style   terminal.Style
	begun   bool
}

func (t *tableWriter[T]) Write(row T) error {
	var b strings.Builder
	if !t.begun {
		t.begun = true
		t.line(&b, func(c column[T]) (text, color string) { return c.title, terminal.Bold })
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

func (t *tableWriter[T]) Close() error { return nil }

func (t *tableWriter[T]) line(b *strings.Builder, cell func(column[T]) (text, color string)) {
	padding := 0 // pending spaces, written only before the next cell, so that no line ends in spaces
	for _, c := range t.columns {
		text, color := cell(c)
		missing := max(0, c.width-utf8.RuneCountInString(text))
		if c.right {
			padding, missing = padding+missing, 0
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", padding))
			b.WriteString(t.style.Paint(color, text))
			padding = 0
		}
		padding += missing + 2
	}
	b.WriteByte('\n')
}
