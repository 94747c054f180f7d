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
	case err == nil && id > 0:
		return int64(id), nil // 63 bits
	case text == "":
		return 0, errors.New("there is no message ID")
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large for a message ID", display.Quoted(text))
	case err == nil || negative.MatchString(text):
		return 0, fmt.Errorf("%s is not a message ID: they start at 1", text)
	}
	wrong := display.Quoted(text) + " is not a message ID"
	if rounded.MatchString(plain(text)) {
		wrong += ": a spreadsheet rounded it, so digits may be lost"
	} else if found := lossless.FindStringSubmatch(plain(text)); found != nil {
		meant := separating.ReplaceAllString(found[1], "")
		wrong += ", which is digits and nothing else; no digit of it is lost if it means " + meant
	}
	return 0, errors.New(wrong)
}

// couldBeID is strict, since a cell that could be an ID and is not taken for one makes another column look like the only
// one: whatever has a digit and no letter could be, and 4.3456E+04 too, but no date, time or phone number with a plus.
func couldBeID(cell string) bool {
	if !strings.ContainsFunc(cell, unicode.IsNumber) {
		return false
	}
	if text := plain(cell); strings.ContainsFunc(text, unicode.IsLetter) {
		return rounded.MatchString(text)
	}
	cell = strings.TrimSpace(cell)
	return !date.MatchString(cell) && !phone.MatchString(cell)
}

var (
	negative = regexp.MustCompile(`^-\d+$`)
	rounded  = regexp.MustCompile(`^[^\pL\d_]*\d+([.,]\d*)?[eE][+-]?\d+[^\pL\d_]*$`)
	torn     = regexp.MustCompile(`^\d*,\d+[eE][+-]?\d+$`) // by a separator, if that is a comma
	phone    = regexp.MustCompile(`^\+\d([ ()./-]*\d){7,14}$`)
	date     = regexp.MustCompile(strings.NewReplacer("Y", `(19|20)\d\d`, "D", `(0?[1-9]|[12]\d|3[01])`, "S", `[-/.]`,
		"T", `([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?`).Replace(`^((YSDSD|DSDSY)([ ,]+T)?|T)$`))

	// An ID with all its digits: in one group, or in several of two to four with the same separator, and perhaps with
	// noughts after a decimal point. With a space between them, four digits may be an ID of their own.
	lossless = regexp.MustCompile(strings.NewReplacer("Q", `["'#=“”„« »]*`, "N", `[1-9]\d{0,3}`, "G", `\d{2,4}`, "L", `\d{3,4}`).
			Replace(`^Q0*([1-9]\d{0,18}|[1-9]\d{0,2}( \d{3})+|N('G)*'L|N(,G)*,L|N(\.G)*\.L|N(_G)*_L)([.,]0{1,2})?Q$`))
	separating = regexp.MustCompile(`\D`)
	marks      = strings.NewReplacer("’", "'", "٬", ",", "٫", ".")
)

// plain writes a cell with the digits of ASCII, one kind of space and one of apostrophe, and without what takes no space:
// zero-width characters, soft hyphens, byte order marks, marks of direction.
func plain(cell string) string {
	return strings.TrimSpace(marks.Replace(strings.Map(func(r rune) rune {
		switch {
		case ' ' <= r && r <= '~':
			return r
		case unicode.IsDigit(r): // Unicode has the ten of each script in a row, from nought on
			nought := r
			for unicode.IsDigit(nought - 1) {
				nought--
			}
			return '0' + (r-nought)%10
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		case unicode.Is(unicode.Lm, r):
			return '\''
		}
		return r
	}, cell)))
}
