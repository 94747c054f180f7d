package idfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// columnError means that the column with the IDs is not known for sure, and says what would make it sure.
type columnError struct{ text, advice string }

func (e *columnError) Error() string { return e.text }

const (
	plainAdvice = "Where no digit is lost: in the spreadsheet, format the column as a number without decimals and without separators\n" +
		`(in pandas, .astype("Int64")), and save the file again.`
	maxNamedRows = 10
)

// badRows collects what is wrong with a file.
type badRows struct {
	count  int
	first  []string
	advice []string
}

func (b *badRows) add(line int, err error) {
	b.count++
	if len(b.first) < maxNamedRows {
		b.first = append(b.first, fmt.Sprintf("line %d: %v", line, err))
	}
	var advice string
	if column, ok := errors.AsType[*columnError](err); ok {
		advice = column.advice
	} else if _, ok := errors.AsType[*notPlainError](err); ok {
		advice = plainAdvice
	}
	if advice != "" && len(b.advice) < 3 && !slices.Contains(b.advice, advice) {
		b.advice = append(b.advice, advice)
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
