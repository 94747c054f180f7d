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

// Layout says how results of one kind look.
type Layout[T any] struct {
	columns []column[T] // of a table
	fields  []field[T]  // of a CSV
	json    func(T) any
}

// New returns a Writer of one of the Formats.
func New[T any](format string, w io.Writer, l Layout[T], style terminal.Style) (Writer[T], error) {
	switch format {
	case "table":
		return newTableWriter(w, l.columns, style), nil
	case "json":
		return &jsonWriter[T]{w: w, value: l.json, start: "[\n  ", between: ",\n  ", end: "\n]\n", none: "[]\n"}, nil
	case "jsonl":
		return &jsonWriter[T]{w: w, value: l.json, after: "\n"}, nil
	case "csv", "excel":
		return newCSVWriter(w, l.fields, format == "excel"), nil
	}
	return nil, fmt.Errorf("there is no format %q", format)
}
