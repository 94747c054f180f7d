package outgoing

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
)

// distinct checks the IDs and drops repetitions; the first mention gives the place.
func distinct(ids []int64) ([]int64, error) {
	seen := make(map[int64]struct{}, len(ids))
	kept := make([]int64, 0, len(ids))
	for _, id := range ids {
		if id < 1 {
			return nil, invalidID(id)
		}
		if _, again := seen[id]; !again {
			seen[id] = struct{}{}
			kept = append(kept, id)
		}
	}
	return kept, nil
}

func invalidID(id int64) error {
	return invalid(fmt.Sprintf("message ID %d: IDs start at 1", id))
}

// idSource is the caller's iterator of IDs, and how far one loop over a stream got in it.
type idSource struct {
	ids     iter.Seq[int64]
	stopped func() error // why the call was stopped, if it was
	next    int64        // the first ID after the last full chunk; 0 if there was none
	sent    bool         // ids ended before the call was stopped, and the last of its IDs are in a chunk
	bad     error        // the ID < 1 at which ids was left, if there was one
}

// chunks groups IDs as they come into requests of at most MaxIDs distinct ones; at an ID < 1 it yields those before it. A
// chunk is yielded when the ID after it has been seen, or that there is none: so it is known, without asking ids again,
// whether a call that stops there leaves anything out. An iterator that is asked later may end because the call has.
func (s *idSource) chunks(yield func([]int64) bool) {
	chunk := make([]int64, 0, MaxIDs)
	for id := range s.ids {
		if id < 1 {
			s.bad = invalidID(id)
			break
		}
		if slices.Contains(chunk, id) {
			continue
		}
		if len(chunk) == MaxIDs {
			s.next = id
			if !yield(chunk) {
				return
			}
			chunk = make([]int64, 0, MaxIDs)
		}
		chunk = append(chunk, id)
	}
	if len(chunk) > 0 {
		s.next = 0
		s.sent = s.bad == nil && s.stopped() == nil // else ids may have ended because the call has
		yield(chunk)
	}
}

// rest is the error of a stream that ends before ids does; nil if it does not. Where ids gave no ID at all, it may have
// ended because the call was stopped.
func (s *idSource) rest() error {
	reason := s.stopped()
	switch {
	case s.bad != nil:
		return notSent(s.bad)
	case reason == nil, s.sent:
		return nil
	case s.next != 0:
		return wrapError(fmt.Sprintf("ID %d and those after it were not sent", s.next), reason, ErrNotSent)
	}
	return notSent(reason)
}

// inOrder does work for each chunk of IDs, for at most n of them at once, and yields the results in the order of the chunks.
// The next chunk is taken only when there is a free place for it. Results wait for slower ones before them, a few rounds at
// most. When the loop ends, for whatever reason, inOrder cancels the work in flight and waits for it. A panic in work is
// re-raised in the caller's goroutine.
func inOrder[R any](ctx context.Context, n int, chunks iter.Seq[[]int64], work func(context.Context, []int64) R) iter.Seq[R] {
	type place struct {
		result R
		done   bool
		panicCatcher
	}
	if n == 1 { // nothing is under way while a result is looked at, so the caller's goroutine can do the work
		return func(yield func(R) bool) {
			for chunk := range chunks {
				if !yield(work(ctx, chunk)) {
					return
				}
			}
		}
	}
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var (
			queue    []*place // in the order of the chunks
			finished = make(chan *place)
			busy     int
		)
		defer func() {
			cancel()
			var escaped panicCatcher
			for ; busy > 0; busy-- {
				if p := <-finished; p.exited {
					escaped = p.panicCatcher
				}
			}
			escaped.rethrow()
		}()
		// settle waits for one chunk to end, and yields what is now in turn.
		settle := func() bool {
			p := <-finished
			busy--
			p.done = true
			p.rethrow()
			for len(queue) > 0 && queue[0].done {
				head := queue[0]
				queue[0], queue = nil, queue[1:]
				if !yield(head.result) {
					return false
				}
			}
			return true
		}
		for chunk := range chunks {
			p := new(place)
			queue = append(queue, p)
			busy++
			go func() {
				defer func() { finished <- p }()
				p.run(func() { p.result = work(ctx, chunk) })
			}()
			for busy == n || len(queue)/roundsAhead >= n {
				if !settle() {
					return
				}
			}
		}
		for busy > 0 {
			if !settle() {
				return
			}
		}
	}
}

const roundsAhead = 4

// parallelism returns how many requests for these IDs may be in flight.
func (o *options) parallelism(ids []int64) int {
	return max(1, min(o.concurrency, (len(ids)+MaxIDs-1)/MaxIDs))
}

// stop ends a call early: a token that is refused once is refused for every request of it.
type stop struct {
	once  sync.Once
	done  chan struct{} // closed when nothing more must be sent
	cause error         // set before
}

func newStop() *stop { return &stop{done: make(chan struct{})} }

// on stops the call if a request ended in an answer that refuses the token.
func (s *stop) on(answer *APIError) {
	if answer != nil && answer.refusesToken() {
		s.once.Do(func() {
			s.cause = wrapError("stopped", answer)
			close(s.done)
		})
	}
}

// reason is why nothing more must be sent; nil if something may.
func (s *stop) reason(ctx context.Context) error {
	select {
	case <-s.done:
		return s.cause
	default:
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return nil
}

// until ends the chunks when there is a reason to stop. Then no more of them are asked for, which may take long.
func (s *stop) until(ctx context.Context, chunks iter.Seq[[]int64]) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		if s.reason(ctx) != nil {
			return
		}
		for chunk := range chunks {
			if !yield(chunk) || s.reason(ctx) != nil {
				return
			}
		}
	}
}

// panicCatcher records how a caller's hook ended in a goroutine of ours, if not by returning: with a panic, or with
// runtime.Goexit, as testing.T.FailNow does.
type panicCatcher struct {
	exited bool
	panic  any
}

// run calls work and records how it ends.
func (e *panicCatcher) run(work func()) {
	e.exited = true
	defer func() { e.panic = recover() }()
	work()
	e.exited = false
}

// rethrow ends the caller's goroutine in the same way.
func (e *panicCatcher) rethrow() {
	switch {
	case e.panic != nil:
		panic(e.panic)
	case e.exited:
		runtime.Goexit()
	}
}
