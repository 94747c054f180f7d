package outgoing

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// operation is an operation of the contract that names IDs and is answered with rows of type T.
type operation[T any] struct {
	method string
	idOf   func(row *T) int64
	differ func(a, b *T) bool                   // reports whether two rows of one ID contradict each other
	clean  func(row *T, tokens redact.Redactor) // takes tokens out of a row
}

// rowsByID is what an answer shows of the IDs of its request.
type rowsByID[T any] struct {
	rows.Answer[T]
	Meta
}

// send sends a request about the IDs, with its retries or, if once, without. Rows that came before the body broke off are
// returned with the error.
func (op operation[T]) send(ctx context.Context, c *call, ids []int64, once bool) (rowsByID[T], trace, error) {
	req := withIDs(c.byID[op.method], ids)
	found, t, err := do(ctx, c, transport.Request{Request: req, Path: messagesByID, IDs: len(ids), FirstID: ids[0], Once: once},
		func(r *transport.Reply) (rowsByID[T], error) { return op.read(ctx, c, r, ids) })
	found.Attempts = t.Attempts
	if found.Rows == nil {
		found.Rows = make([]*T, len(ids))
	}
	if t.noneKnown() {
		c.Logger.WarnContext(ctx, "the gateway knows none of the IDs; with a wrong base URL it looks the same",
			"method", op.method, "path", messagesByID, "ids", len(ids))
	}
	return found, t, err
}

// read reads a 200.
func (op operation[T]) read(ctx context.Context, c *call, r *transport.Reply, ids []int64) (rowsByID[T], error) {
	var found rowsByID[T]
	if err := r.CheckUsable(); err != nil {
		return found, err
	}
	all, err := rows.ByID(r.Body, ids, op.idOf, op.differ)
	if all.Dropped > 0 {
		c.Logger.WarnContext(ctx, "rows that were not requested, or repeated, were dropped", "rows", all.Dropped)
	}
	err = readError(r, err)
	switch {
	case err == nil:
		found.Meta = c.readMeta(ctx, r, op.method)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return found, err
	}
	found.Answer = all
	for i, row := range all.Rows {
		found.OddMembers += c.logOdd(ctx, all.Odd[i])
		if row != nil {
			op.clean(row, r.Redact)
		}
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
