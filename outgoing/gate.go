package outgoing

import (
	"context"
	"sync"
)

// gate keeps the requests of a watch from leaving while the loop's body runs. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed when the gate opens; nil while it is open
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.opened)
	g.opened = nil
}

// wait returns once the gate is open or the context is done, and reports whether it was closed.
func (g *gate) wait(ctx context.Context) (waited bool) {
	if g == nil {
		return false
	}
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened == nil {
		return false
	}
	select {
	case <-opened:
	case <-ctx.Done():
	}
	return true
}
