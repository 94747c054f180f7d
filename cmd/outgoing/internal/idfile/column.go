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
	switch {
	case c.title != "":
		index, err := c.findTitle(cells)
		return place{index, true, true}, err
	case c.number > 0:
		index := c.number - 1
		return place{index, index < len(cells) && cells[index] != "" && isTitle(cells[index]), true}, nil
	}
	var ids, messageIDs, open, numbers, all []int
	for i, cell := range cells {
		title := strings.ToLower(between.ReplaceAllString(cell, ""))
		isID := idTitle.MatchString(title)
		all = append(all, i)
		ids = appendIf(isID, ids, i)
		messageIDs = appendIf(messageIDTitle.MatchString(title), messageIDs, i)
		open = appendIf(isID || messageTitle.MatchString(title), open, i)
		numbers = appendIf(couldBeID(cell), numbers, i)
	}
	var why string
	var which []int
	switch {
	case isOwn(cells):
		return place{ids[0], true, true}, nil
	case len(messageIDs) == 1:
		return place{messageIDs[0], true, true}, nil
	case len(messageIDs) > 1:
		why, which = "several titles speak of message IDs", messageIDs
	case len(ids) > 0 && len(numbers) > 0:
		why = fmt.Sprintf("it has a title, %s, and a number, %s", display.Quoted(cells[ids[0]]), display.Quoted(cells[numbers[0]]))
		which = ids
	case len(ids) == 1 && len(open) == 1:
		return place{index: ids[0], header: true}, nil
	case len(ids) > 0:
		why, which = "the titles leave open which column holds the message IDs", open
	case len(numbers) > 1:
		return place{}, ambiguous(cells, nil, numbers[0], numbers[1])
	case len(numbers) == 1:
		return place{index: numbers[0]}, nil
	case len(cells) == 1:
		return place{header: isTitle(cells[0]) && len(open) > 0}, nil
	default:
		why, which = "no title says that its column holds the message IDs, as message_id, sms_id or id would", all[:min(len(all), 10)]
	}
	return place{}, &adviceError{why, offer(cells, which)}
}

func appendIf(yes bool, columns []int, i int) []int {
	if yes {
		return append(columns, i)
	}
	return columns
}

func (c Column) findTitle(cells []string) (int, error) {
	var found []int
	for i, cell := range cells {
		found = appendIf(strings.EqualFold(cell, c.title), found, i)
	}
	switch title := display.Quoted(c.title); len(found) {
	case 0:
		var titles []string
		for _, cell := range cells[:min(len(cells), 10)] {
			titles = append(titles, display.Quoted(cell))
		}
		return 0, fmt.Errorf("no column is called %s; the first row is %s", title, strings.Join(titles, ", "))
	case 1:
		return found[0], nil
	default:
		return 0, fmt.Errorf("columns %d and %d are both called %s: give a number", found[0]+1, found[1]+1, title)
	}
}

// What a title says, without case and what is between its words.
var (
	between        = regexp.MustCompile(`[^\pL\p{Nd}]`)
	messageIDTitle = regexp.MustCompile(strings.ReplaceAll(`^((outgoing|gateway)?M+ids?|ids?(of|outgoing|gateway)?M+)$`,
		"M", `((sms|mms|message|msg|wiadomo[sś]ci?)s?)`))
	messageTitle = regexp.MustCompile(`sms|mms|message|msg|wiadomo`)
	idTitle      = regexp.MustCompile(`^(ids?|identifier|identyfikator)$`)
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
