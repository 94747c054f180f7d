package outgoing

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
)

const messages = "/messages"

// PageRequest says which page of the history [Client.List] returns. A field of zero leaves the gateway's default: page
// 1, 10 messages.
type PageRequest struct{ Page, Limit int }

// Page is one page of the history, newest message first. The counts are what the response headers say.
type Page struct {
	Messages                                     []Message
	TotalResults, TotalPages, CurrentPage, Limit *int // the X- headers; nil if absent or unreadable
	Links                                        Links
}

// List returns one page of the history, newest message first. Pages move while messages arrive: to read all of it, use
// [Client.All]. Rows that cannot be read are named by a *[BatchError]; the others are returned beside it.
//
// Errors: [ErrInvalidArgument], before anything is sent, for a page below 0, a limit outside of 0 to 50 or a bad
// option; *[APIError] where the gateway answered; the context's error or the network's where it did not.
func (c *Client) List(ctx context.Context, req PageRequest, opts ...Option) (Page, error) {
	op, err := c.with(opts)
	if err != nil {
		return Page{}, err
	}
	if req.Page < 0 {
		return Page{}, invalid(fmt.Sprintf("page %d: pages start at 1", req.Page))
	}
	if req.Limit < 0 || req.Limit > MaxLimit {
		return Page{}, invalid(fmt.Sprintf("limit %d: a page has 1 to %d messages", req.Limit, MaxLimit))
	}
	answer, _, err := op.list(ctx, req)
	if err != nil {
		return Page{}, err
	}
	return answer.page()
}

// list asks for a page.
func (op operation) list(ctx context.Context, wanted PageRequest) (pageAnswer, attempts, error) {
	var params gen.ListMessagesParams
	if wanted.Page != 0 {
		params.Page = &wanted.Page
	}
	if wanted.Limit != 0 {
		params.Limit = &wanted.Limit
	}
	req, err := gen.NewListMessagesRequest(op.baseURL, &params)
	if err != nil {
		return pageAnswer{}, attempts{}, invalid(err.Error())
	}
	return send(ctx, op, request{req, messages, 0}, func(r *response) (pageAnswer, error) { return op.readPage(ctx, r) })
}

// pageAnswer is a page with its unreadable rows in their places: as a Message that has no more than its ID, if that.
type pageAnswer struct {
	rows []Message
	bad  map[int]error // why, by index in rows
	meta Page          // without Messages
}

// page is the answer with the unreadable rows set apart.
func (a pageAnswer) page() (Page, error) {
	page := a.meta
	if len(a.bad) == 0 {
		page.Messages = a.rows
		return page, nil
	}
	var failed BatchError
	for i, m := range a.rows {
		if reason := a.bad[i]; reason != nil {
			failed.add(reason, idOf(m)...)
		} else {
			page.Messages = append(page.Messages, m)
		}
	}
	return page, &failed
}

func (op operation) readPage(ctx context.Context, r *response) (pageAnswer, error) {
	a := pageAnswer{rows: make([]Message, 0, MaxLimit)}
	var tooMany bool
	add := func(m Message, reason error) {
		if tooMany = len(a.rows) == MaxLimit; tooMany {
			return
		}
		if reason != nil {
			if a.bad == nil {
				a.bad = make(map[int]error)
			}
			a.bad[len(a.rows)] = reason
		}
		a.rows = append(a.rows, m)
	}
	err := decodeRows(r, func(m *Message) {
		if m.ID == 0 {
			add(Message{}, errNoID)
			return
		}
		add(*m, nil)
	}, func(row jsontext.Value, reason error) { add(Message{ID: rowID(row)}, r.badRow(reason)) })
	switch {
	case err != nil:
		return pageAnswer{}, err
	case tooMany:
		return pageAnswer{}, errors.New("the page has more rows than can be asked for")
	}
	h := op.headers(ctx, r)
	a.meta = Page{
		TotalResults: h.count("X-Total-Results"),
		TotalPages:   h.count("X-Total-Pages"),
		CurrentPage:  h.count("X-Current-Page"),
		Limit:        h.count("X-Limit"),
		Links:        parseLinks(r.redact.texts(allValues(r.header, "Link")), r.url),
	}
	return a, nil
}
