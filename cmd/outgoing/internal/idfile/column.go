package idfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// Column is the column of a file that holds the IDs. The zero value is the first, unless a header says that it is another:
// that is an error, and never a guess.
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

func (c Column) given() bool { return c.number > 0 || c.title != "" }

// find returns where the column is, given the first row, and reports whether that row is a header.
func (c Column) find(cells []string) (index int, header bool, err error) {
	if c.title == "" {
		index = max(c.number-1, 0)
		if !c.given() && couldBeID(cells[0]) && slices.ContainsFunc(cells[1:], isIDTitle) {
			return 0, false, fmt.Errorf("the first row has a title for the IDs, but %s stands in the first column", display.Quoted(cells[0]))
		}
		return index, index < len(cells) && isHeader(cells, index), nil
	}
	index = -1
	for i, cell := range cells {
		if !strings.EqualFold(cell, c.title) {
			continue
		}
		if index >= 0 {
			return 0, false, fmt.Errorf("columns %d and %d are both called %s: give a number", index+1, i+1, display.Quoted(c.title))
		}
		index = i
	}
	if index < 0 {
		return 0, false, fmt.Errorf("no column is called %s; the first row is %s", display.Quoted(c.title), quotedList(cells))
	}
	return index, true, nil
}

// isHeader reports whether a first row holds titles. It distinguishes a title from an ID with a typing error: a title
// starts like a word and has no digit, and an ID never stands beside it.
func isHeader(cells []string, index int) bool {
	r, _ := utf8.DecodeRuneInString(cells[index])
	word := (unicode.IsLetter(r) || r == '_') && strings.IndexFunc(cells[index], unicode.IsDigit) < 0
	return word && !slices.ContainsFunc(cells, couldBeID)
}

// idTitles are titles under which message IDs stand, without case and what is between words.
var idTitles = []string{"id", "ids", "messageid", "messageids"}

func isIDTitle(title string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	return slices.Contains(idTitles, letters)
}

// titlesFirst reports whether a header says that the first column, and no other, holds the IDs. If it says that another
// does, that is an error: the first may hold numbers that mean something else.
func titlesFirst(titles []string) (bool, error) {
	other := slices.IndexFunc(titles[1:], isIDTitle) + 1
	switch first := isIDTitle(titles[0]); {
	case other == 0:
		return first, nil
	case first:
		return false, nil // two: the rows show whether they can be told apart
	}
	return false, fmt.Errorf("the header has %s in column %d, and %s in the first", display.Quoted(titles[other]), other+1, display.Quoted(titles[0]))
}

func quotedList(cells []string) string {
	const maxCells = 10
	var b strings.Builder
	for i, cell := range cells {
		if i == maxCells {
			fmt.Fprintf(&b, " and %d more", len(cells)-maxCells)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(display.Quoted(cell))
	}
	return b.String()
}
