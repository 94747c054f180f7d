package idfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// adviceError is an error that says how to go on.
type adviceError struct{ text, advice string }

func (e *adviceError) Error() string { return e.text }

// ambiguous means that two columns of a row could hold the ID.
func ambiguous(cells, titles []string, i, j int) error {
	return &adviceError{fmt.Sprintf("%s and %s could both be message IDs", display.Quoted(cells[i]), display.Quoted(cells[j])), offer(titles, []int{i, j})}
}

// offer names columns as --column takes them.
func offer(titles []string, columns []int) string {
	var flags []string
	for _, i := range columns {
		flags = append(flags, fmt.Sprintf("--column %d%s", i+1, titleOf(titles, i)))
	}
	return "Say which column holds the message IDs: " + strings.Join(flags, " or ") + "."
}

func titleOf(titles []string, column int) string {
	if column >= len(titles) || titles[column] == "" {
		return ""
	}
	return " (" + display.Quoted(titles[column]) + ")"
}

// badRows collects what is wrong with a file.
type badRows struct {
	count         int
	first, advice []string
}

func (b *badRows) add(line int, err error) {
	if b.count++; b.count <= 10 {
		b.first = append(b.first, fmt.Sprintf("line %d: %v", line, err))
	}
	if e, ok := errors.AsType[*adviceError](err); ok && len(b.advice) < 3 && !slices.Contains(b.advice, e.advice) {
		b.advice = append(b.advice, e.advice)
	}
}

func (b *badRows) orNil() error {
	if b.count == 0 {
		return nil
	}
	text := strings.Join(b.first, "\n  ")
	if more := b.count - len(b.first); more > 0 {
		text += "\n  and " + display.Plural(more, "more line", "more lines")
	}
	return errors.New(strings.Join(append([]string{text}, b.advice...), "\n"))
}
