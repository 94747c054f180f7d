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
		m, unreadable := messageOf(row)
		if unreadable == nil {
			page.Messages = append(page.Messages, m)
		}
		failed = append(failed, unreadable...)
	}
	return page, failed.err()
}

// messageOf returns the message of a row or, if that cannot be used, one with nothing but its ID, and why.
func messageOf(row rows.Row[Message]) (Message, failures) {
	if row.Err == nil {
		return *row.Value, nil
	}
	failure := Failure{Err: unexpected(row.Err)}
	if row.Value.ID != 0 {
		failure.IDs = []int64{row.Value.ID}
	}
	return Message{ID: row.Value.ID}, failures{failure}
}

// pageRows is a Page whose messages are rows, some of which may be unusable.
type pageRows struct {
	Page
	rows []rows.Row[Message]
}

// list requests a page.
func (c *call) list(ctx context.Context, wanted PageRequest) (a pageRows, err error) {
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
	_, err = c.send(ctx, transport.Request{Request: req, Path: pathMessages}, func(r *transport.Reply) error {
		links := header.ParseLinks(r.Redact.Texts(r.Header.Values("Link")), r.URL)
		a = pageRows{rows: make([]rows.Row[Message], 0, MaxLimit), Page: Page{
			TotalResults: readHeader(ctx, c, r, "X-Total-Results", header.Count),
			TotalPages:   readHeader(ctx, c, r, "X-Total-Pages", header.Count),
			CurrentPage:  readHeader(ctx, c, r, "X-Current-Page", header.Count),
			Limit:        readHeader(ctx, c, r, "X-Limit", header.Count),
			Links:        Links{First: links["first"], Prev: links["prev"], Next: links["next"], Last: links["last"]},
		}}
		err := rows.Decode(r.Body, func(m *Message, odd []rows.OddMember) {
			if len(a.rows) <= MaxLimit { // one more, to know that there is one
				c.logOdd(ctx, odd)
				a.rows = append(a.rows, rows.Row[Message]{Value: m, Err: cmp.Or(rows.Unidentified(m.ID, odd), rows.Unreadable(odd, "/price"))})
			}
		})
		if err == nil && len(a.rows) > MaxLimit {
			err = errors.New("the page has more rows than can be asked for")
		}
		return cmp.Or(r.Broken, err)
	})
	return a, err
}
