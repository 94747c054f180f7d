// Package output prints results: messages and the outcomes of a cancel, as a table, JSON, JSON Lines or CSV.
package output

import (
	"io"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// Formats are the names that New knows.
var Formats = []string{"table", "json", "jsonl", "csv"}

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
		return &tableWriter[T]{w: w, columns: l.columns, style: style}, nil
	case "json":
		return &jsonWriter[T]{w: w, value: l.json}, nil
	case "jsonl":
		return &linesWriter[T]{w: w, value: l.json}, nil
	}
	return newCSVWriter(w, l.fields, style) // the last of the Formats, and flags.check lets no other pass
}
