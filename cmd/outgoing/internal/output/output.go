// Package output prints results: messages and the outcomes of a cancel, as a table, JSON, JSON Lines or CSV.
//
// What does not print, such as control characters, reaches neither a terminal nor a file as it is, in any format.
package output

import (
	"fmt"
	"io"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// Formats are the names that New knows.
var Formats = []string{"table", "json", "jsonl", "csv", "excel"}

// Writer writes results in one format, each as it comes.
type Writer[T any] interface {
	Write(T) error
	Close() error // ends what the format leaves open
}

// New returns a Writer of one of the Formats.
func New[T any](format string, w io.Writer, l Layout[T], style terminal.Style) (Writer[T], error) {
	out := &writer[T]{w: w}
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
	default:
		return nil, fmt.Errorf("there is no format %q", format)
	}
	return out, nil
}

// frame is what stands before the next row, or at the end if there is none.
type frame struct{ before, end string }

// writer writes a row and what stands before it in one piece. So a header comes with the first row, and not before the
// work: a cancel that has no reader goes on.
type writer[T any] struct {
	w         io.Writer
	line      func(row members) string // the titles, if row is nil; line is nil if a row is JSON
	after     string                   // each row
	now, then frame                    // then: from the second row on
}

func (w *writer[T]) Write(row T) error {
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

func (w *writer[T]) Close() error {
	_, err := io.WriteString(w.w, w.now.end)
	return err
}
