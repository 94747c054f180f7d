package outgoing

import (
	"context"
	"net/http"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
	"github.com/gsmservice-gateway/client-go/internal/watch"
)

// GetResult is the result of a look-up.
type GetResult struct {
	Messages []Message // found, in the order in which their IDs were first asked for
	Missing  []int64   // asked for, answered, not found
	Meta
}

// add adds what became of the IDs of a request; failed gets those that could not be settled.
func (r *GetResult) add(part lookup, failed *failures) {
	for i, result := range part.Results {
		switch result.Finding {
		case watch.Found:
			r.Messages = append(slices.Grow(r.Messages, len(part.Results)-i), *result.Message)
		case watch.Missing:
			r.Missing = append(r.Missing, result.ID)
		default:
			failed.add(result.Err, result.ID)
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
	var (
		result  GetResult
		failed  failures
		settled int
	)
	for part := range inRequests(ctx, call, asked, call.lookUp) {
		result.add(part, &failed)
		settled += len(part.Results)
	}
	if rest := asked[settled:]; len(rest) > 0 {
		failed.add(notSent(call.stopped(ctx)), rest...)
	}
	return result, failed.err()
}

// lookup is what became of the IDs of one request or, where it was split, of several.
type lookup struct {
	watch.Look
	Meta
}

// maxFailedParts is how many parts in a row may fail before no request is split any further: then it is not one of the IDs.
const maxFailedParts = 16

// lookUp looks up IDs in one request or, if one of them may have broken it, in several.
func (c *call) lookUp(ctx context.Context, ids []int64) lookup { return c.lookUpPart(ctx, ids, false) }

// lookUpPart looks up IDs. If the request may have failed because of one of them, each half of them is looked up, while
// the retry quota lasts: with one attempt, since that is a retry itself, but a single ID with all of them.
func (c *call) lookUpPart(ctx context.Context, ids []int64, half bool) lookup {
	found, splittable := c.lookUpOnce(ctx, ids, half && len(ids) > 1)
	switch {
	case found.Requests > 0:
		c.failedParts.Store(0)
	case half:
		c.failedParts.Add(1)
	}
	middle := len(ids) / 2
	for _, bounds := range [][2]int{{0, middle}, {middle, len(ids)}} {
		if !splittable || c.failedParts.Load() >= maxFailedParts || c.stopped(ctx) != nil || !c.watching && !c.Limiter.TakeRetry() {
			break
		}
		part := c.lookUpPart(ctx, ids[bounds[0]:bounds[1]], true)
		if part.Attempts == 0 && !c.watching { // it was held back, a limiter refused it, or the call ended
			c.Limiter.ReturnRetry()
		}
		if part.Attempts > 0 || c.stopped(ctx) != nil {
			copy(found.Results[bounds[0]:], part.Results)
		}
		found.Meta.add(part.Meta)
	}
	return found
}

// lookUpOnce looks up IDs in one request. It reports whether halves of it may be answered where it was not.
func (c *call) lookUpOnce(ctx context.Context, ids []int64, once bool) (result lookup, splittable bool) {
	found := askByID(ctx, c, http.MethodGet, ids, once, rows.Messages)
	result.Look = watch.Look{Results: make([]watch.Result, len(ids)), Attr: found.trace.LogAttr()}
	result.Meta = found.Meta
	if found.err != nil {
		answer := lastAnswer(&found.trace)
		splittable = len(ids) > 1 && answer.blamesIDs() && !found.trace.OutOfTime
		if answer.noneKnown() {
			result.Requests = 1
		}
	}
	for i, id := range ids {
		finding, err := c.findingOf(&found, i)
		result.Results[i] = watch.Result{ID: id, Finding: finding, Message: found.Rows[i], Err: err}
	}
	return result, splittable
}

// findingOf returns what became of the i-th ID, and why if it is not found.
func (c *call) findingOf(found *rowsByID[Message], i int) (watch.Finding, error) {
	row, unpriced := found.Rows[i], rows.Unreadable(found.Odd[i], "/price")
	switch {
	case found.err != nil:
		return c.findingOfFailure(&found.trace, len(found.Rows), found.err)
	case row != nil && (unpriced == nil || c.unpriced):
		return watch.Found, nil
	case row != nil:
		return watch.Unreadable, unexpected(&rows.UnpricedError{Message: *row, Reason: unpriced})
	case found.NoID != nil:
		return watch.Unreadable, unexpected(found.NoID)
	}
	return watch.Missing, errUnknownID
}

// findingOfFailure returns what became of each of n IDs whose request ended in err. If one of them may be to blame, this is
// permanent for none but a single one.
func (c *call) findingOfFailure(t *transport.Trace, n int, err error) (watch.Finding, error) {
	answer := lastAnswer(t)
	switch {
	case answer.noneKnown():
		return watch.Missing, errUnknownID
	case c.Active.Err() != nil:
		return watch.Refused, err
	case t.Throttled():
		return watch.Throttled, err
	case answer == nil, answer.StatusCode/100 == 5:
		return watch.Unreachable, err
	case answer.isPermanent() && (n == 1 || !answer.blamesIDs()):
		return watch.Permanent, err
	}
	return watch.Temporary, err
}

var errUnknownID = errline.New("the gateway does not know this ID", ErrNotFound)
