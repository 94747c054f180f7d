package callback

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// A Sink stores what changed: at least one message, in the order of the callback. The callback is acknowledged when the
// Sink has returned nil, and comes again if it has not. ctx ends when the sender goes away. It may see the same state twice,
// and two callbacks at once in either order. So it stores a status only if its StatusDate is not older than the one stored.
type Sink func(ctx context.Context, changed []outgoing.Message) error

// Handler is an [http.Handler] for the gateway's status callbacks, made by [New]. Any number of goroutines may use it at
// once. It starts none, and has nothing to close.
type Handler struct {
	options
	sink  Sink
	slots chan struct{} // one for each callback in progress
}

// New returns a handler that hands what callbacks report to sink. Exactly one of [WithTokens] and [WithoutToken] must be
// among the options, and the latter needs [WithConfirmation]. Otherwise, and for a nil sink or a bad option, the error
// matches [outgoing.ErrInvalidArgument]; it never repeats a token.
func New(sink Sink, opts ...Option) (*Handler, error) {
	o := options{logger: slog.New(slog.DiscardHandler), limit: 16}
	for i, opt := range opts {
		if opt == nil {
			return nil, invalid(fmt.Sprintf("option %d is nil", i+1))
		}
		if err := opt(&o); err != nil {
			return nil, invalid(err.Error())
		}
	}
	switch {
	case sink == nil:
		return nil, invalid("the sink is nil")
	case len(o.tokens) == 0 && !o.withoutToken:
		return nil, invalid("neither WithTokens nor WithoutToken was given")
	case len(o.tokens) > 0 && o.withoutToken:
		return nil, invalid("WithTokens and WithoutToken were both given: pass only one")
	case o.withoutToken && o.client == nil:
		return nil, invalid("WithoutToken needs WithConfirmation, or anyone could write any status")
	}
	return &Handler{options: o, sink: sink, slots: make(chan struct{}, o.limit)}, nil
}

func invalid(what string) error {
	return fmt.Errorf("callback: %w: %s", outgoing.ErrInvalidArgument, what)
}

// ServeHTTP answers 204 after the sink has stored what changed, and a problem document (RFC 9457) otherwise.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refused := h.receive(w, r)
	if refused == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	level := slog.LevelWarn
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		level = slog.LevelDebug // panels and load balancers probe
	}
	h.logger.Log(r.Context(), level, "a callback was not accepted", "status", refused.status, "reason", refused.detail)
	refused.write(w)
}

// receive handles one callback. The result is nil if it is done with.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) *refusal {
	if refused := h.admit(r); refused != nil {
		return refused
	}
	reported, refused := h.read(w, r)
	if refused != nil || len(reported) == 0 {
		return refused
	}
	select { // after the body was read, so that a slow sender takes no place
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return &refusal{status: http.StatusServiceUnavailable, detail: "Too many callbacks are in progress", header: http.Header{"Retry-After": {"10"}}} // seconds, which a look-up takes at most
	}
	return h.handOn(r.Context(), reported)
}

// admit checks what can be checked before the body is read.
func (h *Handler) admit(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodPost:
		return &refusal{status: http.StatusMethodNotAllowed, detail: "A callback is a POST", header: http.Header{"Allow": {http.MethodPost}}}
	case !h.withoutToken && !h.knowsToken(r.Header["Authorization"]):
		return &refusal{status: http.StatusUnauthorized, detail: "The bearer token is missing or not valid", header: http.Header{"Www-Authenticate": {"Bearer"}}}
	case !unencoded.MatchString(strings.Join(r.Header["Content-Encoding"], ",")):
		return &refusal{status: http.StatusUnsupportedMediaType, detail: "The body must have no Content-Encoding", header: http.Header{"Accept-Encoding": {"identity"}}}
	case slices.ContainsFunc(r.Header["Content-Type"], simpleType.MatchString) || crossOrigin.Check(r) != nil:
		return &refusal{status: http.StatusUnsupportedMediaType, detail: "The body must be JSON of type application/json: a form or text/plain may come from any web page", header: http.Header{"Accept": {"application/json"}}}
	}
	return nil
}

var (
	// unencoded matches a Content-Encoding that is none. Some senders name the charset there.
	unencoded = regexp.MustCompile(`(?i)^(identity|utf-?8|[\s,])*$`)
	// simpleType matches a Content-Type that browsers send to any site for any page, without asking the site first (Fetch,
	// "no-CORS-safelisted request-header"). They do so without one, too, and say then where the request comes from.
	simpleType  = regexp.MustCompile(`(?i)^\s*(application/x-www-form-urlencoded|multipart/form-data|text/plain)\s*(;|$)`)
	crossOrigin = http.NewCrossOriginProtection()
)

// handOn gives the sink what was reported, or what the gateway says about it now.
func (h *Handler) handOn(ctx context.Context, reported []outgoing.Message) (refused *refusal) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			h.logger.ErrorContext(ctx, "a panic while a callback was in progress", "panic", panicText(v), "stack", string(debug.Stack()))
			refused = &refusal{status: http.StatusInternalServerError, detail: "The callback could not be processed"}
		}
	}()
	changed := reported
	if h.client != nil {
		changed, refused = h.confirm(ctx, reported)
	}
	if len(changed) == 0 {
		return refused
	}
	if err := h.sink(ctx, changed); err != nil {
		h.logger.ErrorContext(ctx, "the sink of callbacks failed", "messages", len(changed), "error", err)
		return &refusal{status: http.StatusServiceUnavailable, detail: "What changed could not be stored"}
	}
	h.logger.DebugContext(ctx, "what changed was stored", "messages", len(changed))
	return refused
}

// panicText prints the value only if it is a text: a message has a recipient in it.
func panicText(v any) string {
	switch v.(type) {
	case error, string:
		return fmt.Sprintf("a value of type %T: %v", v, v) // fmt survives an error whose text cannot be had, such as a nil pointer
	}
	return fmt.Sprintf("a value of type %T", v)
}
