// Package header reads and checks HTTP header fields (RFC 9110): counts, booleans, Retry-After, names and values, bearer tokens,
// and Link (RFC 8288). A malformed or repeated value counts as absent.
package header

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Single returns the value of a field that must not be repeated, without leading and trailing white space; "" if the field is
// absent or repeated.
func Single(h http.Header, name string) string {
	values := h.Values(name)
	if len(values) != 1 {
		return ""
	}
	return strings.Trim(values[0], " \t")
}

// Count returns the value of a field that is a plain count which an account can have; nil if there is none.
func Count(h http.Header, name string) *int {
	n, err := strconv.ParseUint(Single(h, name), 10, 31)
	if err != nil {
		return nil
	}
	return new(int(n))
}

// Bool returns the value of a field that is true, false, 1 or 0 in any case (the contract does not say how booleans are
// spelled); nil if there is none.
func Bool(h http.Header, name string) *bool {
	switch strings.ToLower(Single(h, name)) {
	case "true", "1":
		return new(true)
	case "false", "0":
		return new(false)
	}
	return nil
}

// RetryAfter reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date, which is measured against the response's own Date so
// that a wrong clock on either side does no harm. What is not in the future, or cannot be read, is 0; what is too large for a
// Duration is the largest one.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := Single(h, "Retry-After")
	if value == "" { // as in most answers; ParseTime would allocate errors
		return 0
	}
	if IsDigits(value) {
		wait, err := time.ParseDuration(value + "s")
		if err != nil {
			return math.MaxInt64
		}
		return wait
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(Single(h, "Date")); err == nil {
		now = sent
	}
	return max(0, at.Sub(now)) // Sub saturates
}

// IsDigits reports whether s is a decimal number without a sign.
func IsDigits(s string) bool { return s != "" && strings.Trim(s, digits) == "" }

const (
	digits = "0123456789"
	tchar  = "!#$%&'*+-.^_`|~" + digits + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// ValidName reports whether s is a field name (RFC 9110, section 5.1): a token.
func ValidName(s string) bool { return s != "" && strings.Trim(s, tchar) == "" }

// ValidValue reports whether s can be a field value (RFC 9110, section 5.5): it has no control character but the tab.
func ValidValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// Reserved reports whether a field is set by the library or by net/http, and so not by the caller.
func Reserved(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Authorization", "User-Agent",
		"Accept-Encoding",                      // else net/http would not decompress
		"Idempotency-Key", "X-Idempotency-Key", // net/http re-sends a request that has one
		"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// CheckToken says what is wrong with a bearer token, without repeating it.
func CheckToken(token string) error {
	switch {
	case token == "":
		return errors.New("the token is empty")
	case strings.TrimRight(token, "\r\n") != token:
		return errors.New("the token ends with a newline: trim it, files and secret stores often add one")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the token has a space, a control character or a non-ASCII character in it")
	}
	return nil
}

// The grammar of RFC 8288, section 3, and what its appendix B.3 makes of a value that breaks it: a quote may be left open, and
// what stands between the parameters and the next comma is passed over.
var (
	linkValue = regexp.MustCompile(`^[ \t,]*<([^>]*)>((?:` + parameter + `)*)[^,]*`)
	linkParam = regexp.MustCompile(parameter)
	escaped   = regexp.MustCompile(`(?s)\\(.)`)
)

const parameter = `(?s)[ \t]*;([^=;,]*)(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|([^;,]*)))?`

// ParseLinks returns the target of each relation type ("next") in the values of a Link header (RFC 8288), as an absolute URI:
// relative ones are resolved against the request's URL. A link about something else than the answer (one with an anchor) is left
// out, and so is what cannot be read. The first link of a type counts.
func ParseLinks(values []string, base *url.URL) map[string]string {
	links := map[string]string{}
	for _, value := range values {
		for m := linkValue.FindStringSubmatch(value); m != nil; m = linkValue.FindStringSubmatch(value) {
			value = value[len(m[0]):]
			reference := strings.TrimSpace(m[1])
			target, err := base.Parse(reference)
			if err != nil || reference == "" {
				continue
			}
			uri := target.String() // one for all types, of which there may be many
			for _, relation := range relations(m[2]) {
				if links[relation] == "" {
					links[relation] = uri
				}
			}
		}
	}
	return links
}

// relations returns the relation types among the parameters of a link, in lower case; none of a link with an anchor.
func relations(params string) (rel []string) {
	for _, m := range linkParam.FindAllStringSubmatch(params, -1) {
		switch name := strings.ToLower(strings.TrimSpace(m[1])); {
		case name == "anchor":
			return nil
		case name == "rel" && rel == nil: // later ones must be ignored
			rel = strings.Fields(strings.ToLower(escaped.ReplaceAllString(m[2], "$1") + m[3]))
		}
	}
	return rel
}
