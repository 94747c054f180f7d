package idfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// ParseID reads a message ID: digits and nothing else.
func ParseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63) // which takes no sign
	switch {
	case text == "":
		return 0, errors.New("there is no message ID")
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large for a message ID", display.Quoted(text))
	case roundedID.MatchString(text):
		return 0, roundedError(text)
	case err != nil:
		return 0, fmt.Errorf("%s is not a message ID", display.Quoted(text))
	case id == 0:
		return 0, errors.New("0 is not a message ID: they start at 1")
	}
	return int64(id), nil // 63 bits
}

// roundedID matches what spreadsheets make of a large number, such as 4.3456E+04, and splitID the same where its decimal
// comma was taken for a separator.
var (
	roundedID = regexp.MustCompile(`^\d+([.,]\d+)?[eE][+-]?\d+$`)
	splitID   = regexp.MustCompile(`^\d,\d+[eE][+-]?\d+$`)
)

func roundedError(text string) error {
	return fmt.Errorf("%s is not a message ID: a spreadsheet rounded it, so digits may be lost; format the column as a whole number and save the file again",
		display.Quoted(text))
}

// changedID matches what spreadsheets and their users make of an ID: 4.3456E+04, the rest of 4,3456E+04 after its comma,
// 43 456, 43.456, 43'456 and '43456.
var changedID = regexp.MustCompile(`^(\d+([.,]\d+)?[eE][+-]?\d+|[1-9]\d{0,2}([ .'\x{a0}\x{202f}]\d{3})+|'\d+)$`)

// couldBeID reports whether a cell is, or was before a spreadsheet changed it, a message ID.
func couldBeID(text string) bool {
	_, err := ParseID(text)
	return err == nil || changedID.MatchString(text)
}

// rowError is what is wrong with one row.
type rowError struct {
	line int
	err  error
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *rowError) Unwrap() error { return e.err }

// ambiguousError means that a row can be read in more than one way.
type ambiguousError struct{ text string }

func (e *ambiguousError) Error() string { return e.text }

// columnError means that the first row does not say which column holds the IDs: no other row can be read.
type columnError struct {
	line int
	err  error
}

func (e *columnError) Error() string {
	return fmt.Sprintf("line %d: %v\n%s", e.line, e.err, columnAdvice)
}

const (
	columnAdvice = "Say which column holds the IDs with --column NUMBER or --column TITLE, or put one ID on each line."
	maxNamedRows = 10
)

// badRowsError collects what is wrong with a file.
type badRowsError struct {
	first     []*rowError
	count     int
	ambiguous bool
}

func (b *badRowsError) add(e *rowError) {
	if len(b.first) < maxNamedRows {
		b.first = append(b.first, e)
	}
	b.count++
	if _, ok := errors.AsType[*ambiguousError](e); ok {
		b.ambiguous = true
	}
}

func (b *badRowsError) orNil() error {
	if b.count == 0 {
		return nil
	}
	return b
}

func (b *badRowsError) Error() string {
	var text strings.Builder
	for i, e := range b.first {
		if i > 0 {
			text.WriteString("\n  ")
		}
		text.WriteString(e.Error())
	}
	if more := b.count - len(b.first); more > 0 {
		fmt.Fprintf(&text, "\n  and %s", display.Plural(more, "more line", "more lines"))
	}
	if b.ambiguous {
		text.WriteString("\n" + columnAdvice)
	}
	return text.String()
}
