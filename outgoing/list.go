package outgoing

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// PageRequest is a page for [Client.List]; 0 is the default: page 1, limit 10.
type PageRequest struct{ Page, Limit int }

// Page is one page of the history, newest message first, and its headers.
type Page struct {
	Messages                                     []Message
	TotalResults, TotalPages, CurrentPage, Limit *int // the X- headers; nil if absent or unreadable
	Links                                        Links
}

// Links are the targets of a Link header (RFC 8288), as absolute URIs; "" if absent. The library never requests one.
type Links struct{ First, Prev, Next, Last string }

// List returns one page of the history; [Client.All] reads all of it. Rows that cannot be read are left out, and named by
// a *[BatchError]. Other errors are [ErrInvalidArgument] for a negative page, a limit outside 0 to 50 or a bad option,
// before anything is sent; *[APIError]; the context's or the network's.
func (c *Client) List(ctx context.Context, req PageRequest, opts ...Option) (Page, error) {
	call, err := c.newCall(opts)
	if err != nil {
		return Page{}, err
	}
	if req.Page < 0 {
		return Page{}, invalid(fmt.Sprintf("page %d: pages start at 1", req.Page))
	}
	if req.Limit < 0 || req.Limit > MaxLimit {
		return Page{}, invalid(fmt.Sprintf("limit %d: a page has 1 to %d messages", req.Limit, MaxLimit))
	}
	answer, err := call.list(ctx, req)
	if err != nil {
		return Page{}, err
	}
	page, failed := answer.Page, failures(nil)
	page.Messages = make([]Message, 0, len(answer.rows))
	for _, row := range answer.rows {
		if row.Err == nil {
			page.Messages = append(page.Messages, *row.Value)
		} else {
			failed = append(failed, unreadable(row))
		}
	}
	return page, failed.err()
}

// unreadable returns the failure of a row that cannot be used.
func unreadable(row rows.Row[Message]) Failure {
	f := Failure{Err: unexpected(row.Err)}
	if row.Value.ID != 0 {
		f.IDs = []int64{row.Value.ID}
	}
	return f
}

// pageAnswer is a Page whose messages are rows, some of which may be unreadable.
type pageAnswer struct {
	Page
	rows []rows.Row[Message]
}

// list requests a page.
func (c *call) list(ctx context.Context, wanted PageRequest) (a pageAnswer, err error) {
	var params gen.ListMessagesParams
	if wanted.Page != 0 {
		params.Page = &wanted.Page
	}
	if wanted.Limit != 0 {
		params.Limit = &wanted.Limit
	}
	req, err := gen.NewListMessagesRequest(c.baseURL, &params)
	if err != nil {
		return a, invalid(err.Error())
	}
	_, err = c.do(ctx, transport.Request{Request: req, Path: pathMessages}, func(r *transport.Reply) (err error) {
		a, err = c.readPage(ctx, r)
		return err
	})
	return a, err
}

func (c *call) readPage(ctx context.Context, r *transport.Reply) (a pageAnswer, _ error) {
	err := rows.Decode(r.Body, func(m *Message, odd []rows.OddMember) {
		if len(a.rows) <= MaxLimit { // one more, to know that there is one
			c.logOdd(ctx, odd)
			a.rows = append(a.rows, rows.Row[Message]{Value: m, Err: cmp.Or(rows.Unidentified(m.ID, odd), rows.Unreadable(odd, "/price"))})
		}
	})
	switch err := cmp.Or(r.Broken, err); {
	case err != nil:
		return pageAnswer{}, err
	case len(a.rows) > MaxLimit:
		return pageAnswer{}, errors.New("the page has more rows than can be asked for")
	}
	a.TotalResults = readHeader(ctx, c, r, "X-Total-Results", header.Count)
	a.TotalPages = readHeader(ctx, c, r, "X-Total-Pages", header.Count)
	a.CurrentPage = readHeader(ctx, c, r, "X-Current-Page", header.Count)
	a.Limit = readHeader(ctx, c, r, "X-Limit", header.Count)
	a.Links = Links(header.ParseLinks(r.Redact.Texts(r.Header.Values("Link")), r.URL))
	return a, nil
}
