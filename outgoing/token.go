package outgoing

import (
	"bytes"
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
)

type tokenSource func(context.Context) (string, error)

// staticToken keeps the token in a closure, where neither fmt nor encoding/json nor reflection over a Client finds it.
func staticToken(token string) tokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

// checkToken says what is wrong with a bearer token, without repeating it.
func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("the token is empty")
	case strings.TrimRight(token, "\r\n") != token:
		return errors.New("the token ends with a newline: trim it, files and secret stores often add one")
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return errors.New("the token has a space, a control character or a non-ASCII character in it")
		}
	}
	return nil
}

const (
	redacted      = "[redacted]"
	leastRedacted = 8 // shorter tokens would turn ordinary words into "[redacted]"
)

// redactor replaces one token, in the spellings in which a server might echo it, wherever text of the gateway leaves the
// library. The zero value changes nothing.
type redactor struct{ spellings func() []string }

func (r redactor) all() []string {
	if r.spellings == nil {
		return nil
	}
	return r.spellings()
}

func newRedactor(token string) redactor {
	if len(token) < leastRedacted {
		return redactor{}
	}
	return redactor{func() []string {
		return []string{
			token,
			url.QueryEscape(token),
			url.PathEscape(token),
			html.EscapeString(token),
			strings.ReplaceAll(token, "/", `\/`),
			jsonEscape(token),
		}
	}}
}

// jsonEscape writes the token as JSON does inside a string.
func jsonEscape(token string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(token)
}

func (r redactor) text(s string) string {
	for _, spelling := range r.all() {
		s = strings.ReplaceAll(s, spelling, redacted)
	}
	return s
}

func (r redactor) texts(values []string) []string {
	clean := make([]string, len(values))
	for i, value := range values {
		clean[i] = r.text(value)
	}
	return clean
}

// error keeps an error that does not hold the token, and else its text alone, and whether it was a context's.
func (r redactor) error(err error) error {
	if err == nil || r.text(err.Error()) == err.Error() {
		return err
	}
	var match []error
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			match = append(match, known)
		}
	}
	return errorLine(bare(errors.New(r.text(err.Error()))), match...)
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

// cut is a copy of the first limit bytes of body; a token across the cut is left out as a whole.
func (r redactor) cut(body []byte, limit int) []byte {
	if len(body) <= limit {
		return []byte(r.text(string(body)))
	}
	end := limit
	for _, spelling := range r.all() {
		from := max(0, limit-len(spelling)+1)
		if i := bytes.Index(body[from:min(len(body), limit+len(spelling)-1)], []byte(spelling)); i >= 0 {
			end = min(end, from+i)
		}
	}
	return []byte(r.text(string(body[:end])))
}
