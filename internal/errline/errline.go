// Package errline makes errors whose text is one bounded line that says once which package it comes from, also where one such
// error is part of another.
package errline

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// Prefix begins the text of each error.
	Prefix = "outgoing: "
	// Max is how many bytes of text may follow the prefix, for a line of 512.
	Max = 512 - len(Prefix)
)

type lineError struct {
	line    string
	matches []error
}

func (e *lineError) Error() string   { return Prefix + e.line }
func (e *lineError) Unwrap() []error { return e.matches }

// Is reports whether target says the same, for the same reasons.
func (e *lineError) Is(target error) bool {
	other, ok := target.(*lineError)
	return ok && e.line == other.line && slices.EqualFunc(e.matches, other.matches, errors.Is)
}

// New returns an error with this text, on one line. It matches what is given.
func New(text string, matches ...error) error {
	return &lineError{Clip(text, Max), matches}
}

// Wrap returns an error that says what happened and why. It matches the cause after the others.
func Wrap(what string, cause error, matches ...error) error {
	return New(what+": "+Text(cause), append(matches, cause)...)
}

// Text returns the text of an error for use inside another one: without the prefix.
func Text(err error) string { return strings.TrimPrefix(err.Error(), Prefix) }

// WithPrevious returns what ended a request together with the failure before it, if that is another one. errors.As finds the
// earlier one first.
func WithPrevious(err, previous error) error {
	if previous == nil || errors.Is(err, previous) {
		return err
	}
	return New(Text(err)+"; before that: "+Text(previous), previous, err)
}

// Context returns why ctx is done, or nil: its Err, and its cause if that says more. The cause is only in the text: it may be
// the failure of another request (errgroup.WithContext cancels with that), and must not be taken for an answer to this one.
func Context(ctx context.Context) error {
	err := ctx.Err()
	if err == nil || err == context.Cause(ctx) { //nolint:errorlint // the same value, not the same kind
		return err
	}
	return New(err.Error()+": "+Text(context.Cause(ctx)), err)
}

// Plural returns a number and what it counts: "1 row", "2 rows".
func Plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

var unprintable = regexp.MustCompile(`[^\pL\pM\pN\pP\pS ]|\x{FFFD}`) // as unicode.IsPrint has it, and invalid UTF-8

// Clip returns s as one line of at most limit bytes: what does not print is escaped, and what does not fit becomes "...".
func Clip(s string, limit int) string {
	s = s[:min(len(s), limit+1)] // escaping makes nothing shorter
	s = unprintable.ReplaceAllStringFunc(s, func(c string) string { return strings.Trim(strconv.Quote(c), `"`) })
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:max(0, limit-len("..."))], "") + "..."[:min(len("..."), limit)]
}
