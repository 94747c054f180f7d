package outgoing

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/parallel"
)

// StreamByIDs is [Client.GetByIDs] for any number of IDs, in memory that does not grow with it: IDs are taken from the
// iterator when another request may be sent, and each request's result is yielded in the order asked, with a
// *[BatchError] beside it if some of its IDs could not be settled; the stream then goes on. An ID is sent once per
// chunk of 50, so sort or deduplicate where many repeat.
//
// The stream ends early, after what was in flight, when the token is refused (401, 403), when the gateway cannot be reached,
// when the context is done, and at an ID below 1. Then its last yield is an error that matches [ErrNotSent] and the reason
// ([ErrUnauthorized], the context's error, [ErrInvalidArgument]), beside a zero result: the IDs that ids had not yielded yet
// were not sent. So a loop that ends without such an error has seen a result or a *BatchError for each ID.
//
// ids runs in the goroutine of the loop, and again for each loop. A request is sent when the ID after its last one, or
// the end of ids, has been seen. While ids waits for an ID no result is yielded, so it must not itself wait for one.
func (c *Client) StreamByIDs(ctx context.Context, ids iter.Seq[int64], opts ...Option) iter.Seq2[GetResult, error] {
	call, err := c.newCall(opts)
	if err == nil && ids == nil {
		err = invalid("the iterator of IDs is nil")
	}
	return func(yield func(GetResult, error) bool) {
		if err != nil {
			yield(GetResult{}, err)
			return
		}
		call := call.again()
		source := idSource{ids: ids, stopped: func() error { return call.stopped(ctx) }}
		for part := range parallel.Ordered(ctx, call.concurrency, call.untilStopped(ctx, source.chunks), call.getChunk) {
			if !yield(part.GetResult, part.failed.orNil()) {
				return
			}
		}
		if err := source.rest(); err != nil {
			yield(GetResult{}, err)
		}
	}
}

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

// parallelism returns how many requests for these IDs may be in flight.
func (c *call) parallelism(ids []int64) int {
	return max(1, min(c.concurrency, (len(ids)+MaxIDs-1)/MaxIDs))
}

// untilStopped ends the chunks when the call is stopped. Then no more of them are asked for, which may take long.
func (c *call) untilStopped(ctx context.Context, chunks iter.Seq[[]int64]) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		if c.stopped(ctx) != nil {
			return
		}
		for chunk := range chunks {
			if !yield(chunk) || c.stopped(ctx) != nil {
				return
			}
		}
	}
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

// rest returns the error of a stream that ends before ids does; nil if it does not. Where ids gave no ID at all, it may have
// ended because the call was stopped.
func (s *idSource) rest() error {
	reason := s.stopped()
	switch {
	case s.bad != nil:
		return notSent(s.bad)
	case reason == nil, s.sent:
		return nil
	case s.next != 0:
		return errline.Wrap(fmt.Sprintf("ID %d and those after it were not sent", s.next), reason, ErrNotSent)
	}
	return notSent(reason)
}
