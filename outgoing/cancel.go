package outgoing

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/gsmservice-gateway/client-go/gen"
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

// CancelScheduled cancels messages that wait for their time, any number of them: 50 in one request, repeated IDs once.
// The result has exactly one [Outcome] for each distinct ID, whatever happened.
//
// The error is nil if and only if each ID is [Cancelled], or [Rejected] by its own row or because the gateway has no
// such message. Otherwise it is a *[BatchError] that names the rest: [Unknown], [NotSent], and Rejected together with
// their whole request (a 400 or 422, say). Or it is [ErrInvalidArgument], before anything is sent, for an ID below 1 or
// a bad option.
//
// A message that is NotSent is untouched, and will go out. Where the gateway turned the whole request away because of
// the caller and not of the messages (401, 403, 429), Outcome.Status says so and the error is an *[APIError]; otherwise
// Status is 0, and the error matches [ErrNotSent].
//
// A message that is Unknown may be cancelled, may be sent, may still be waiting. It is read back once. Outcome.Message
// is a snapshot, not proof, since a request that timed out here may still take effect at the gateway. Cancelling it
// again is safe.
func (c *Client) CancelScheduled(ctx context.Context, ids []int64, opts ...Option) (CancelResult, error) {
	op, err := c.with(opts)
	if err != nil {
		return CancelResult{}, err
	}
	asked, err := distinct(ids)
	if err != nil {
		return CancelResult{}, err
	}
	return op.cancel(ctx, asked)
}

// cancel cancels IDs that are valid and distinct.
func (op operation) cancel(ctx context.Context, asked []int64) (CancelResult, error) {
	var (
		result CancelResult
		failed BatchError
	)
	parts := inOrder(ctx, op.parallelism(asked), op.stop.until(ctx, slices.Chunk(asked, MaxIDs)), op.cancelChunk)
	for part := range parts {
		result.Outcomes = append(result.Outcomes, part.Outcomes...)
		result.Meta.add(part.Meta)
		failed.Failures = append(failed.Failures, part.failed.Failures...)
	}
	if rest := asked[len(result.Outcomes):]; len(rest) > 0 {
		result.Outcomes = append(result.Outcomes, outcomes(rest, NotSent)...)
		failed.add(notSent(op.stop.reason(ctx)), rest...)
	}
	if op.stop.reason(ctx) == nil {
		op.readBack(ctx, &result)
	}
	return result, failed.orNil()
}

// readBack shows what the Unknown messages look like now. A failed read-back adds nothing: the IDs stay Unknown. In an
// outage that has used up the retry budget the first look that fails is the last: the others would double the load.
func (op operation) readBack(ctx context.Context, result *CancelResult) {
	var rest []Message // in the order of the outcomes
	unknown := result.IDs(Unknown)
	for part := range op.getChunks(ctx, op.parallelism(unknown), slices.Chunk(unknown, MaxIDs)) {
		result.Attempts += part.Attempts
		rest = append(rest, part.Messages...)
		if part.failed.orNil() != nil && op.limiter.exhausted() {
			break
		}
	}
	for i := range result.Outcomes {
		if o := &result.Outcomes[i]; len(rest) > 0 && o.State == Unknown && o.ID == rest[0].ID {
			o.Message, rest = &rest[0], rest[1:]
		}
	}
}

// cancelResult is the result of one chunk.
type cancelResult struct {
	CancelResult
	failed BatchError
}

func outcomes(ids []int64, s State) []Outcome {
	all := make([]Outcome, len(ids))
	for i, id := range ids {
		all[i] = Outcome{ID: id, State: s}
	}
	return all
}

func (op operation) cancelChunk(ctx context.Context, ids []int64) cancelResult {
	var result cancelResult
	req, err := gen.NewCancelMessagesRequest(op.baseURL, ids)
	if err != nil {
		result.Outcomes = outcomes(ids, NotSent)
		result.failed.add(invalid(err.Error()), ids...)
		return result
	}
	answer, tried, err := send(ctx, op, request{req, messagesByID, len(ids)}, func(r *response) (cancelAnswer, error) { return op.readCancelled(ctx, r, ids) })
	op.stop.on(tried.answer())
	result.Meta = answer.meta
	result.Attempts = tried.count
	if tried.saysMissing() {
		result.Requests = 1
		op.logNoneKnown(ctx, req.Method, len(ids))
	}
	for i, id := range ids {
		var row cancelRow
		if answer.rows != nil {
			row = answer.rows[i]
		}
		outcome, reason := outcomeOf(row, &tried, err)
		outcome.ID = id
		result.Outcomes = append(result.Outcomes, outcome)
		if reason != nil {
			result.failed.add(reason, id)
		}
	}
	return result
}

// cancelAnswer is what a 200 says: a row for each ID of the request, seen or not.
type cancelAnswer struct {
	rows []cancelRow
	meta Meta
}

// cancelRow is what the answer says about one ID.
type cancelRow struct {
	seen       bool
	differs    bool // repeated, with another status
	status     int
	problem    *Problem
	unreadable error
}

// cancelledMessage is gen.CancelledMessage, in which an odd problem does not cost the row.
type cancelledMessage struct {
	ID      int64           `json:"id"`
	Status  int             `json:"status"`
	Error   *lenientProblem `json:"error"`
	differs bool
}

// readCancelled reads the rows of a 200. Those that came before the body broke off are returned beside the error.
func (op operation) readCancelled(ctx context.Context, r *response, ids []int64) (cancelAnswer, error) {
	sorted, err := sortRows(ctx, op, r, ids,
		func(m *cancelledMessage) int64 { return m.ID },
		func(first, repeated *cancelledMessage) {
			first.differs = first.differs || first.Status != repeated.Status
		})
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return cancelAnswer{}, err
	}
	answer := cancelAnswer{rows: make([]cancelRow, len(ids))}
	for i, m := range sorted.rows {
		row := cancelRow{seen: sorted.has[i], differs: m.differs, status: m.Status, unreadable: sorted.bad[i]}
		if m.Error != nil && m.Error.isObject {
			row.problem = new(r.redact.problem(m.Error.Problem))
		}
		answer.rows[i] = row
	}
	if err == nil {
		answer.meta = op.readCancelMeta(ctx, r)
	}
	return answer, err
}
