package outgoing

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// rowsByID is what came of a request that names IDs and is answered with rows about them.
type rowsByID[T any] struct {
	rows.Answer[T]
	Meta
	tokens redact.Redactor // not taken out of the rows yet
	trace  transport.Trace
	err    error // there may be rows all the same, which came before the body broke off
}

// askByID sends a request about the IDs, with its retries or, if once, without. differ reports whether two rows of one
// ID contradict each other.
func askByID[T any](
	ctx context.Context, c *call, method string, ids []int64, once bool,
	idOf func(row *T) int64, differ func(a, b *T) bool,
) rowsByID[T] {
	req := withIDs(c.idTemplates[method], ids)
	request := transport.Request{Request: req, Path: pathMessagesByID, IDs: len(ids), FirstID: ids[0], Once: once}
	found, t, err := do(ctx, c, request, func(r *transport.Reply) (rowsByID[T], error) {
		return readByID(ctx, c, r, method, ids, idOf, differ)
	})
	found.Attempts, found.trace, found.err = t.Attempts, t, err
	if found.Rows == nil {
		found.Rows = make([]*T, len(ids))
	}
	if lastAnswer(&t).noneKnown() {
		c.Logger.WarnContext(ctx, "the gateway knows none of the IDs; with a wrong base URL it looks the same",
			"method", method, "path", pathMessagesByID, "ids", len(ids))
	}
	return found
}

// readByID reads a 200.
func readByID[T any](
	ctx context.Context, c *call, r *transport.Reply, method string, ids []int64,
	idOf func(row *T) int64, differ func(a, b *T) bool,
) (found rowsByID[T], err error) {
	all, err := rows.ByID(r.Body, ids, idOf, differ)
	if all.Dropped > 0 {
		c.Logger.WarnContext(ctx, "rows that were not requested, or repeated, were dropped", "rows", all.Dropped)
	}
	switch err = cmp.Or(r.Broken, err); {
	case err == nil:
		found.Meta = c.readMeta(ctx, r, method)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return found, err
	}
	found.Answer, found.tokens = all, r.Redact
	for i := range ids {
		found.OddMembers += c.logOdd(ctx, all.Odd[i])
	}
	return found, err
}

// withIDs returns a copy of a request whose path goes on with the IDs, as the contract has them (style simple). The
// builders of package gen parse the base URL each time, and make two strings of each ID.
func withIDs(template *http.Request, ids []int64) *http.Request {
	list := make([]byte, 0, 11*len(ids))
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, id, 10)
	}
	req := new(*template)
	req.URL = new(*template.URL)
	req.URL.Path += string(list)
	if req.URL.RawPath != "" {
		req.URL.RawPath += string(list)
	}
	return req
}
