package outgoing

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// Meta is what the gateway said in response headers, and what the call cost.
type Meta struct {
	SuccessCount *int  // X-Success-Count, summed; nil unless every answered request carried it
	ErrorCount   *int  // X-Error-Count, likewise
	Sandbox      *bool // X-Sandbox; nil unless all answers carried it and agree
	Requests     int   // requests that ended in a usable answer (a 404 that only says "unknown IDs" is one, without counts)
	Attempts     int   // HTTP attempts made: retries and read-backs included; what net/http re-sends by itself is not
}

// add sums up what two parts of a call met. A part without an answered request says nothing about the headers.
func (m *Meta) add(part Meta) {
	switch {
	case part.Requests == 0:
	case m.Requests == 0:
		m.SuccessCount, m.ErrorCount, m.Sandbox = part.SuccessCount, part.ErrorCount, part.Sandbox
	default:
		m.SuccessCount = sum(m.SuccessCount, part.SuccessCount)
		m.ErrorCount = sum(m.ErrorCount, part.ErrorCount)
		m.Sandbox = agreed(m.Sandbox, part.Sandbox)
	}
	m.Requests += part.Requests
	m.Attempts += part.Attempts
}

func sum(a, b *int) *int {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}

func agreed(a, b *bool) *bool {
	if a == nil || b == nil || *a != *b {
		return nil
	}
	return a
}

// headers reads typed values from a response's headers, and logs those that it cannot use.
type headers struct {
	ctx    context.Context
	header http.Header
	log    *slog.Logger
}

func (op operation) headers(ctx context.Context, r *response) headers {
	return headers{ctx: ctx, header: r.header, log: op.logger}
}

// readMeta returns what the answer to a GET says about itself. The contract has no X-Sandbox there, so that its absence is
// not worth a line in the log.
func (op operation) readMeta(ctx context.Context, r *response) Meta {
	h := op.headers(ctx, r)
	m := h.counts()
	if len(allValues(h.header, sandboxHeader)) > 0 {
		m.Sandbox = h.flag(sandboxHeader)
	}
	return m
}

// readCancelMeta returns what the answer to a DELETE says about itself.
func (op operation) readCancelMeta(ctx context.Context, r *response) Meta {
	h := op.headers(ctx, r)
	m := h.counts()
	m.Sandbox = h.flag(sandboxHeader)
	return m
}

const sandboxHeader = "X-Sandbox"

func (h headers) counts() Meta {
	return Meta{SuccessCount: h.count("X-Success-Count"), ErrorCount: h.count("X-Error-Count"), Requests: 1}
}

// count returns nil if the header is absent or not a plain count.
func (h headers) count(name string) *int {
	value, ok := singleValue(h.header, name)
	if n, valid := parseCount(value); ok && valid {
		return &n
	}
	h.unusable(name)
	return nil
}

// flag returns nil if the header is absent or not a boolean.
func (h headers) flag(name string) *bool {
	value, ok := singleValue(h.header, name)
	if b, valid := parseBool(value); ok && valid {
		return &b
	}
	h.unusable(name)
	return nil
}

func (h headers) unusable(name string) {
	level := slog.LevelDebug
	if len(allValues(h.header, name)) > 0 {
		level = slog.LevelWarn
	}
	h.log.Log(h.ctx, level, "response header is absent or unusable", "header", name)
}

// parseCount accepts digits only, and only counts that an account can have.
func parseCount(s string) (int, bool) {
	if !isDigits(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return int(n), err == nil && n <= math.MaxInt32
}

// parseBool accepts true, false, 1 and 0 in any case: the contract does not say how booleans are spelled.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// singleValue is the value of a header that must not be repeated, without white space around it.
func singleValue(h http.Header, name string) (string, bool) {
	values := allValues(h, name)
	if len(values) != 1 {
		return "", false
	}
	return strings.Trim(values[0], " \t"), true
}

// allValues finds a header whatever its case: net/http writes names in the canonical one, another transport may not.
func allValues(h http.Header, name string) []string {
	values := h[http.CanonicalHeaderKey(name)]
	for key, more := range h {
		if strings.EqualFold(key, name) && key != http.CanonicalHeaderKey(name) {
			values = append(values[:len(values):len(values)], more...)
		}
	}
	return values
}
