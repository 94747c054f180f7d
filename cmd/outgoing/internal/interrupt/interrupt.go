// Package interrupt stops the work so that no request in flight is cut off: a person can interrupt a cancel and still learn
// what became of each message.
package interrupt

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Drainer is an http.RoundTripper that can let the attempts in flight end while it starts no other. Cancelling the context
// would cut off a cancel that the gateway is just carrying out, and no one would know its outcome.
type Drainer struct {
	Transport http.RoundTripper
	Idle      func() // is called, at least once, when it is draining and no attempt is in flight

	draining atomic.Bool
	inFlight atomic.Int64 // attempts
	requests atomic.Int64 // that were sent, read-backs included
	attempts atomic.Int64 // that were made for them
}

// ErrInterrupted is why an attempt was not started.
var ErrInterrupted = errors.New("interrupted")

// RoundTrip sends a request, unless it is draining.
func (d *Drainer) RoundTrip(req *http.Request) (*http.Response, error) {
	d.inFlight.Add(1) // before it asks, so that either this or Drain sees the other
	if d.draining.Load() {
		d.ended()
		// To the library a connection that was wanted and never had means that nothing was sent.
		if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GetConn != nil {
			trace.GetConn(req.URL.Host)
		}
		return nil, ErrInterrupted
	}
	d.attempts.Add(1)
	if attempt, ok := outgoing.AttemptFrom(req.Context()); ok && attempt.Number == 1 {
		d.requests.Add(1)
	}
	res, err := d.Transport.RoundTrip(req)
	if err != nil {
		d.ended()
		return res, err
	}
	res.Body = &body{res.Body, sync.OnceFunc(d.ended)}
	return res, nil
}

func (d *Drainer) ended() {
	if d.inFlight.Add(-1) == 0 && d.draining.Load() {
		d.Idle()
	}
}

// CloseIdleConnections is what the library asks for after an attempt that timed out.
func (d *Drainer) CloseIdleConnections() {
	(&http.Client{Transport: d.Transport}).CloseIdleConnections()
}

// Sent returns how many requests were sent, and in how many attempts. The library's Meta counts the requests that were
// answered.
func (d *Drainer) Sent() (requests, attempts int) {
	return int(d.requests.Load()), int(d.attempts.Load())
}

// InFlight returns how many attempts are in flight.
func (d *Drainer) InFlight() int { return int(d.inFlight.Load()) }

// Drain stops new attempts.
func (d *Drainer) Drain() {
	d.draining.Store(true)
	if d.InFlight() == 0 {
		d.Idle()
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

// Watch calls the first reaction at the first interrupt, the second at the second and so on, and the last at each further
// one, until the end of the process. A terminal that closes is an interrupt too (SIGHUP), but never a second one, since both
// the kernel and the shell may send it. Under nohup it is ignored, and stays so.
func Watch(reactions ...func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		next := 0
		for received := range signals {
			if next > 0 && received == syscall.SIGHUP {
				continue
			}
			reactions[next]()
			next = min(next+1, len(reactions)-1)
		}
	}()
}
