package main

import "io"

var formats = []string{"table", "json", "jsonl", "csv"}

// output writes results in one format, each as it comes.
type output[T any] interface {
	write(T) error
	close() error // ends what the format leaves open
}

// layout says how results of one kind look.
type layout[T any] struct {
	columns []column[T] // of a table
	fields  []field[T]  // of a CSV
	json    func(T) any
}

func newOutput[T any](format string, w io.Writer, l layout[T], look look) (output[T], error) {
	switch format {
	case "table":
		return &tableOutput[T]{w: w, columns: l.columns, look: look}, nil
	case "json":
		return &jsonOutput[T]{w: w, value: l.json}, nil
	case "jsonl":
		return &linesOutput[T]{w: w, value: l.json}, nil
	}
	return newCSVOutput(w, l.fields, look) // the last of the formats, and flags.check lets no other pass
}

// look is how a terminal is spoken to. The zero value is for a file or a pipe.
type look struct {
	terminal bool // control characters of others must not reach it
	colors   bool
}

func (a *app) look() look {
	terminal := isTerminal(a.screen.stdout)
	return look{terminal: terminal, colors: terminal && !a.plain()}
}

// plain tells whether colors are unwanted (https://no-color.org) or not to be had.
func (a *app) plain() bool { return a.setting("NO_COLOR") != "" || a.setting("TERM") == "dumb" }

// setting returns an environment variable for which unset and empty are the same.
func (a *app) setting(name string) string {
	value, _ := a.env(name)
	return value
}

// The colors, as ECMA-48 has them (SGR).
const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (l look) paint(color, text string) string {
	if !l.colors || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}
