package idfile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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

// place is where the IDs stand.
type place struct {
	index   int
	header  bool // the first row is one
	certain bool // the user or a title says so, and the other columns may hold numbers
}

// find returns where the IDs stand, given the first row of a file: in the column with this number, from 1 on, or title, or if
// it is "", where the row says so.
func find(column string, cells []string) (place, error) {
	titled := func(title *regexp.Regexp) []int {
		return where(cells, func(cell string) bool { return title.MatchString(between.ReplaceAllString(cell, "")) })
	}
	certain, ids, open := titled(messageIDTitle), titled(idTitle), titled(openTitle)
	numbers, all := where(cells, couldBeID), where(cells, func(string) bool { return true })
	number, notNumber := strconv.Atoi(column)
	switch {
	case notNumber == nil && (number < 1 || number > len(cells)):
		return place{}, fmt.Errorf("there is no column %d", number)
	case notNumber == nil:
		cell := cells[number-1]
		return place{number - 1, cell != "" && isTitle(cell), true}, nil
	case column != "":
		certain = where(cells, func(cell string) bool { return strings.EqualFold(cell, column) })
	case isOwn(cells):
		certain = ids
	}
	switch {
	case len(certain) == 1:
		return place{certain[0], true, true}, nil
	case len(certain) > 1:
		return place{}, undecided("several titles fit", cells, certain...)
	case column != "":
		return place{}, undecided("no column is called "+display.Quoted(column)+
			" in this row; if the titles are below, take out the lines above them", cells, all...)
	case len(ids) == 1 && len(open) == 1 && len(numbers) == 0:
		return place{index: ids[0], header: true}, nil
	case len(ids) > 0:
		return place{}, undecided("the titles leave open which column holds the message IDs", cells, all...)
	case len(numbers) == 1, len(numbers) > 1 && torn.MatchString(cells[numbers[0]]+","+cells[numbers[1]]):
		return place{index: numbers[0]}, nil
	case len(numbers) > 1:
		return place{}, undecided(twoIDs(cells[numbers[0]], cells[numbers[1]]), nil, numbers...)
	case len(cells) == 1:
		return place{header: isTitle(cells[0]) && len(open) > 0}, nil
	}
	return place{}, undecided("no title in the first row says that its column holds the message IDs, as message_id, sms_id "+
		"or id would; take out lines above the titles", cells, all...)
}

// What a title says, without case and what is between its words.
var (
	between        = regexp.MustCompile(`[^\pL\p{Nd}]`)
	messageIDTitle = regexp.MustCompile(strings.ReplaceAll(`(?i)^((outgoing|gateway)?M+ids?|ids?(of|outgoing|gateway)?M+)$`,
		"M", `((sms|mms|message|msg|wiadomo[sś]ci?)s?)`))
	idTitle   = regexp.MustCompile(`(?i)^(ids?|identifier|identyfikator)$`)
	openTitle = regexp.MustCompile(idTitle.String() + `|sms|mms|message|msg|wiadomo`)
)

func isTitle(cell string) bool { return !strings.ContainsFunc(cell, unicode.IsNumber) }

// ownNames are those of this command's results, in JSON or as titles.
var ownNames = strings.Fields("id cid type recipient sender parts sent_date status_date status_code status_description " +
	"unicode flash price state reason status error message")

// isOwn reports whether names are ownNames, or a part of them that people select.
func isOwn(names []string) bool {
	for i, name := range names {
		if !slices.Contains(ownNames, name) || slices.Contains(names[:i], name) {
			return false
		}
	}
	return slices.Contains(names, "id") && (slices.Contains(names, "status_code") || slices.Contains(names, "state"))
}
