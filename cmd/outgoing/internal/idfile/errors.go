package idfile

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// adviceError is an error that says how to go on.
type adviceError struct{ text, advice string }

func (e *adviceError) Error() string { return e.text }

func twoIDs(first, second string) string {
	return display.Quoted(first) + " and " + display.Quoted(second) +
		" could both be message IDs (if they are, put each on a line of its own)"
}

// undecided means that --column has to say which of these columns it is.
func undecided(text string, titles []string, columns ...int) error {
	var flags []string
	for _, i := range columns[:min(len(columns), 10)] {
		flags = append(flags, "--"+columnName(titles, i))
	}
	return &adviceError{text, "Say which column holds the message IDs: " + strings.Join(flags, " or ") + "."}
}

func columnName(titles []string, column int) string {
	name := fmt.Sprintf("column %d", column+1)
	if title := at(titles, column); title != "" {
		name += " (" + display.Quoted(title) + ")"
	}
	return name
}

// badRows collects what is wrong with a file.
type badRows struct {
	count  int
	first  []string // at most ten
	advice string   // about the first that has one
}

func (b *badRows) add(line int, err error) {
	if err == nil {
		return
	}
	if b.count++; b.count <= 10 {
		b.first = append(b.first, fmt.Sprintf("line %d: %v", line, err))
	}
	if e, ok := errors.AsType[*adviceError](err); ok {
		b.advice = cmp.Or(b.advice, "\n"+e.advice)
	}
}

func (b *badRows) err() error {
	text := strings.Join(b.first, "\n  ")
	if more := b.count - len(b.first); more > 0 {
		text += "\n  and " + display.Plural(more, "more line", "more lines")
	}
	return errors.New(text + b.advice)
}
