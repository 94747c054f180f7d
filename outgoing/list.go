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
	answer, _, err := call.list(ctx, req)
	if err != nil {
		return Page{}, err
	}
	page, failed := answer.Page, failures(nil)
	page.Messages = make([]Message, 0, len(answer.Messages))
	for i, m := range answer.Messages {
		failed = append(failed, answer.failed[i]...)
		if answer.failed[i] == nil {
			page.Messages = append(page.Messages, m)
		}
	}
	return page, failed.err()
}

// list asks for a page.
func (c *call) list(ctx context.Context, wanted PageRequest) (pageAnswer, transport.Trace, error) {
	var params gen.ListMessagesParams
	if wanted.Page != 0 {
		params.Page = &wanted.Page
	}
	if wanted.Limit != 0 {
		params.Limit = &wanted.Limit
	}
	req, err := gen.NewListMessagesRequest(c.baseURL, &params)
	if err != nil {
		return pageAnswer{}, transport.Trace{}, invalid(err.Error())
	}
	request := transport.Request{Request: req, Path: pathMessages}
	return do(ctx, c, request, func(r *transport.Reply) (pageAnswer, error) { return c.readPage(ctx, r) })
}

// pageAnswer is a page with its unreadable rows in their places: each a Message with nothing but its ID, if that.
type pageAnswer struct {
	Page
	failed []failures // of each row: why it is unreadable
}

func (c *call) readPage(ctx context.Context, r *transport.Reply) (pageAnswer, error) {
	a := pageAnswer{Page: Page{Messages: make([]Message, 0, MaxLimit)}}
	tooMany := false
	err := rows.Decode(r.Body, func(m *Message, odd []rows.Odd) {
		if tooMany = len(a.Messages) == MaxLimit; tooMany {
			return
		}
		c.logOdd(ctx, odd)
		row, failed := *m, failures(nil)
		if reason := cmp.Or(rows.Unidentified(m.ID, odd), rows.Unreadable(odd, "/price")); reason != nil {
			row, failed = Message{ID: m.ID}, failures{{Err: unexpected(reason)}}
			if m.ID != 0 {
				failed[0].IDs = []int64{m.ID}
			}
		}
		a.Messages, a.failed = append(a.Messages, row), append(a.failed, failed)
	})
	switch err := cmp.Or(r.Broken, err); {
	case err != nil:
		return pageAnswer{}, err
	case tooMany:
		return pageAnswer{}, errors.New("the page has more rows than can be asked for")
	}
	a.TotalResults = readHeader(ctx, c, r, "X-Total-Results", header.Count)
	a.TotalPages = readHeader(ctx, c, r, "X-Total-Pages", header.Count)
	a.CurrentPage = readHeader(ctx, c, r, "X-Current-Page", header.Count)
	a.Limit = readHeader(ctx, c, r, "X-Limit", header.Count)
	links := header.ParseLinks(r.Redact.Texts(r.Header.Values("Link")), r.URL)
	a.Links = Links{First: links["first"], Prev: links["prev"], Next: links["next"], Last: links["last"]}
	return a, nil
}
