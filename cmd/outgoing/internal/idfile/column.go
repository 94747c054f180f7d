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

// find returns where the IDs stand, given the first row of a file, and reports whether that is a header.
func (c Column) find(cells []string) (index int, header bool, err error) {
	switch {
	case c.title != "":
		index, err = c.findTitle(cells)
		return index, true, err
	case c.number > 0:
		return c.number - 1, c.number <= len(cells) && cells[c.number-1] != "" && isTitle(cells[c.number-1]), nil
	}
	ids, messageIDs, numbers := titled(cells, idTitle), titled(cells, messageIDTitle), numbersIn(cells)
	open := slices.Concat(ids, titled(cells, messageTitle))
	slices.Sort(open)
	open = slices.Compact(open)
	switch {
	case isOwn(cells):
		return ids[0], true, nil
	case len(messageIDs) == 1:
		return messageIDs[0], true, nil
	case len(messageIDs) > 1:
		return 0, false, &adviceError{"several titles speak of message IDs", offer(cells, messageIDs)}
	case len(ids) > 0 && len(numbers) > 0:
		return 0, false, &adviceError{fmt.Sprintf("it has a title, %s, and a number, %s", display.Quoted(cells[ids[0]]), display.Quoted(cells[numbers[0]])), offer(cells, ids)}
	case len(ids) == 1 && len(open) == 1:
		return ids[0], true, nil
	case len(ids) > 0:
		return 0, false, &adviceError{"the titles leave open which column holds the message IDs", offer(cells, open)}
	case len(numbers) > 1:
		return 0, false, ambiguous(cells, nil, numbers[0], numbers[1])
	case len(numbers) == 1:
		return numbers[0], false, nil
	case len(cells) == 1:
		return 0, isTitle(cells[0]) && len(open) > 0, nil
	}
	all := make([]int, min(len(cells), 10))
	for i := range all {
		all[i] = i
	}
	return 0, false, &adviceError{"no title says that its column holds the message IDs, as message_id, sms_id or id would", offer(cells, all)}
}

func (c Column) findTitle(cells []string) (int, error) {
	var found []int
	var titles []string
	for i, cell := range cells {
		titles = append(titles, display.Quoted(cell))
		if strings.EqualFold(cell, c.title) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("no column is called %s; the first row is %s", display.Quoted(c.title), strings.Join(titles[:min(len(titles), 10)], ", "))
	case 1:
		return found[0], nil
	}
	return 0, fmt.Errorf("columns %d and %d are both called %s: give a number", found[0]+1, found[1]+1, display.Quoted(c.title))
}

// certain reports whether the user or a title names the column, so that the others may hold numbers.
func (c Column) certain(titles []string) bool {
	return c != Column{} || isOwn(titles) || len(titled(titles, messageIDTitle)) > 0
}

// What a title says, without case and what is between its words.
var (
	messageIDTitle = regexp.MustCompile(`^((outgoing|gateway)?((sms|mms|message|msg|wiadomo[sś]ci?)s?)+ids?|ids?(of|outgoing|gateway)?((sms|mms|message|msg|wiadomo[sś]ci?)s?)+)$`)
	messageTitle   = regexp.MustCompile(`sms|mms|message|msg|wiadomo`)
	idTitle        = regexp.MustCompile(`^(ids?|identifier|identyfikator)$`)
)

// titled returns the columns whose titles match.
func titled(cells []string, title *regexp.Regexp) (found []int) {
	for i, cell := range cells {
		if title.MatchString(strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, cell)) {
			found = append(found, i)
		}
	}
	return found
}

func isTitle(cell string) bool { return !strings.ContainsFunc(cell, unicode.IsNumber) }

func numbersIn(cells []string) (found []int) {
	for i, cell := range cells {
		if kindOf(cell) == number {
			found = append(found, i)
		}
	}
	return found
}

// isOwn reports whether names are those of this command's results, in JSON or as titles, or of a part of them that people
// select.
func isOwn(names []string) bool {
	own := map[string]bool{"id": true, "cid": true, "type": true, "recipient": true, "sender": true, "parts": true, "sent_date": true,
		"status_date": true, "status_code": true, "status_description": true, "unicode": true, "flash": true, "price": true,
		"state": true, "reason": true, "status": true, "error": true, "message": true}
	for _, name := range names {
		if !own[name] {
			return false
		}
		delete(own, name) // none is there twice
	}
	return slices.Contains(names, "id") && (slices.Contains(names, "status_code") || slices.Contains(names, "state"))
}
