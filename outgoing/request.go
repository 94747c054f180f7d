package outgoing

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// The paths of the contract. Requests are built by package gen and decoded here, and not by its ...WithResponse methods:
// those read a body without bound, turn one malformed counter header into an error after a cancel has taken effect, lose
// the HTTP status when an error body is not JSON, and answer nil, nil for a 200 that carries HTML.
const (
	pathMessages     = "/messages"
	pathMessagesByID = "/messages/{ids}"
)

// maxUnanswered is how many requests in a row may end without an answer, with their retries, before the gateway is taken
// for unreachable.
const maxUnanswered = 20

// send sends a request, with its retries. Each request of this package goes through it.
func (c *call) send(ctx context.Context, req transport.Request, decode func(*transport.Reply) error) (transport.Trace, error) {
	t, err := c.sender.Do(ctx, req, decode)
	if t.Answered {
		c.unanswered.Store(0)
	}
	if err == nil {
		c.refused.Store(0)
		return t, nil
	}
	switch answer := answerOf(err); {
	case answer != nil && answer.refusesToken() && (!t.TokenReplaced || int(c.refused.Add(1)) >= c.concurrency+maxUnanswered):
		c.stop(errline.Wrap("stopped", answer))
	case !t.Answered && (t.Attempts > 0 || !t.Throttled()) && ctx.Err() == nil && !c.watching && c.unanswered.Add(1) >= maxUnanswered:
		c.stop(errline.Wrap("stopped, since "+errline.Plural(maxUnanswered, "request")+" in a row had no answer", err))
	}
	if !t.Sent {
		err = notSent(err)
	}
	return t, err
}

// requestResult is what came of a request that names IDs and is answered with rows about them.
type requestResult[T any] struct {
	rows.Answer[T]
	Meta
	trace transport.Trace
	err   error // there may be rows all the same, which came before the body broke off
}

// askByID sends a request about the IDs, with its retries or, if once, without. read reads the rows of its answer. A look-up whose
// answer is that there is no such message is a success without rows.
func askByID[T any](
	ctx context.Context, c *call, method string, ids []int64, once bool, read func([]byte, []int64) (rows.Answer[T], error),
) *requestResult[T] {
	request := transport.Request{Request: c.withIDs(method, ids), Path: pathMessagesByID, IDs: ids, Once: once}
	var found requestResult[T]
	found.trace, found.err = c.send(ctx, request, func(r *transport.Reply) (err error) {
		found.Answer, err = read(r.Body, ids)
		if found.Dropped > 0 {
			c.sender.Logger.WarnContext(ctx, "rows that were not requested, or repeated, were dropped", "rows", found.Dropped)
		}
		if err = cmp.Or(r.Broken, err); err == nil {
			found.Meta = c.readMeta(ctx, r, method)
		}
		found.OddMembers = c.logOdd(ctx, found.Odd)
		return err
	})
	found.Attempts = found.trace.Attempts
	if found.err == nil {
		return &found
	}
	if found.Rows == nil || method == http.MethodGet { // what an earlier attempt was shown of them does not count
		found.Rows, found.OddMembers = make([]rows.Row[T], len(ids)), 0
	}
	if answerOf(found.err).noneKnown() {
		c.sender.Logger.WarnContext(ctx, "the gateway knows none of the IDs; with a wrong base URL it looks the same",
			"method", method, "path", pathMessagesByID, "ids", len(ids))
		if method == http.MethodGet {
			found.Requests, found.err = 1, nil
		}
	}
	return &found
}

// withIDs returns a request about the IDs, as the contract has them (style simple). The builders of package gen parse the
// base URL each time, and make two strings of each ID.
func (c *call) withIDs(method string, ids []int64) *http.Request {
	list := make([]byte, 0, 11*len(ids))
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, id, 10)
	}
	req := new(*c.aboutIDs)
	req.Method, req.URL = method, new(*req.URL)
	req.URL.Path += string(list)
	if req.URL.RawPath != "" {
		req.URL.RawPath += string(list)
	}
	return req
}

// logOdd logs members that could not be read, once for each kind, and returns how many there are.
func (c *call) logOdd(ctx context.Context, odd []rows.OddMember) int {
	for _, o := range odd {
		if _, again := c.oddLogged.LoadOrStore(o, true); !again {
			c.sender.Logger.WarnContext(ctx, "a member of a row could not be read and is left out", "member", o.Pointer, "reason", o.Reason)
		}
	}
	return len(odd)
}

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

// readMeta returns the Meta of an answer to this method. The contract has X-Sandbox on the answer to a DELETE alone, so its
// absence elsewhere is not logged.
func (c *call) readMeta(ctx context.Context, r *transport.Reply, method string) Meta {
	m := Meta{
		SuccessCount: readHeader(ctx, c, r, "X-Success-Count", header.Count),
		ErrorCount:   readHeader(ctx, c, r, "X-Error-Count", header.Count),
		Requests:     1,
	}
	if method == http.MethodDelete || len(r.Header.Values("X-Sandbox")) > 0 {
		m.Sandbox = readHeader(ctx, c, r, "X-Sandbox", header.Bool)
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
		c.sender.Logger.Log(ctx, level, "response header is absent or unusable", "header", name)
	}
	return value
}

// Attempt describes an HTTP attempt. The context of each request carries one, so that a caller's RoundTripper (tracing,
// metrics) can name it by its template and not by its IDs.
type Attempt struct {
	Method  string // "GET"
	Path    string // the template: "/messages/{ids}"
	Number  int    // 1 for the first
	IDCount int    // how many IDs it names; 0 for a page
}

type attemptKey struct{}

func withAttempt(ctx context.Context, r transport.Request, number int) context.Context {
	return context.WithValue(ctx, attemptKey{}, Attempt{r.Method, r.Path, number, len(r.IDs)})
}

// AttemptFrom returns the [Attempt] of a request's context, if it has one.
func AttemptFrom(ctx context.Context) (Attempt, bool) {
	a, ok := ctx.Value(attemptKey{}).(Attempt)
	return a, ok
}
