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
// ids runs in the goroutine of the loop, again for each loop. A request is sent when the ID after its last one, or the end
// of ids, has been seen. ids must not wait for results: [WithConcurrency] requests are sent first.
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
		for part := range parallel.Ordered(ctx, call.concurrency, call.requests(ctx, ids, &unsent), call.lookUp) {
			var result GetResult
			var failed failures
			result.add(part, &failed)
			if !yield(result, failed.err()) {
				return
			}
		}
		if unsent != nil {
			yield(GetResult{}, unsent)
		}
	}
}

// requests yields groups of up to [MaxIDs] distinct IDs. If it ends before ids does, at an ID below 1 or since the call is
// stopped, unsent says so. It looks one ID ahead: so a call that is stopped knows whether IDs are left without asking ids
// again, which may end because the call has.
func (c *call) requests(ctx context.Context, ids iter.Seq[int64], unsent *error) iter.Seq[[]int64] {
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
