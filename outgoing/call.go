package outgoing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gsmservice-gateway/client-go/internal/parallel"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
)

// call is one call of a method, or one loop over its iterator: its options, and the state that its requests share.
type call struct {
	options
	stop context.CancelCauseFunc // ends the call: no further request is sent

	unanswered  atomic.Int32 // requests in a row that ended without an answer
	refused     atomic.Int32 // requests in a row whose token was refused, and replaced
	failedParts atomic.Int32 // parts of split requests that failed, with no success between
	oddLogged   sync.Map     // kinds of odd members that the log has
	watching    bool         // a Watch, which has outages and retries of its own
}

// newCall merges opts over the client's defaults.
func (c *Client) newCall(opts []Option) (*call, error) {
	if c == nil || c.defaults.sender.Client == nil {
		return nil, invalid("the Client is nil or zero: make one with New")
	}
	call := &call{options: c.defaults}
	call.inCall = true
	if err := call.apply(opts); err != nil {
		return nil, err
	}
	call.sender.Active, call.stop = context.WithCancelCause(context.Background())
	return call, nil
}

// newCallAbout is newCall for a call about IDs, of which it returns the distinct ones.
func (c *Client) newCallAbout(ids []int64, opts []Option) (*call, []int64, error) {
	call, err := c.newCall(opts)
	if err != nil {
		return nil, nil, err
	}
	asked, err := distinct(ids)
	return call, asked, err
}

func (o *options) apply(opts []Option) error {
	for i, opt := range opts {
		if opt == nil {
			return invalid(fmt.Sprintf("option %d is nil", i+1))
		}
		if err := opt(o); err != nil {
			return invalid(err.Error())
		}
	}
	return nil
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

// inRequests does work for each request of up to [MaxIDs] of the IDs, and yields the results in order.
func inRequests[R any](ctx context.Context, c *call, ids []int64, work func(context.Context, []int64) R) iter.Seq[R] {
	n := (len(ids) + MaxIDs - 1) / MaxIDs
	return parallel.Ordered(ctx, min(c.concurrency, n), slices.Chunk(ids, MaxIDs), work)
}

// stopped returns why no further request must be sent; nil if one may be.
func (c *call) stopped(ctx context.Context) error { return ratelimit.StopReason(ctx, c.sender.Active) }

// failures are what becomes a [BatchError].
type failures []Failure

// add appends a failure, or its IDs to the last one if the reason is the same: after the end of a call thousands of requests may
// not be sent for one reason.
func (f *failures) add(err error, ids ...int64) {
	if n := len(*f); n > 0 {
		last := &(*f)[n-1]
		if last.Err == err || errors.Is(err, ErrNotSent) && errors.Is(last.Err, err) && errors.Is(err, last.Err) { //nolint:errorlint // the same value
			last.IDs = append(last.IDs, ids...)
			return
		}
	}
	*f = append(*f, Failure{IDs: ids, Err: err})
}

// err returns them as an error; nil, and not a typed nil, where nothing failed.
func (f failures) err() error {
	if len(f) == 0 {
		return nil
	}
	return &BatchError{f}
}
