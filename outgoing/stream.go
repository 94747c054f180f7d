package outgoing

import (
	"context"
	"fmt"
	"iter"
	"slices"

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
		var unsent error
		for part := range parallel.Ordered(ctx, call.concurrency, call.streamed(ctx, ids, &unsent), call.lookUp) {
			var result GetResult
			var failed BatchError
			result.add(part, &failed)
			if !yield(result, failed.orNil()) {
				return
			}
		}
		if unsent != nil {
			yield(GetResult{}, unsent)
		}
	}
}

// streamed groups IDs as they come into requests of distinct ones, until an ID is below 1 or the call is stopped; then
// unsent says so. A request is yielded when the ID after it has been seen, or that there is none: so it is known,
// without asking the iterator again, whether a call that is stopped there leaves anything out. An iterator that is
// asked later may end because the call has.
func (c *call) streamed(ctx context.Context, ids iter.Seq[int64], unsent *error) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		if reason := c.stopped(ctx); reason != nil {
			*unsent = notSent(reason)
			return
		}
		chunk := make([]int64, 0, MaxIDs)
		for id := range ids {
			if id < 1 {
				*unsent = notSent(invalidID(id))
				break
			}
			if slices.Contains(chunk, id) {
				continue
			}
			if len(chunk) == MaxIDs {
				if !yield(chunk) {
					return
				}
				if reason := c.stopped(ctx); reason != nil {
					*unsent = errline.Wrap(fmt.Sprintf("ID %d and those after it were not sent", id), reason, ErrNotSent)
					return
				}
				chunk = make([]int64, 0, MaxIDs)
			}
			chunk = append(chunk, id)
		}
		if reason := c.stopped(ctx); reason != nil && *unsent == nil { // ids may have ended for that reason
			*unsent = notSent(reason)
		}
		if len(chunk) > 0 {
			yield(chunk)
		}
	}
}

func invalidID(id int64) error { return invalid(fmt.Sprintf("message ID %d: IDs start at 1", id)) }

// distinct returns the IDs without repetitions; the first mention gives the place.
func distinct(ids []int64) ([]int64, error) {
	if slices.IsSorted(ids) && (len(ids) == 0 || ids[0] > 0) { // as most lists are
		return slices.Compact(slices.Clone(ids)), nil
	}
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

// chunks groups IDs into requests, until the call is stopped.
func (c *call) chunks(ctx context.Context, ids []int64) iter.Seq[[]int64] {
	return c.streamed(ctx, slices.Values(ids), new(error))
}

// parallelism returns how many requests for these IDs may be in flight.
func (c *call) parallelism(ids []int64) int {
	return max(1, min(c.concurrency, (len(ids)+MaxIDs-1)/MaxIDs))
}
