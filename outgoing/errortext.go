package outgoing

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineError is a text of one line, and what it matches.
type lineError struct {
	text  string
	match []error
}

func (e *lineError) Error() string   { return e.text }
func (e *lineError) Unwrap() []error { return e.match }

func errorLine(text string, match ...error) error {
	return &lineError{text: clip("outgoing: "+text, maxErrorText), match: match}
}

func invalid(what string) error {
	return errorLine("invalid argument: "+what, ErrInvalidArgument)
}

// notSent says that a part of a call was not sent, and why.
func notSent(cause error) error {
	return errorLine("not sent: "+bare(cause), ErrNotSent, cause)
}

// followed is what stopped a call, and what had happened before, if that is something else.
func followed(by, before error) error {
	if before == nil || errors.Is(by, before) {
		return by
	}
	return errorLine(bare(by)+"; before that: "+bare(before), by, before)
}

// contextError is why the context is done: its Err, and its cause if that says more. The cause is text only. It may be what
// another request ended in (errgroup.WithContext cancels with that), and must not be taken for an answer to this one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if err == cause { //nolint:errorlint // the same value, not the same kind
		return err
	}
	return errorLine(err.Error()+": "+bare(cause), err)
}

// bare is the text of an error that will stand inside another one of this package.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "outgoing: ") }

// brokeOff says that a body ended before its end. It matches io.ErrUnexpectedEOF, whatever the connection said.
func brokeOff(why error) error {
	return errorLine("the body broke off: "+bare(why), io.ErrUnexpectedEOF, why)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

const maxErrorText = 512

// clip makes s one line of at most limit bytes: what does not print is escaped, what does not fit becomes "...".
func clip(s string, limit int) string {
	const dots = "..."
	var b strings.Builder
	fits := 0 // how much of b leaves room for the dots
	for i, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			_, size := utf8.DecodeRuneInString(s[i:])
			b.WriteString(strings.Trim(strconv.Quote(s[i:i+size]), `"`))
		} else {
			b.WriteRune(r)
		}
		if b.Len() > limit {
			return b.String()[:fits] + dots[:min(len(dots), max(0, limit-fits))]
		}
		if b.Len() <= limit-len(dots) {
			fits = b.Len()
		}
	}
	return b.String()
}
