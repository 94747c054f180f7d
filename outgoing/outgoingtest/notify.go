package outgoingtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Notify tells h that the status of messages changed, as the gateway does: it POSTs the messages as they are now, in the
// order of ids and 50 in one callback, with the bearer token, or without one if token is empty. It calls h in its own
// goroutine, so it works inside a testing/synctest bubble, and returns when h has answered the last callback. Without IDs
// there is none.
//
// An ID that the gateway does not have is an error, and nothing is sent then. All callbacks are sent, also after one that h
// does not acknowledge; the error names the first status that is not 2xx, or says that h broke the connection
// ([http.ErrAbortHandler]). A done context ends it before the next callback. Nothing is sent again: call Notify again for
// that. A panic of h is the caller's.
func (g *Gateway) Notify(ctx context.Context, h http.Handler, token string, ids ...int64) error {
	if h == nil {
		return errors.New("outgoingtest: Gateway.Notify: the handler is nil")
	}
	msgs := g.messages.find(ids)
	if len(msgs) < len(ids) {
		known := make(map[int64]bool, len(msgs))
		for _, m := range msgs {
			known[m.ID] = true
		}
		unknown := slices.IndexFunc(ids, func(id int64) bool { return !known[id] })
		return fmt.Errorf("outgoingtest: Gateway.Notify: there is no message %d", ids[unknown])
	}
	var refused error
	for callback := range slices.Chunk(msgs, maxRows) {
		if ctx.Err() != nil {
			return errors.Join(refused, fmt.Errorf("outgoingtest: Gateway.Notify: stopped before message %d: %w", callback[0].ID, ctx.Err()))
		}
		if err := post(ctx, h, token, callback); err != nil && refused == nil {
			refused = fmt.Errorf("outgoingtest: Gateway.Notify: the callback of %d messages from %d on %w", len(callback), callback[0].ID, err)
		}
	}
	return refused
}

// post sends one callback.
func post(ctx context.Context, h http.Handler, token string, msgs []outgoing.Message) error {
	body, err := json.Marshal(msgs, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(fmt.Sprintf("outgoingtest: a message cannot be written as JSON: %v", err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, callbackURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", typeJSON)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := &responseWriter{header: make(http.Header)}
	switch aborted := serve(h, w, arriving(req)); {
	case aborted:
		return errors.New("was not answered: the connection broke")
	case w.status != 0 && w.status/100 != 2: // 0 is a 200: the handler wrote nothing
		return fmt.Errorf("was answered with %d %s", w.status, http.StatusText(w.status))
	}
	return nil
}

const callbackURL = "https://callback.test/" // .test belongs to no one: RFC 2606
