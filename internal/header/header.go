// Package header reads and checks HTTP header fields (RFC 9110): counts, booleans, names and values, and Link (RFC 8288). What
// is not as it should be is reported as absent, and never as zero.
package header

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

// Single returns the value of a field that must not be repeated, without white space around it. It reports false if the field
// is absent or repeated.
func Single(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 {
		return "", false
	}
	return strings.Trim(values[0], " \t"), true
}

// Count returns the value of a field that is a plain count which an account can have; nil if there is none.
func Count(h http.Header, name string) *int {
	value, _ := Single(h, name)
	if !IsDigits(value) {
		return nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n > math.MaxInt32 {
		return nil
	}
	return new(int(n))
}

// Bool returns the value of a field that is true, false, 1 or 0 in any case (the contract does not say how booleans are
// spelled); nil if there is none.
func Bool(h http.Header, name string) *bool {
	value, _ := Single(h, name)
	switch strings.ToLower(value) {
	case "true", "1":
		return new(true)
	case "false", "0":
		return new(false)
	}
	return nil
}

// IsDigits reports whether s is a decimal number without a sign.
func IsDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// ValidName reports whether s is a field name (RFC 9110, section 5.1): a token.
func ValidName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// ValidValue reports whether s can be a field value (RFC 9110, section 5.5): it has no control character but the tab.
func ValidValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// Reserved reports whether a field is set by the library or by net/http, and so not by the caller.
func Reserved(name string) bool { return reserved[http.CanonicalHeaderKey(name)] }

// reserved are the fields that the library or net/http sets, in canonical case.
var reserved = map[string]bool{
	"Accept":            true,
	"Accept-Encoding":   true, // else net/http would not decompress
	"Authorization":     true,
	"Connection":        true,
	"Content-Length":    true,
	"Expect":            true,
	"Host":              true,
	"Idempotency-Key":   true, // net/http re-sends a request that has one
	"Keep-Alive":        true,
	"Te":                true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
	"User-Agent":        true, // WithUserAgent
	"X-Idempotency-Key": true, // likewise
}
