// Package output prints results: messages and the outcomes of a cancel, as a table, JSON, JSON Lines or CSV.
//
// What does not print, such as control characters, reaches neither a terminal nor a file as it is, in any format.
package output

import (
	"fmt"
	"io"
	"slices"

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
	inJSON := func(row T) (string, error) { return encodeJSON(l.json(row)) }
	switch format {
	case "table":
		line := func(row T) (string, error) { return encodeTable(l.columns, l.cells(row), style), nil }
		return &writer[T]{w: w, text: line, now: frame{before: encodeTable(l.columns, nil, style)}}, nil
	case "json":
		return &writer[T]{w: w, text: inJSON, now: frame{"[\n  ", "[]\n"}, then: frame{",\n  ", "\n]\n"}}, nil
	case "jsonl":
		return &writer[T]{w: w, text: inJSON, after: "\n"}, nil
	case "csv", "excel":
		excel := format == "excel"
		record := func(row T) (string, error) { return encodeCSV(l.fields, l.record(row), excel) }
		header, err := encodeCSV(l.fields, slices.Clone(l.fields), excel)
		if excel {
			header = "\ufeff" + header
		}
		return &writer[T]{w: w, text: record, now: frame{header, header}}, err
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// frame is what stands before the next row, or at the end if there is none.
type frame struct{ before, end string }

// writer writes a row and what stands before it in one piece. So a header comes with the first row, and not before the
// work: a cancel that has no reader goes on.
type writer[T any] struct {
	w         io.Writer
	text      func(T) (string, error)
	after     string // each row
	now, then frame  // then: from the second row on
}

func (w *writer[T]) Write(row T) error {
	text, err := w.text(row)
	if err != nil {
		return err
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
