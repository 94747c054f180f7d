package idfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// ParseID reads a message ID: ASCII digits and nothing else.
func ParseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63) // which takes no sign
	switch {
	case text == "":
		return 0, errors.New("there is no message ID")
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large for a message ID", display.Quoted(text))
	case err == nil && id == 0, negative.MatchString(text):
		return 0, fmt.Errorf("%s is not a message ID: they start at 1", text)
	case exponent.MatchString(ascii(text)):
		return 0, fmt.Errorf("%s is not a message ID: a spreadsheet rounded it, so digits may be lost; format the column as a whole number and save the file again",
			display.Quoted(text))
	case err == nil:
		return int64(id), nil // 63 bits
	}
	if meant, ok := lossless(text); ok {
		return 0, &notPlainError{text, meant}
	}
	return 0, fmt.Errorf("%s is not a message ID", display.Quoted(text))
}

// notPlainError is about an ID in which a spreadsheet or a page put something, and of which nothing is lost.
type notPlainError struct {
	text  string
	meant int64
}

func (e *notPlainError) Error() string {
	return fmt.Sprintf("%s is not a message ID, which is digits and nothing else; no digit of it is lost if it means %d", display.Quoted(e.text), e.meant)
}

// kind is what a cell could be.
type kind int

const (
	blank  kind = iota
	word        // it has a letter, or no digit
	known       // a date, a time, or a phone number with a plus: digits, and never an ID
	number      // it could be an ID, or what something made of one
)

// kindOf is strict, since a cell that could be an ID and is not taken for one makes another column look like the only one:
// whatever has a digit and no letter could be an ID, and 4.3456E+04 too.
func kindOf(cell string) kind {
	digit, letter := false, false
	for _, r := range cell {
		digit = digit || unicode.IsNumber(r)
		letter = letter || unicode.IsLetter(r) && !hidden(r) && !unicode.Is(unicode.Lm, r) // Lm has apostrophes
	}
	switch {
	case cell == "":
		return blank
	case !digit, letter && !exponent.MatchString(ascii(cell)):
		return word
	case date.MatchString(cell), phone.MatchString(cell):
		return known
	}
	return number
}

var (
	negative = regexp.MustCompile(`^-\d+$`)
	exponent = regexp.MustCompile(`^\W*\d+([.,]\d*)?[eE][+-]?\d+\W*$`)
	date     = regexp.MustCompile(strings.NewReplacer("Y", `(19|20)\d\d`, "D", `(0?[1-9]|[12]\d|3[01])`, "S", `[-/.]`, "T", `([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?`).
			Replace(`^((YSDSD|DSDSY)([ ,]+T)?|T)$`))
	phone = regexp.MustCompile(`^\+\d([ ()./-]*\d){7,14}$`)
)

// hidden reports whether a character takes no space: zero-width ones, soft hyphens, byte order marks, marks of direction.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point) && !unicode.IsSpace(r)
}

// ascii writes a cell with the digits of ASCII, one kind of space and one of apostrophe, and without what is not seen.
func ascii(cell string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0' + digitValue(r)
		case hidden(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Lm, r), strings.ContainsRune("’‘′`´˙", r):
			return '\''
		case strings.ContainsRune("٬،，", r):
			return ','
		case strings.ContainsRune("٫．", r):
			return '.'
		}
		return r
	}, cell))
}

// digitValue relies on how Unicode has digits: each script's ten in a row, from nought on.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if lo := rune(t.Lo); lo <= r && r <= rune(t.Hi) {
			return (r - lo) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo := rune(t.Lo); lo <= r && r <= rune(t.Hi) {
			return (r - lo) % 10
		}
	}
	return 0
}

// groupings match whole numbers in groups of three, of two before the last three, or of four, with each separator, and
// plain ones; noughts after another separator may follow.
var groupings = func() (all []*regexp.Regexp) {
	for separator, point := range map[string]string{" ": "[.,]", "'": "[.,]", "_": "[.,]", ",": `\.`, `\.`: ","} {
		const form = `^(\d{1,3}(S\d{3})+|\d{1,2}(S\d\d)+S\d{3}|\d{1,4}(S\d{4})+)(P0{1,2})?$`
		all = append(all, regexp.MustCompile(strings.NewReplacer("S", separator, "P", point).Replace(form)))
	}
	return append(all, regexp.MustCompile(`^(\d+)([.,]0{1,2})?$`))
}()

// lossless returns the ID that a cell stands for, if all its digits are there and their meaning is plain.
func lossless(cell string) (int64, bool) {
	text := strings.Trim(ascii(cell), `"'#=“”„« »`)
	for _, g := range groupings {
		if parts := g.FindStringSubmatch(text); parts != nil {
			digits := strings.Map(func(r rune) rune {
				if unicode.IsDigit(r) {
					return r
				}
				return -1
			}, parts[1])
			id, err := strconv.ParseUint(digits, 10, 63)
			return int64(id), err == nil && id > 0 //nolint:gosec // 63 bits
		}
	}
	return 0, false
}
