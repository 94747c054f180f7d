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
	case err == nil:
		return int64(id), nil // 63 bits
	case rounded.MatchString(ascii(text)):
		return 0, fmt.Errorf("%s is not a message ID: a spreadsheet rounded it, so digits may be lost; format the column as a whole number and save the file again",
			display.Quoted(text))
	}
	if meant, ok := lossless(text); ok {
		return 0, &adviceError{fmt.Sprintf("%s is not a message ID, which is digits and nothing else; no digit of it is lost if it means %d",
			display.Quoted(text), meant), plainAdvice}
	}
	return 0, fmt.Errorf("%s is not a message ID", display.Quoted(text))
}

const plainAdvice = "Where no digit is lost: in the spreadsheet, format the column as a number without decimals and without separators\n" +
	`(in pandas, .astype("Int64")), and save the file again.`

// kind is what a cell could be.
type kind int

const (
	word   kind = iota // it is empty, has a letter, or has no digit
	known              // a date, a time, or a phone number with a plus: digits, and never an ID
	number             // it could be an ID, or what something made of one
)

// kindOf is strict, since a cell that could be an ID and is not taken for one makes another column look like the only one:
// whatever has a digit and no letter could be an ID, and 4.3456E+04 too.
func kindOf(cell string) kind {
	digit, exponent := false, false
	for _, r := range cell {
		switch {
		case unicode.IsNumber(r):
			digit = true
		case r == 'e' || r == 'E':
			exponent = true
		case unicode.IsLetter(r) && !hidden(r) && !unicode.Is(unicode.Lm, r): // Lm has apostrophes
			return word
		}
	}
	switch {
	case !digit, exponent && !rounded.MatchString(ascii(cell)):
		return word
	case date.MatchString(cell), phone.MatchString(cell):
		return known
	}
	return number
}

var (
	negative = regexp.MustCompile(`^-\d+$`)
	rounded  = regexp.MustCompile(`^\W*\d+([.,]\d*)?[eE][+-]?\d+\W*$`)
	phone    = regexp.MustCompile(`^\+\d([ ()./-]*\d){7,14}$`)
	date     = regexp.MustCompile(strings.NewReplacer("Y", `(19|20)\d\d`, "D", `(0?[1-9]|[12]\d|3[01])`, "S", `[-/.]`,
		"T", `([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?`).Replace(`^((YSDSD|DSDSY)([ ,]+T)?|T)$`))
	noughts = regexp.MustCompile(`[.,]0{1,2}$`)
)

// hidden reports whether a character takes no space: zero-width ones, soft hyphens, byte order marks, marks of direction.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point) && !unicode.IsSpace(r)
}

// ascii writes a cell with the digits of ASCII, one kind of space and one of apostrophe, and without what is not seen.
func ascii(cell string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r): // Unicode has the ten of each script in a row, from nought on
			before := rune(0)
			for unicode.IsDigit(r - before - 1) {
				before++
			}
			return '0' + before%10
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

// lossless returns the ID that a cell stands for if all its digits are there: in groups of two to four with the same
// separator, or in one, and with noughts after a decimal point.
func lossless(cell string) (int64, bool) {
	text := noughts.ReplaceAllString(strings.Trim(ascii(cell), `"'#=“”„« »`), "")
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	groups := strings.FieldsFunc(text, func(r rune) bool { return !isDigit(r) })
	separators := strings.Join(strings.FieldsFunc(text, isDigit), "")
	if len(separators) != len(groups)-1 || strings.Trim(separators, " ',._") != "" || separators != "" && strings.Trim(separators, separators[:1]) != "" {
		return 0, false
	}
	for i, g := range groups {
		if i > 0 && (len(g) < 2 || len(g) > 4 || i == len(groups)-1 && len(g) == 2) || len(groups) > 1 && len(g) > 4 {
			return 0, false
		}
	}
	id, err := strconv.ParseInt(strings.Join(groups, ""), 10, 64)
	return id, err == nil && id > 0
}
