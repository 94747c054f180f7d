package output

import (
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// column is one column of a table. Widths are fixed, since a table that waits for its last row to know them would
// neither start at once nor end in bounded memory.
type column[T any] struct {
	title string
	width int  // 0 for the rest of the line
	most  int  // width of a cell that is not cut, and pushes the others to the right; 0 for width
	right bool // numbers
	least int  // on a terminal with fewer characters in a line the column is left out
	text  func(T) string
	color func(T) string

	instead func(T) string // what takes the rest of the line, in place of this column and those after it
}

// tableWriter writes rows for people. On a terminal no line is longer than it is wide, and long cells are cut; elsewhere
// they push what follows to the right.
type tableWriter[T any] struct {
	w       io.Writer
	columns []column[T]
	style   terminal.Style
	begun   bool
}

func newTableWriter[T any](w io.Writer, columns []column[T], style terminal.Style) *tableWriter[T] {
	if style.Width > 0 {
		columns = slices.DeleteFunc(slices.Clone(columns), func(c column[T]) bool { return style.Width < c.least })
	}
	return &tableWriter[T]{w: w, columns: columns, style: style}
}

func (t *tableWriter[T]) Write(row T) error {
	var b strings.Builder
	if !t.begun {
		t.begun = true
		t.line(&b, func(c column[T]) (text, color string, last bool) { return c.title, terminal.Bold, false })
	}
	t.line(&b, func(c column[T]) (text, color string, last bool) {
		if c.color != nil {
			color = c.color(row)
		}
		if c.instead != nil && c.instead(row) != "" {
			return display.Printable(c.instead(row)), color, true
		}
		return display.Printable(c.text(row)), color, false
	})
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *tableWriter[T]) Close() error { return nil }

func (t *tableWriter[T]) line(b *strings.Builder, cell func(column[T]) (text, color string, last bool)) {
	start, end := 0, 0 // of this column, and of what is written
	for _, c := range t.columns {
		text, color, last := cell(c)
		room := c.width
		if t.style.Width > 0 {
			if room = t.style.Width - start; room <= 0 {
				break
			}
			if most := max(c.most, c.width); most > 0 && !last {
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
			b.WriteString(t.style.Paint(color, text))
			end = at + width
		}
		if last {
			break
		}
		const gap = 2
		start = max(start+c.width, end) + gap
	}
	b.WriteByte('\n')
}
