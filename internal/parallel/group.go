// Package parallel runs work in goroutines on behalf of one loop. Nothing outlives the loop, results come in the order of the
// work, and a panic in the work is raised in the goroutine of the loop.
package parallel

import "runtime"

// Group is work in progress, each piece in a goroutine of its own. Only one goroutine may use it; end it with Drain.
type Group[R any] struct {
	running int
	ended   chan func() R
}

// NewGroup returns a Group in which nothing runs.
func NewGroup[R any]() *Group[R] { return &Group[R]{ended: make(chan func() R)} }

// Running returns how many pieces of work have not been taken yet.
func (g *Group[R]) Running() int { return g.running }

// Go starts a piece of work.
func (g *Group[R]) Go(work func() R) {
	g.running++
	go func() {
		var result R
		end := runtime.Goexit // as testing.T.FailNow does
		defer func() {
			if p := recover(); p != nil {
				end = func() { panic(p) }
			}
			g.ended <- func() R {
				g.running--
				end()
				return result
			}
		}()
		result = work()
		end = func() {}
	}()
}

// Ended returns the channel of what has ended, in that order, for a select. Each function must be called: it takes the work,
// and returns its result. If the work ended with a panic or runtime.Goexit, so does the caller.
func (g *Group[R]) Ended() <-chan func() R { return g.ended }

// Drain takes all work, and waits until nothing runs.
func (g *Group[R]) Drain() {
	if g.running > 0 {
		defer g.Drain()
		(<-g.ended)()
	}
}
