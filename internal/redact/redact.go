// Package redact takes tokens out of text that leaves the library, and what net/http quotes of an answer out of errors.
package redact

import (
	"errors"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/gen"
)

const (
	replacement = "[redacted]"
	minLength   = 8 // a shorter token would turn ordinary words into "[redacted]"

	// MaxToken is how much more than is kept of a body must be read, so that a token across the cut is recognised.
	MaxToken = 16 << 10
)

// Redactor replaces the tokens that one request was sent with; an answer may echo the one of an attempt before. The zero value
// changes nothing.
type Redactor struct{ tokens func() []string } // a closure, where neither fmt nor reflection finds the tokens

// With returns a Redactor of one more token. Longer tokens come first: one may begin with another.
func (r Redactor) With(token string) Redactor {
	known := r.known()
	if len(token) < minLength || slices.Contains(known, token) {
		return r
	}
	all := append(slices.Clip(known), token)
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return Redactor{func() []string { return all }}
}

func (r Redactor) known() []string {
	if r.tokens == nil {
		return nil
	}
	return r.tokens()
}

// Text returns s without the tokens. A server that echoes one may have escaped it, and encoders differ in what they escape: so
// nothing is left of a text that has a token in it once its escapes are undone.
func (r Redactor) Text(s string) string {
	for _, token := range r.known() {
		s = strings.ReplaceAll(s, token, replacement)
		if !strings.ContainsAny(s, `\%&`) { // nothing is escaped
			continue
		}
		for _, plain := range []string{
			inJSON.ReplaceAllStringFunc(s, unescape), inURL.ReplaceAllStringFunc(s, unescape), html.UnescapeString(s),
		} {
			if strings.Contains(plain, token) {
				return replacement
			}
		}
	}
	return s
}

var (
	inJSON = regexp.MustCompile(`(?s)\\(?:u00[[:xdigit:]]{2}|.)`)
	inURL  = regexp.MustCompile(`%[[:xdigit:]]{2}`)
)

// unescape returns the character that an escape with digits stands for, or else the one after the backslash.
func unescape(escape string) string {
	if n, err := strconv.ParseUint(escape[len(escape)-2:], 16, 8); err == nil {
		return string([]byte{byte(n)})
	}
	return escape[1:]
}

// Texts returns the values without the tokens.
func (r Redactor) Texts(values []string) []string {
	clean := make([]string, len(values))
	for i, value := range values {
		clean[i] = r.Text(value)
	}
	return clean
}

// Error returns err if it does not hold a token, or else its text without them.
func (r Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	return withText(err, r.Text(err.Error()))
}

// Problem takes the tokens out of p, and returns it; an empty one for nil.
func (r Redactor) Problem(p *gen.Problem) *gen.Problem {
	if p == nil {
		return new(gen.Problem)
	}
	for _, field := range []*string{&p.Type, &p.Title, &p.Detail, &p.Code, &p.Instance} {
		*field = r.Text(*field)
	}
	return p
}

// Header returns a copy of h without the tokens.
func (r Redactor) Header(h http.Header) http.Header {
	clean := make(http.Header, len(h))
	for key, values := range h {
		key := r.Text(key)
		clean[key] = append(clean[key], r.Texts(values)...)
	}
	return clean
}

// Bytes returns a copy of the first limit bytes of body without the tokens, or of fewer, so that no part of a token is left at
// its end.
func (r Redactor) Bytes(body []byte, limit int) []byte {
	clean := r.withoutPart(r.Text(string(body[:min(len(body), limit+MaxToken)])))
	if len(body) >= limit+MaxToken { // it may end within a token that is written with escapes
		clean = clean[:max(0, len(clean)-MaxToken)]
	}
	return []byte(clean[:min(len(clean), limit)])
}

// withoutPart returns s without the beginning of a token at its end, where a body may have broken off.
func (r Redactor) withoutPart(s string) string {
	for _, token := range r.known() {
		for n := len(token) - 1; n >= minLength; n-- {
			if strings.HasSuffix(s, token[:n]) {
				return s[:len(s)-n] + replacement
			}
		}
	}
	return s
}

var quoted = regexp.MustCompile(`"(?s:\\.|[^"])*("|$)`)

// WithoutQuotes returns an error of net/http without the text in quotes. It quotes what it cannot parse of an answer, which may be a
// recipient, and errors are logged.
func WithoutQuotes(err error) error {
	return withText(err, quoted.ReplaceAllLiteralString(err.Error(), `"..."`))
}

// textError is a text in place of an error. Only errors.Is still knows what that was, since errors.As would show it whole.
type textError struct {
	text string
	is   func(target error) bool // a closure, where nothing finds the error
}

// withText returns err if that is its text, or else an error with that text.
func withText(err error, text string) error {
	if err.Error() == text {
		return err
	}
	return &textError{text, func(target error) bool { return errors.Is(err, target) }}
}

func (e *textError) Error() string        { return e.text }
func (e *textError) Is(target error) bool { return e.is(target) }
