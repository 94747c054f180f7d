package outgoingtest

import (
	"net/http"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Gateway is an SMS gateway in memory. It is an http.Handler, made by [NewGateway], and any number of goroutines may use
// it at once.
type Gateway struct {
	token   string
	latency time.Duration
	kept    int // how many requests are remembered; negative is all

	messages messages

	mu       sync.Mutex // guards what follows, and is never held while code of a Fault runs
	faults   []*pending // replaced, not changed
	requests []*Request
}

var _ http.Handler = (*Gateway)(nil)

// NewGateway returns a gateway without messages that works without fault.
func NewGateway(opts ...Option) *Gateway {
	g := &Gateway{kept: -1, messages: messages{byID: make(map[int64]*outgoing.Message)}}
	for _, opt := range opts {
		opt(g)
	}
	return g
}

// An Option is given to [NewGateway].
type Option func(*Gateway)

// WithToken makes token the only bearer token that is let in; any other is answered by a 401. Without this option any token
// will do, but a request must have one.
func WithToken(token string) Option {
	return func(g *Gateway) { g.token = token }
}

// WithLatency makes every request take at least d. A request that is given up meanwhile has no effect.
func WithLatency(d time.Duration) Option {
	return func(g *Gateway) { g.latency = d }
}

// WithRequestLimit makes the gateway forget all but the last n requests, for servers and benchmarks that run long. With
// 0 it remembers none, and without this option all.
func WithRequestLimit(n int) Option {
	return func(g *Gateway) { g.kept = max(n, 0) }
}

// Add puts messages at the newest end of the history, the last one given being the newest, and returns their IDs. An ID
// of 0 becomes the next free one, which is 1 more than the highest so far. A message whose ID is there already takes
// that one's place in the history: so a status can be changed. All fields are kept as they are, and a message with
// [outgoing.StatusScheduled] can be cancelled. An ID below 0 panics.
func (g *Gateway) Add(msgs ...outgoing.Message) []int64 {
	return g.messages.add(msgs)
}

// Update changes the message with this ID, and reports whether there is one. No request sees it half changed or comes
// between: if change looks at the status before it sets another one, a cancel is never undone. change runs at once and must
// not use the gateway; an ID that it changes is put back.
func (g *Gateway) Update(id int64, change func(m *outgoing.Message)) bool {
	return g.messages.update(id, change)
}

// Remove takes messages out of the history, as if they had never been. Unknown IDs are ignored, and no ID is given to
// another message later. It takes time in proportion to the number of messages there are.
func (g *Gateway) Remove(ids ...int64) {
	g.messages.remove(ids)
}

// Message returns the message with this ID as it is now, and whether there is one.
func (g *Gateway) Message(id int64) (outgoing.Message, bool) {
	found := g.messages.find([]int64{id})
	if len(found) == 0 {
		return outgoing.Message{}, false
	}
	return found[0], true
}
