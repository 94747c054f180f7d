// Package interrupt stops the work so that no request in flight is cut off: a person can interrupt a cancel and still learn
// what became of each message.
package interrupt

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Drainer stops the library from starting another attempt, and lets those in flight end. Cancelling the context would cut
// off a cancel that the gateway is just carrying out, and no one would know its outcome.
//
// The library asks for the token once before each attempt, so the token is what the drainer holds back; it wraps the
// transport too, to know when the last attempt has ended.
type Drainer struct {
	transport http.RoundTripper
	token     string

	mu       sync.Mutex
	draining bool
	inFlight int    // attempts
	requests int    // that were sent, read-backs included
	attempts int    // that were made for them
	idle     func() // called once no attempt can be in flight any more
}

// ErrInterrupted is why an attempt was not started.
var ErrInterrupted = errors.New("interrupted")

// NewDrainer returns a Drainer of one client's attempts, with their token. It calls idle once drained.
func NewDrainer(transport http.RoundTripper, token string, idle func()) *Drainer {
	return &Drainer{transport: transport, token: token, idle: idle}
}

// Token is the library's token source.
func (d *Drainer) Token(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return "", ErrInterrupted
	}
	d.inFlight++
	return d.token, nil
}

// RoundTrip sends a request for which Token was asked.
func (d *Drainer) RoundTrip(req *http.Request) (*http.Response, error) {
	d.count(req)
	res, err := d.transport.RoundTrip(req)
	if err != nil {
		d.ended()
		return res, err
	}
	res.Body = &body{ReadCloser: res.Body, closed: sync.OnceFunc(d.ended)}
	return res, nil
}

func (d *Drainer) count(req *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts++
	if attempt, ok := outgoing.AttemptFrom(req.Context()); ok && attempt.Number == 1 {
		d.requests++
	}
}

// Sent returns how many requests were sent, and in how many attempts. The library's Meta counts the requests that were
// answered.
func (d *Drainer) Sent() (requests, attempts int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests, d.attempts
}

func (d *Drainer) ended() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight--
	if d.draining && d.inFlight == 0 {
		d.idle()
	}
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
