package outgoing

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	redacted    = "[redacted]"
	minRedacted = 8 // shorter tokens would turn ordinary words into "[redacted]"
)

// redactor replaces tokens wherever text of the gateway leaves the library: all that one request was sent with, since an
// answer may echo the one of an attempt before. A server that echoes it may have escaped it, and encoders differ in what
// they escape, so each character is looked for in all its spellings. The zero value changes nothing.
type redactor struct{ tokens func() []string } // a closure, as in staticToken

func newRedactor(token string) redactor { return redactor{}.and(token) }

// and returns a redactor of one more token. Longer tokens come first: one may begin with another.
func (r redactor) and(token string) redactor {
	var known []string
	if r.tokens != nil {
		known = r.tokens()
	}
	if len(token) < minRedacted || slices.Contains(known, token) {
		return r
	}
	all := append(slices.Clip(known), token)
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return redactor{func() []string { return all }}
}

func (r redactor) text(s string) string {
	if r.tokens == nil {
		return s
	}
	for _, token := range r.tokens() {
		s = strings.ReplaceAll(s, token, redacted)
		for _, e := range encodings {
			if strings.IndexByte(s, e.mark) >= 0 {
				s = e.replace(s, token)
			}
		}
	}
	return s
}

// encoding is one way to write text: mark begins an escape, and first reads a character, escaped or not, of n bytes.
type encoding struct {
	mark  byte
	first func(s string) (c byte, n int)
}

var encodings = []encoding{{'\\', firstOfJSON}, {'%', firstOfURL}, {'&', firstOfHTML}}

func (e encoding) replace(s, token string) string {
	var b strings.Builder
	kept := 0
	for i := 0; i < len(s); i++ {
		if n := e.prefix(s[i:], token); n > 0 {
			b.WriteString(s[kept:i] + redacted)
			kept = i + n
			i = kept - 1
		}
	}
	return b.String() + s[kept:]
}

// prefix is how many bytes of s spell the token, if s begins with it; else 0.
func (e encoding) prefix(s, token string) int {
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

// fromHex is 0, which no token has in it, if the digits are none.
func fromHex(digits string) byte {
	n, err := strconv.ParseUint(digits, 16, 8)
	if err != nil {
		return 0
	}
	return byte(n)
}

func (r redactor) texts(values []string) []string {
	clean := make([]string, len(values))
	for i, value := range values {
		clean[i] = r.text(value)
	}
	return clean
}

// error keeps an error that does not hold the token, or else its text only, and whether it was a context's.
func (r redactor) error(err error) error {
	if err == nil || r.text(err.Error()) == err.Error() {
		return err
	}
	known := slices.DeleteFunc([]error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF}, func(target error) bool { return !errors.Is(err, target) })
	return newError(r.text(textOf(err)), known...)
}

func (r redactor) problem(p Problem) Problem {
	p.Type, p.Title, p.Detail = r.text(p.Type), r.text(p.Title), r.text(p.Detail)
	p.Code, p.Instance = r.text(p.Code), r.text(p.Instance)
	return p
}

// header is a copy of h.
func (r redactor) header(h http.Header) http.Header {
	clean := make(http.Header, len(h))
	for key, values := range h {
		key := r.text(key)
		clean[key] = append(clean[key], r.texts(values)...)
	}
	return clean
}

// cut is a copy of the first limit bytes of body, or fewer, so that no part of a token is left at its end.
func (r redactor) cut(body []byte, limit int) []byte {
	whole := len(body) < limit+maxToken
	clean := r.text(string(body[:min(len(body), limit+maxToken)]))
	if !whole { // it may end within a token
		clean = clean[:max(0, len(clean)-maxToken)]
	}
	return []byte(clean[:min(len(clean), limit)])
}
