package outgoing

import (
	"context"
	"sync"
)

// gate keeps the requests of a watch from leaving while the loop's body runs. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	closed bool
	opened chan struct{} // closed when the gate opens; nil if no request waits for that
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = false
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// wait returns once the gate is open or the context is done, and reports whether it was closed.
func (g *gate) wait(ctx context.Context) (waited bool) {
	if g == nil {
		return false
	}
	opened := g.opening()
	if opened == nil {
		return false
	}
	select {
	case <-opened:
	case <-ctx.Done():
	}
	return true
}

// opening returns what is closed when the gate opens; nil if it is open.
func (g *gate) opening() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed && g.opened == nil {
		g.opened = make(chan struct{})
	}
	return g.opened
}
