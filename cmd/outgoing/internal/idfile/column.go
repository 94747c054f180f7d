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

// Column is the column of a file that holds the IDs. The zero value leaves it to the file to say which that is.
type Column struct {
	number int    // from 1 on; 0 if it is not given by number
	title  string // in the first row
}

// ParseColumn reads a column's number or title.
func ParseColumn(text string) (Column, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		return Column{}, errors.New("it is a number or a title")
	case errors.Is(err, strconv.ErrSyntax):
		return Column{title: text}, nil
	case err != nil || n < 1:
		return Column{}, errors.New("columns are counted from 1")
	}
	return Column{number: n}, nil
}

// place is where the IDs stand.
type place struct {
	index   int
	header  bool // the first row is one
	certain bool // the user or a title says so, and the other columns may hold numbers
}

// find returns where the IDs stand, given the first row of a file.
func (c Column) find(cells []string) (place, error) {
	if index := c.number - 1; index >= 0 {
		return place{index, index < len(cells) && cells[index] != "" && isTitle(cells[index]), true}, nil
	}
	var titles, quoted []string
	for _, cell := range cells {
		titles = append(titles, strings.ToLower(between.ReplaceAllString(cell, "")))
		quoted = append(quoted, display.Quoted(cell))
	}
	named := where(cells, func(cell string) bool { return c.title != "" && strings.EqualFold(cell, c.title) })
	messageIDs, ids := where(titles, messageIDTitle.MatchString), where(titles, idTitle.MatchString)
	open, numbers := where(titles, openTitle.MatchString), where(cells, couldBeID)
	switch {
	case len(named) == 1:
		return place{named[0], true, true}, nil
	case len(named) > 1:
		return place{}, fmt.Errorf("columns %d and %d are both called %s: give a number",
			named[0]+1, named[1]+1, display.Quoted(c.title))
	case c.title != "":
		return place{}, fmt.Errorf("no column is called %s; the first row is %s",
			display.Quoted(c.title), strings.Join(quoted[:min(len(quoted), 10)], ", "))
	case isOwn(cells):
		return place{ids[0], true, true}, nil
	case len(messageIDs) == 1:
		return place{messageIDs[0], true, true}, nil
	case len(messageIDs) > 1:
		return place{}, undecided("several titles speak of message IDs", cells, messageIDs...)
	case len(ids) > 0 && len(numbers) > 0:
		text := fmt.Sprintf("it has a title, %s, and a number, %s", quoted[ids[0]], quoted[numbers[0]])
		return place{}, undecided(text, cells, ids...)
	case len(ids) == 1 && len(open) == 1:
		return place{index: ids[0], header: true}, nil
	case len(ids) > 0:
		return place{}, undecided("the titles leave open which column holds the message IDs", cells, open...)
	case len(numbers) > 1:
		return place{}, undecided(twoIDs(cells[numbers[0]], cells[numbers[1]]), nil, numbers...)
	case len(numbers) == 1:
		return place{index: numbers[0]}, nil
	case len(cells) == 1:
		return place{header: isTitle(cells[0]) && len(open) > 0}, nil
	}
	all := where(cells, func(string) bool { return true })
	const text = "no title says that its column holds the message IDs, as message_id, sms_id or id would"
	return place{}, undecided(text, cells, all...)
}

// where returns the columns whose cells are what is looked for.
func where(cells []string, is func(string) bool) (columns []int) {
	for i, cell := range cells {
		if is(cell) {
			columns = append(columns, i)
		}
	}
	return columns
}

// What a title says, without case and what is between its words.
var (
	between        = regexp.MustCompile(`[^\pL\p{Nd}]`)
	messageIDTitle = regexp.MustCompile(strings.ReplaceAll(`^((outgoing|gateway)?M+ids?|ids?(of|outgoing|gateway)?M+)$`,
		"M", `((sms|mms|message|msg|wiadomo[sś]ci?)s?)`))
	idTitle   = regexp.MustCompile(`^(ids?|identifier|identyfikator)$`)
	openTitle = regexp.MustCompile(idTitle.String() + `|sms|mms|message|msg|wiadomo`)
)

// aboveTitles is about lines above the titles: the first row has fewer cells than one of those to the next number.
func (t *table) aboveTitles() error {
	filled := func(r row) int { return len(where(r.cells, func(cell string) bool { return cell != "" })) }
	hasNumber := func(r row) bool { return slices.ContainsFunc(r.cells, couldBeID) }
	most := 0
	for i, r := range t.start {
		if filled(r) > filled(t.start[most]) {
			most = i
		}
		if i > 0 && hasNumber(r) {
			break
		}
	}
	if most == 0 || t.header && t.certain && t.column == (Column{}) ||
		hasNumber(t.start[most]) && (t.header || hasNumber(t.start[0])) {
		return nil
	}
	return fmt.Errorf("line %d: %s has fewer cells than line %d; if that has the titles, take out the lines above it",
		t.start[0].line, display.Quoted(strings.TrimSpace(strings.Join(t.start[0].cells, " "))), t.start[most].line)
}

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
