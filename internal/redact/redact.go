// Package redact takes tokens out of text that leaves the library, and what net/http quotes of an answer out of errors.
package redact

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/errline"
)

const (
	replacement = "[redacted]"
	minLength   = 8 // a shorter token would turn ordinary words into "[redacted]"

	// MaxToken is how much more than is kept of a body must be read, so that a token across the cut is recognised.
	MaxToken = 16 << 10
)

// Redactor replaces the tokens that one request was sent with; an answer may echo the one of an attempt before. A server that
// echoes it may have escaped it, and encoders differ in what they escape, so each character is looked for in all its
// spellings. The zero value changes nothing.
type Redactor struct{ tokens func() []string } // a closure, where neither fmt nor reflection finds the tokens

// With returns a Redactor of one more token. Longer tokens come first: one may begin with another.
func (r Redactor) With(token string) Redactor {
	var known []string
	if r.tokens != nil {
		known = r.tokens()
	}
	if len(token) < minLength || slices.Contains(known, token) {
		return r
	}
	all := append(slices.Clip(known), token)
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return Redactor{func() []string { return all }}
}

// Text returns s without the tokens.
func (r Redactor) Text(s string) string {
	if r.tokens == nil {
		return s
	}
	for _, token := range r.tokens() {
		s = strings.ReplaceAll(s, token, replacement)
		for _, e := range escapes {
			if strings.IndexByte(s, e.mark) >= 0 {
				s = e.replace(s, token)
			}
		}
	}
	return s
}

// Texts returns the values without the tokens.
func (r Redactor) Texts(values []string) []string {
	clean := make([]string, len(values))
	for i, value := range values {
		clean[i] = r.Text(value)
	}
	return clean
}

// Error returns err if it does not hold a token, or else its text only, and whether it was a context's.
func (r Redactor) Error(err error) error {
	if err == nil || r.Text(err.Error()) == err.Error() {
		return err
	}
	known := slices.DeleteFunc([]error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF}, func(target error) bool { return !errors.Is(err, target) })
	return errline.New(r.Text(errline.Text(err)), known...)
}

// Problem returns p without the tokens.
func (r Redactor) Problem(p gen.Problem) gen.Problem {
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
	whole := len(body) < limit+MaxToken
	clean := r.Text(string(body[:min(len(body), limit+MaxToken)]))
	if !whole { // it may end within a token
		clean = clean[:max(0, len(clean)-MaxToken)]
	}
	return []byte(clean[:min(len(clean), limit)])
}

// escape is one way to write text: mark begins an escape, and first reads a character, escaped or not, of n bytes.
type escape struct {
	mark  byte
	first func(s string) (c byte, n int)
}

var escapes = []escape{{'\\', firstOfJSON}, {'%', firstOfURL}, {'&', firstOfHTML}}

func (e escape) replace(s, token string) string {
	var b strings.Builder
	kept := 0
	for i := 0; i < len(s); i++ {
		if n := e.prefix(s[i:], token); n > 0 {
			b.WriteString(s[kept:i] + replacement)
			kept = i + n
			i = kept - 1
		}
	}
	return b.String() + s[kept:]
}

// prefix returns how many bytes of s spell the token, if s begins with it; else 0.
func (e escape) prefix(s, token string) int {
	at := 0
	for i := range len(token) {
		if at == len(s) {
			return 0
		}
		c, n := e.first(s[at:])
		if c != token[i] {
			return 0
		}
		at += n
	}
	return at
}

func firstOfJSON(s string) (byte, int) {
	switch {
	case s[0] == '\\' && len(s) >= 6 && s[1] == 'u':
		return fromHex(s[2:6]), 6
	case s[0] == '\\' && len(s) >= 2:
		return s[1], 2
	}
	return s[0], 1
}

func firstOfURL(s string) (byte, int) {
	if s[0] == '%' && len(s) >= 3 {
		return fromHex(s[1:3]), 3
	}
	return s[0], 1
}

func firstOfHTML(s string) (byte, int) {
	if end := strings.IndexByte(s[:min(len(s), 10)], ';'); s[0] == '&' && end > 0 {
		if c := html.UnescapeString(s[:end+1]); len(c) == 1 {
			return c[0], end + 1
		}
	}
	return s[0], 1
}

// fromHex returns 0, which no token has in it, if the digits are none.
func fromHex(digits string) byte {
	n, err := strconv.ParseUint(digits, 16, 8)
	if err != nil {
		return 0
	}
	return byte(n)
}
