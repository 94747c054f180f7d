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

func (c Column) given() bool { return c != Column{} }

// find returns where the column stands, given the first row.
func (c Column) find(cells []string) (int, error) {
	if c.number > 0 {
		return c.number - 1, nil
	}
	var found []int
	for i, cell := range cells {
		if strings.EqualFold(cell, c.title) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) > 1:
		return 0, fmt.Errorf("columns %d and %d are both called %s: give a number", found[0]+1, found[1]+1, display.Quoted(c.title))
	case len(found) == 0:
		return 0, fmt.Errorf("no column is called %s; the first row is %s", display.Quoted(c.title), quotedList(cells))
	}
	return found[0], nil
}

// What a title says, without case and what is between its words.
var (
	messageIDTitle = regexp.MustCompile(`^((outgoing|gateway)?((sms|mms|message|msg|wiadomo[sś]ci?)s?)+ids?|ids?(of|outgoing|gateway)?((sms|mms|message|msg|wiadomo[sś]ci?)s?)+)$`)
	messageTitle   = regexp.MustCompile(`sms|mms|message|msg|wiadomo`)
	idTitle        = regexp.MustCompile(`^(ids?|identifier|identyfikator)$`)
	totalTitle     = regexp.MustCompile(`^((grand|sub)?totals?|sums?|suma|razem|łącznie|ogółem|podsumowanie|summe|gesamt)\d*$`)
)

func squash(title string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// titled returns the columns whose titles match.
func titled(cells []string, title *regexp.Regexp) (found []int) {
	for i, cell := range cells {
		if title.MatchString(squash(cell)) {
			found = append(found, i)
		}
	}
	return found
}

// ownNames are the members of this command's results, in JSON and as titles of a CSV.
var ownNames = []string{
	"id", "cid", "type", "recipient", "sender", "parts", "sent_date", "status_date", "status_code", "status_description",
	"unicode", "flash", "price", "state", "reason", "status", "error", "message",
}

// isOwn reports whether names are those of this command's results, or of a part of them that people select.
func isOwn(names []string) bool {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] || !slices.Contains(ownNames, name) {
			return false
		}
		seen[name] = true
	}
	return seen["id"] && (seen["status_code"] || seen["state"])
}

// offer names columns as --column takes them.
func offer(titles []string, columns []int) string {
	var flags []string
	for _, i := range columns {
		flag := fmt.Sprintf("--column %d", i+1)
		if i < len(titles) && titles[i] != "" {
			flag += " (" + display.Quoted(titles[i]) + ")"
		}
		flags = append(flags, flag)
	}
	return "Say which column holds the message IDs: " + strings.Join(flags, " or ") + "."
}

func quotedList(cells []string) string {
	const maxCells = 10
	var quoted []string
	for _, cell := range cells[:min(len(cells), maxCells)] {
		quoted = append(quoted, display.Quoted(cell))
	}
	text := strings.Join(quoted, ", ")
	if more := len(cells) - maxCells; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
