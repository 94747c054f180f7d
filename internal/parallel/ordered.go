package parallel

import (
	"context"
	"iter"
)

// maxBufferedRounds bounds how many results wait for a slower one before them: so many times the number of pieces at work.
const maxBufferedRounds = 4

// Ordered does work for each item, for at most n of them at once, and yields the results in the order of the items. The next
// item is taken only when it can be worked on. When the loop ends, for whatever reason, the context of the work is cancelled
// and Ordered waits for it.
func Ordered[T, R any](ctx context.Context, n int, items iter.Seq[T], work func(context.Context, T) R) iter.Seq[R] {
	type slot struct {
		result R
		done   bool
	}
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		group := NewGroup[*slot]()
		defer group.Drain()
		defer cancel()

		var queue []*slot
		// settle waits until a piece of work ends, and yields the results whose turn it is.
		settle := func() bool {
			(<-group.Ended())().done = true
			for len(queue) > 0 && queue[0].done {
				head := queue[0]
				queue[0], queue = nil, queue[1:]
				if !yield(head.result) {
					return false
				}
			}
			return true
		}
		for item := range items {
			s := new(slot)
			queue = append(queue, s)
			group.Go(func() *slot { s.result = work(ctx, item); return s })
			for group.Running() == n || len(queue)/maxBufferedRounds >= n {
				if !settle() {
					return
				}
			}
		}
		for group.Running() > 0 {
			if !settle() {
				return
			}
		}
	}
}
