package outgoing

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/batch"
	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/parallel"
)

// StreamByIDs is [Client.GetByIDs] in constant memory: it takes IDs as they can be sent, and yields the result of each
// request in order, with a *[BatchError] for IDs that could not be settled; the loop may go on. IDs that repeat are
// dropped only within a request of 50.
//
// A stream that ends before ids does says so: its last error, with a zero result, matches [ErrNotSent] and the reason:
// [ErrUnauthorized], [ErrForbidden], [ErrInvalidArgument] (an ID below 1), the network's error or the context's.
//
// ids runs in the goroutine of the loop, again for each loop. A request is sent when the ID after its last one, or the
// end of ids, has been seen; until then no result is yielded, so ids must not wait for one.
func (c *Client) StreamByIDs(ctx context.Context, ids iter.Seq[int64], opts ...Option) iter.Seq2[GetResult, error] {
	return func(yield func(GetResult, error) bool) {
		call, err := c.newCall(opts)
		if err == nil && ids == nil {
			err = invalid("the iterator of IDs is nil")
		}
		if err != nil {
			yield(GetResult{}, err)
			return
		}
		source := batch.Source{IDs: ids, Size: MaxIDs, Stopped: func() bool { return call.stopped(ctx) != nil }}
		for part := range parallel.Ordered(ctx, call.concurrency, call.untilStopped(ctx, source.Chunks), call.getChunk) {
			if !yield(part.GetResult, part.failed.orNil()) {
				return
			}
		}
		if err := call.unsent(ctx, &source); err != nil {
			yield(GetResult{}, err)
		}
	}
}

// distinct returns the IDs without repetitions; the first mention gives the place.
func distinct(ids []int64) ([]int64, error) {
	kept, err := batch.Distinct(ids)
	if err != nil {
		return nil, invalid(err.Error())
	}
	return kept, nil
}

// chunks groups IDs into requests, until the call is stopped.
func (c *call) chunks(ctx context.Context, ids []int64) iter.Seq[[]int64] {
	return c.untilStopped(ctx, slices.Chunk(ids, MaxIDs))
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

// unsent returns the error of a stream that ends before its iterator does; nil if it does not. An iterator that gave no
// ID at all may have ended because the call was stopped.
func (c *call) unsent(ctx context.Context, s *batch.Source) error {
	reason := c.stopped(ctx)
	switch {
	case s.Bad != nil:
		return notSent(invalid(s.Bad.Error()))
	case reason == nil, s.Sent:
		return nil
	case s.Next != 0:
		return errline.Wrap(fmt.Sprintf("ID %d and those after it were not sent", s.Next), reason, ErrNotSent)
	}
	return notSent(reason)
}
