// Package header reads and checks HTTP header fields (RFC 9110): counts, booleans, names and values, and Link (RFC 8288). What
// is not as it should be is reported as absent, and never as zero.
package header

import (
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
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
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
