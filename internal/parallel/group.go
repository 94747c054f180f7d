// Package parallel runs work in goroutines on behalf of one loop. Nothing outlives the loop, results come in the order of the
// work, and a panic in the work is raised in the goroutine of the loop.
package parallel

import "runtime"

// Group is work in progress, each piece in a goroutine of its own. Only one goroutine may use it; end it with Drain.
type Group[R any] struct {
	running int
	ended   chan *Ended[R]
}

// Ended is a piece of work that has ended, with its result or its panic.
type Ended[R any] struct {
	result   R
	returned bool // else it ended with a panic, or with runtime.Goexit as testing.T.FailNow does
	panic    any
}

// NewGroup returns a Group in which nothing runs.
func NewGroup[R any]() *Group[R] { return &Group[R]{ended: make(chan *Ended[R])} }

// Running returns how many pieces of work have not been taken yet.
func (g *Group[R]) Running() int { return g.running }

// Go starts a piece of work.
func (g *Group[R]) Go(work func() R) {
	g.running++
	go func() {
		e := new(Ended[R])
		defer func() { g.ended <- e }()
		defer func() { e.panic = recover() }()
		e.result = work()
		e.returned = true
	}()
}

// Ended returns the channel of what has ended, in that order, for a select. Each value must be given to Take.
func (g *Group[R]) Ended() <-chan *Ended[R] { return g.ended }

// Take returns the result of e. If e ended with a panic or runtime.Goexit, so does the caller.
func (g *Group[R]) Take(e *Ended[R]) R {
	g.running--
	e.rethrow()
	return e.result
}

// Wait waits until a piece of work ends, and takes it.
func (g *Group[R]) Wait() R { return g.Take(<-g.ended) }

// Drain waits until nothing runs. If something ended with a panic or runtime.Goexit, so does the caller.
func (g *Group[R]) Drain() {
	escaped := &Ended[R]{returned: true}
	for ; g.running > 0; g.running-- {
		if e := <-g.ended; !e.returned {
			escaped = e
		}
	}
	escaped.rethrow()
}

func (e *Ended[R]) rethrow() {
	switch {
	case e.panic != nil:
		panic(e.panic)
	case !e.returned:
		runtime.Goexit()
	}
}
