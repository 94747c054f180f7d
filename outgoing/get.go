package outgoing

import (
	"context"
	"net/http"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/rows"
)

// GetResult is the result of a look-up.
type GetResult struct {
	Messages []Message // found, in the order in which their IDs were first asked for
	Missing  []int64   // asked for, answered, not found
	Meta
}

// add adds what became of the IDs of a request; failed gets those that could not be settled.
func (r *GetResult) add(part lookup, failed *failures) {
	for i, result := range part.results {
		switch {
		case result.err != nil:
			failed.add(result.err, result.id)
		case result.message == nil:
			r.Missing = append(r.Missing, result.id)
		default:
			r.Messages = append(slices.Grow(r.Messages, len(part.results)-i), *result.message)
		}
	}
	r.Meta.add(part.Meta)
}

// GetByIDs looks messages up: any number of IDs, each distinct one once. Each is in exactly one of Messages, Missing and
// the *[BatchError], whose failures are each an *[APIError], or match [ErrNotSent], [ErrUnexpectedResponse] (an unreadable
// row), the context's error or the network's. An ID that the gateway does not know is Missing, and no error. An ID below 1
// or a bad option is [ErrInvalidArgument], and nothing is sent.
func (c *Client) GetByIDs(ctx context.Context, ids []int64, opts ...Option) (GetResult, error) {
	call, asked, err := c.newCallAbout(ids, opts)
	if err != nil {
		return GetResult{}, err
	}
	var result GetResult
	var failed failures
	for part := range inRequests(ctx, call, asked, call.lookUp) {
		result.add(part, &failed)
	}
	return result, failed.err()
}

// lookup is what became of the IDs of one request or, where it was split, of several.
type lookup struct {
	results []idResult // one for each ID, in their order
	Meta
	whole *requestResult[Message] // the one request about all of the IDs
}

// idResult is what became of one ID.
type idResult struct {
	id      int64
	message *Message                // nil if the gateway does not know the ID, or err says why there is none
	err     error                   // why the ID is not settled; there may be a message all the same, without a readable price
	request *requestResult[Message] // the last one about this ID
}

// lookUp looks up IDs in one request or, if one of them may have broken it, in several.
func (c *call) lookUp(ctx context.Context, ids []int64) lookup { return c.lookUpPart(ctx, ids, nil) }

// maxFailedParts is how many parts in a row may fail before no request is split any further: then it is not one of the IDs.
const maxFailedParts = 16

// lookUpPart looks up IDs: all, or half of those whose request ended in a failure. If one of them may have broken their request,
// each half of them is looked up, while the retry quota lasts. The halves of a 500 are its retries, and have one attempt each; but a
// single ID has all of them.
func (c *call) lookUpPart(ctx context.Context, ids []int64, failure *APIError) lookup {
	found := c.lookUpOnce(ctx, ids, failure != nil && failure.StatusCode == http.StatusInternalServerError && len(ids) > 1)
	switch {
	case found.Requests > 0:
		c.failedParts.Store(0)
		return found
	case failure != nil:
		c.failedParts.Add(1)
	}
	answer := answerOf(found.whole.err)
	if len(ids) == 1 || !answer.blamesIDs() || found.whole.trace.OutOfTime {
		return found
	}
	if c.watching && failure == nil && answer.isPermanent() { // else the IDs of which it is true are never given up
		c.failedParts.Store(0)
	}
	middle := len(ids) / 2
	for _, bounds := range [][2]int{{0, middle}, {middle, len(ids)}} {
		takesRetry := !c.watching && c.stopped(ctx) == nil
		if c.failedParts.Load() >= maxFailedParts || takesRetry && !c.sender.Limiter.TakeRetry() {
			break
		}
		part := c.lookUpPart(ctx, ids[bounds[0]:bounds[1]], answer)
		if part.Attempts == 0 { // it was held back, a limiter refused it, or the call ended
			if takesRetry {
				c.sender.Limiter.ReturnRetry()
			}
			err := errline.WithPrevious(part.whole.err, answer)
			for i := range part.results {
				part.results[i].err = err
			}
		}
		copy(found.results[bounds[0]:], part.results)
		found.Meta.add(part.Meta)
	}
	return found
}

// lookUpOnce looks up IDs in one request.
func (c *call) lookUpOnce(ctx context.Context, ids []int64, once bool) lookup {
	request := askByID(ctx, c, http.MethodGet, ids, once, rows.Messages)
	found := lookup{make([]idResult, len(ids)), request.Meta, request}
	for i, id := range ids {
		row := request.Rows[i]
		result := idResult{id, row.Value, nil, request}
		switch {
		case request.err != nil:
			result.message, result.err = nil, request.err
		case row.Err != nil && row.Value != nil:
			result.err = unexpected(&rows.UnpricedError{Message: *row.Value, Reason: row.Err})
		case row.Err != nil:
			result.err = unexpected(row.Err)
		}
		found.results[i] = result
	}
	return found
}
