package outgoing

import (
	"runtime/debug"
	"strings"
	"sync"
)

// reservedHeaders are set by the library or by net/http.
var reservedHeaders = map[string]bool{
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

// isFieldName follows RFC 9110, section 5.1: a token.
func isFieldName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// isFieldValue follows RFC 9110, section 5.5: no control character but the tab.
func isFieldValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

const modulePath = "github.com/gsmservice-gateway/client-go"

var defaultUserAgent = sync.OnceValue(func() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == modulePath && m.Version != "" && m.Version != "(devel)" {
				version = m.Version
			}
		}
	}
	return "outgoing/" + version + " (" + modulePath + ")"
})
