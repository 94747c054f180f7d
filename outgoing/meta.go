package outgoing

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// Meta has the counts of response headers, and those of a call's requests.
type Meta struct {
	SuccessCount *int  // X-Success-Count, summed; nil unless every answered request carried it
	ErrorCount   *int  // X-Error-Count, likewise
	Sandbox      *bool // X-Sandbox; nil unless all answers carried it and agree
	Requests     int   // requests that ended in a usable answer (a 404 that only says "unknown IDs" is one, without counts)
	Attempts     int   // HTTP attempts made: retries and read-backs included; what net/http re-sends by itself is not
	OddMembers   int   // members of rows that could not be read, and are zero or nil; the log says which
}

// add adds the Meta of another part of the call. One without an answered request says nothing about the headers.
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
	m.OddMembers += part.OddMembers
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

const sandboxHeader = "X-Sandbox"

// readMeta returns the Meta of an answer to this method. The contract has X-Sandbox on the answer to a DELETE alone, so its
// absence elsewhere is not logged.
func (c *call) readMeta(ctx context.Context, r *transport.Reply, method string) Meta {
	m := Meta{
		SuccessCount: readHeader(ctx, c, r, "X-Success-Count", header.Count),
		ErrorCount:   readHeader(ctx, c, r, "X-Error-Count", header.Count),
		Requests:     1,
	}
	if method == http.MethodDelete || len(r.Header.Values(sandboxHeader)) > 0 {
		m.Sandbox = readHeader(ctx, c, r, sandboxHeader, header.Bool)
	}
	return m
}

// readHeader returns the value of a header. It logs an absent one at level Debug, and an unusable one at level Warn.
func readHeader[T any](
	ctx context.Context, c *call, r *transport.Reply, name string, parse func(http.Header, string) *T,
) *T {
	value := parse(r.Header, name)
	if value == nil {
		level := slog.LevelDebug
		if len(r.Header.Values(name)) > 0 {
			level = slog.LevelWarn
		}
		c.Logger.Log(ctx, level, "response header is absent or unusable", "header", name)
	}
	return value
}
