package outgoing

import (
	"context"
	"errors"
	"net/http"

	"github.com/gsmservice-gateway/client-go/internal/rows"
)

// CancelResult is the result of [Client.CancelScheduled].
type CancelResult struct {
	Outcomes []Outcome // one for each distinct ID, in the order asked
	Meta
}

// IDs returns the IDs that ended in [State] s, in the order asked.
func (r CancelResult) IDs(s State) []int64 {
	var ids []int64
	for _, o := range r.Outcomes {
		if o.State == s {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// CancelScheduled cancels scheduled messages: any number of IDs, each distinct one once. Each has exactly one [Outcome].
//
// The error is nil if and only if each ID is [Cancelled], or [Rejected] by its own row or because the gateway has no such
// message. It is [ErrInvalidArgument] for an ID below 1 or a bad option, before anything is sent; otherwise a
// *[BatchError] of the other IDs. For a [NotSent] one it has an *[APIError] if Status says that the gateway turned the
// request away (401, 403, 429), else it matches [ErrNotSent].
func (c *Client) CancelScheduled(ctx context.Context, ids []int64, opts ...Option) (CancelResult, error) {
	call, asked, err := c.newCallAbout(ids, opts)
	if err != nil {
		return CancelResult{}, err
	}
	var result CancelResult
	var failed failures
	var toReadBack []int64
	for part := range inRequests(ctx, call, asked, call.cancelOnce) {
		for i, o := range part.Outcomes {
			reason := part.reasons[i]
			if reason != nil {
				failed.add(reason, o.ID)
			}
			if o.State == Unknown || o.State == Rejected && reason == nil && o.Status != http.StatusNotFound {
				toReadBack = append(toReadBack, o.ID)
			}
		}
		result.Outcomes = append(result.Outcomes, part.Outcomes...)
		result.Meta.add(part.Meta)
	}
	if len(toReadBack) > 0 && call.stopped(ctx) == nil {
		call.readBack(ctx, &result, toReadBack)
	}
	return result, failed.err()
}

// readBack looks messages up for their outcomes. A look-up that fails adds nothing to the error, but it takes from the
// retry quota, and is the last one if that is used up: in an outage the others would double the load.
func (c *call) readBack(ctx context.Context, result *CancelResult, ids []int64) {
	next := 0 // outcome; the results come in their order
	for part := range inRequests(ctx, c, ids, c.lookUp) {
		failed := false
		for _, found := range part.results {
			failed = failed || found.request.err != nil
			for result.Outcomes[next].ID != found.id {
				next++
			}
			result.Outcomes[next].Message = found.message
		}
		result.Attempts += part.Attempts
		result.OddMembers += part.OddMembers
		if failed && part.Attempts > 0 && c.stopped(ctx) == nil && !c.sender.Limiter.TakeRetry() {
			c.stop(errors.New("the retry quota is used up")) // and not break: the attempts in flight count
		}
	}
}

// cancelResult is the result of one request.
type cancelResult struct {
	CancelResult
	reasons []error // of each outcome: why the ID is not settled
}

// cancelOnce cancels the messages of one request.
func (c *call) cancelOnce(ctx context.Context, ids []int64) (result cancelResult) {
	found := askByID(ctx, c, http.MethodDelete, ids, false, rows.Cancelled)
	result.Meta = found.Meta
	if answerOf(found.err).noneKnown() && !found.trace.MayHaveTakenEffect() {
		result.Requests = 1
	}
	result.Outcomes, result.reasons = make([]Outcome, len(ids)), make([]error, len(ids))
	for i, id := range ids {
		result.Outcomes[i], result.reasons[i] = outcomeOf(found, i)
		result.Outcomes[i].ID = id
	}
	return result
}
