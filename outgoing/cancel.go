package outgoing

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
)

// CancelResult is what became of the IDs that were to be cancelled.
type CancelResult struct {
	Outcomes []Outcome // one for each distinct ID, in the order asked
	Meta
}

// IDs are the IDs that ended in s, in the order asked.
func (r CancelResult) IDs(s State) []int64 {
	var ids []int64
	for _, o := range r.Outcomes {
		if o.State == s {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// CancelScheduled cancels messages that wait for their time, any number of them: 50 in one request, repeated IDs once. The
// result has exactly one Outcome for each distinct ID, whatever happened.
//
// The error is nil if and only if each ID is Cancelled, or Rejected by what the gateway said about it. Otherwise it is a
// *BatchError that names the rest: Unknown, NotSent, and Rejected together with their whole request (a 400 or 422, say).
// Or it is ErrInvalidArgument, before anything is sent, for an ID below 1 or a bad option.
//
// A message that is NotSent is untouched, and will go out. Where the gateway turned the whole request away because of the
// caller and not of the messages (401, 403, 429), Outcome.Status says so and the error is an *APIError; otherwise Status is
// 0, and the error matches ErrNotSent.
//
// A message that is Unknown may be cancelled, may be sent, may still be waiting. It is read back once, for a look: its
// Outcome.Message is how it was then, and no promise, since a request that timed out here may yet take effect there.
// Cancelling it again is safe.
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
func (c operation) cancel(ctx context.Context, asked []int64) (CancelResult, error) {
	var (
		result CancelResult
		failed BatchError
	)
	parts := inOrder(ctx, c.parallelism(asked), until(ctx, c.stop, slices.Chunk(asked, MaxIDs)), c.cancelChunk)
	for part := range parts {
		result.Outcomes = append(result.Outcomes, part.Outcomes...)
		result.Meta.add(part.Meta)
		failed.Failures = append(failed.Failures, part.failed.Failures...)
	}
	if rest := asked[len(result.Outcomes):]; len(rest) > 0 {
		result.Outcomes = append(result.Outcomes, outcomes(rest, NotSent)...)
		failed.add(notSent(c.stop.reason(ctx)), rest...)
	}
	if c.stop.reason(ctx) == nil {
		c.readBack(ctx, &result)
	}
	return result, failed.orNil()
}

// readBack shows what the Unknown messages look like now. A failed read-back adds nothing: the IDs stay Unknown. In an
// outage that has used up the retry budget the first look that fails is the last: the others would double the load.
func (c operation) readBack(ctx context.Context, result *CancelResult) {
	var rest []Message // in the order of the outcomes
	unknown := result.IDs(Unknown)
	for part := range c.getChunks(ctx, c.parallelism(unknown), slices.Chunk(unknown, MaxIDs)) {
		result.Attempts += part.Attempts
		rest = append(rest, part.Messages...)
		if part.failed.orNil() != nil && c.limiter.exhausted() {
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

func (c operation) cancelChunk(ctx context.Context, ids []int64) cancelResult {
	var result cancelResult
	req, err := gen.NewCancelMessagesRequest(c.baseURL, ids)
	if err != nil {
		result.Outcomes = outcomes(ids, NotSent)
		result.failed.add(invalid(err.Error()), ids...)
		return result
	}
	answer, tried, err := send(ctx, c, request{req, messagesByID}, func(r *response) (cancelAnswer, error) { return c.readCancelled(ctx, r, ids) })
	c.stop.on(tried.answer())
	result.Meta = answer.meta
	result.Attempts = tried.count
	if tried.saysMissing() {
		result.Requests = 1
		c.logNoneKnown(ctx, req.Method, len(ids))
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

type cancelRow struct {
	seen       bool
	differs    bool // repeated, with another status
	status     int
	problem    *Problem
	unreadable error
}

// readCancelled sorts the rows of a 200 by the IDs that were asked for.
func (c operation) readCancelled(ctx context.Context, r *response, ids []int64) (cancelAnswer, error) {
	var (
		rows        = make([]cancelRow, len(ids))
		lost        error // an unreadable row that does not tell its ID
		unrequested int
	)
	note := func(id int64, status int, problem *Problem) {
		i := slices.Index(ids, id)
		if i < 0 {
			unrequested++
			return
		}
		row := &rows[i]
		row.differs = row.differs || row.seen && row.status != status
		if !row.seen {
			row.seen, row.status, row.problem = true, status, r.problem(problem)
		}
	}
	err := decodeRows(r, func(m *gen.CancelledMessage) {
		if m.ID == 0 {
			lost = errNoID
			return
		}
		note(m.ID, m.Status, m.Error)
	}, func(raw jsontext.Value, reason error) {
		var row struct {
			ID     int64 `json:"id"`
			Status int   `json:"status"`
		}
		if decodeRow(raw, &row) == nil && row.ID != 0 { // so it is the problem that is odd, and no reason to lose the rest
			note(row.ID, row.Status, nil)
			return
		}
		id, reason := rowID(raw), r.badRow(reason)
		switch i := slices.Index(ids, id); {
		case i >= 0:
			rows[i].unreadable = reason
		case id == 0:
			lost = reason
		default:
			unrequested++
		}
	})
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return cancelAnswer{}, err
	}
	c.logRows(ctx, unrequested)
	for i := range rows {
		if row := &rows[i]; !row.seen && row.unreadable == nil {
			row.unreadable = lost
		}
	}
	if err != nil {
		return cancelAnswer{rows: rows}, err
	}
	return cancelAnswer{rows: rows, meta: c.readCancelMeta(ctx, r)}, nil
}
