package redact

import (
	"errors"
	"strconv"
	"strings"
)

// Quotes returns an error of net/http without the text in quotes. It quotes what it cannot parse of an answer, which may be a
// recipient, and errors are logged. Only errors.Is still knows what err was, since errors.As would show it whole.
func Quotes(err error) error {
	text := err.Error()
	if !strings.Contains(text, `"`) {
		return err
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, `"`)
		b.WriteString(before)
		if !found {
			break
		}
		b.WriteString(`"..."`)
		quoted, unclosed := strconv.QuotedPrefix(`"` + after)
		if unclosed != nil { // there is no second quote
			break
		}
		text = after[len(quoted)-1:]
	}
	return &quoteless{b.String(), func(target error) bool { return errors.Is(err, target) }}
}

// quoteless is a text, and what it matches.
type quoteless struct {
	text string
	is   func(target error) bool // a closure, where nothing finds the whole error
}

func (e *quoteless) Error() string        { return e.text }
func (e *quoteless) Is(target error) bool { return e.is(target) }
