package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// gate stops the library from starting another attempt, and lets those under way end. Cancelling the context would cut
// off a cancel that the gateway is just carrying out, and nobody would know what became of it.
//
// The library asks for the token once before each attempt, so the token is what the gate holds back; it wraps the
// transport too, to know when the last attempt has ended.
type gate struct {
	transport http.RoundTripper
	token     string

	mu   sync.Mutex
	shut bool
	busy int    // attempts under way
	idle func() // called once no attempt can be under way any more
}

var errInterrupted = errors.New("interrupted")

// ask is the library's token source.
func (g *gate) ask(context.Context) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return "", errInterrupted
	}
	g.busy++
	return g.token, nil
}

// RoundTrip sends a request that ask has let through.
func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := g.transport.RoundTrip(req)
	if err != nil {
		g.ended()
		return res, err
	}
	res.Body = &body{ReadCloser: res.Body, closed: sync.OnceFunc(g.ended)}
	return res, nil
}

func (g *gate) ended() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	if g.shut && g.busy == 0 {
		g.idle()
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	if g.busy == 0 {
		g.idle()
	}
}

// body tells when a response is done with.
type body struct {
	io.ReadCloser
	closed func()
}

func (b *body) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}
