package idfile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

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
