// Package parallel runs work in goroutines on behalf of one loop. Nothing outlives the loop, and a panic in the work is raised in
// the goroutine of the loop. Results come as they are there from a Group, and in the order of the items from Ordered.
package parallel

import (
	"context"
	"iter"
	"runtime"
)

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

// Ended returns the channel of what has ended, in that order, for a select. Each function must be called: it takes the
// work, and returns its result. If the work ended with a panic or runtime.Goexit, so does the caller.
func (g *Group[R]) Ended() <-chan func() R { return g.ended }

// Drain takes all work, and waits until nothing runs.
func (g *Group[R]) Drain() {
	if g.running > 0 {
		defer g.Drain()
		(<-g.ended)()
	}
}

// maxBufferedRounds bounds how many results wait for a slower one before them, as a multiple of the pieces at work.
const maxBufferedRounds = 4

// Ordered does work for each item, for at most n of them at once, and yields the results in the order of the items. The
// next item is taken only when it can be worked on. When the loop ends, for whatever reason, the context of work that still
// runs is cancelled, and Ordered waits for it.
func Ordered[T, R any](ctx context.Context, n int, items iter.Seq[T], work func(context.Context, T) R) iter.Seq[R] {
	if n <= 1 { // nothing runs while a result is looked at, so the caller's goroutine can do the work, for fewer allocations
		return func(yield func(R) bool) {
			for item := range items {
				if !yield(work(ctx, item)) {
					return
				}
			}
		}
	}
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		group := NewGroup[struct{}]()
		defer group.Drain()
		defer cancel()

		var queue []chan R // one for the result of each piece
		// yieldReady waits until a piece of work ends, and yields the results that are ready.
		yieldReady := func() bool {
			(<-group.Ended())()
			for len(queue) > 0 && len(queue[0]) > 0 {
				result := <-queue[0]
				queue[0], queue = nil, queue[1:]
				if !yield(result) {
					return false
				}
			}
			return true
		}
		for item := range items {
			result := make(chan R, 1)
			queue = append(queue, result)
			group.Go(func() (none struct{}) { result <- work(ctx, item); return none })
			for group.Running() == n || len(queue)/maxBufferedRounds >= n {
				if !yieldReady() {
					return
				}
			}
		}
		for group.Running() > 0 {
			if !yieldReady() {
				return
			}
		}
	}
}
