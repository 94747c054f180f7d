// Package interrupt stops the work so that no request in flight is cut off: a person can interrupt a cancel and still learn
// what became of each message.
package interrupt

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Drainer is an http.RoundTripper that can let the attempts in flight end while it starts no other. Cancelling the context
// would cut off a cancel that the gateway is just carrying out, and no one would know its outcome.
type Drainer struct {
	transport http.RoundTripper
	idle      func() // called once drained

	mu       sync.Mutex
	draining bool
	inFlight int // attempts
	requests int // that were sent, read-backs included
	attempts int // that were made for them
}

// ErrInterrupted is why an attempt was not started.
var ErrInterrupted = errors.New("interrupted")

// NewDrainer returns a Drainer of one client's attempts. It calls idle when it is draining and no attempt is in flight.
func NewDrainer(transport http.RoundTripper, idle func()) *Drainer {
	return &Drainer{transport: transport, idle: idle}
}

// RoundTrip sends a request, unless it is draining.
func (d *Drainer) RoundTrip(req *http.Request) (*http.Response, error) {
	if !d.begin(req) {
		// To the library a connection that was wanted and never had means that nothing was sent.
		if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GetConn != nil {
			trace.GetConn(req.URL.Host)
		}
		return nil, ErrInterrupted
	}
	res, err := d.transport.RoundTrip(req)
	if err != nil {
		d.ended()
		return res, err
	}
	res.Body = &body{ReadCloser: res.Body, closed: sync.OnceFunc(d.ended)}
	return res, nil
}

// CloseIdleConnections is what the library asks for after an attempt that timed out.
func (d *Drainer) CloseIdleConnections() {
	(&http.Client{Transport: d.transport}).CloseIdleConnections()
}

func (d *Drainer) begin(req *http.Request) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return false
	}
	d.inFlight++
	d.attempts++
	if attempt, ok := outgoing.AttemptFrom(req.Context()); ok && attempt.Number == 1 {
		d.requests++
	}
	return true
}

func (d *Drainer) ended() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight--
	if d.draining && d.inFlight == 0 {
		d.idle()
	}
}

// Sent returns how many requests were sent, and in how many attempts. The library's Meta counts the requests that were
// answered.
func (d *Drainer) Sent() (requests, attempts int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests, d.attempts
}

// InFlight returns how many attempts are in flight.
func (d *Drainer) InFlight() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inFlight
}

// Drain stops new attempts.
func (d *Drainer) Drain() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.draining = true
	if d.inFlight == 0 {
		d.idle()
	}
}

// body calls closed when the caller is done with a response.
type body struct {
	io.ReadCloser
	closed func()
}

func (b *body) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}
