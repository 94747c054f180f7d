package outgoing

import (
	"context"
	"iter"
	"slices"

	"github.com/gsmservice-gateway/client-go/gen"
)

const messagesByID = "/messages/{ids}"

// GetResult is the result of [Client.GetByIDs], and of one request of [Client.StreamByIDs].
type GetResult struct {
	Messages []Message // found, in the order in which their IDs were first asked for
	Missing  []int64   // asked for, answered, not found
	Meta
}

func (r *GetResult) add(part GetResult) {
	if r.Messages == nil {
		r.Messages = part.Messages // most calls have one part
	} else {
		r.Messages = append(r.Messages, part.Messages...)
	}
	r.Missing = append(r.Missing, part.Missing...)
	r.Meta.add(part.Meta)
}

// GetByIDs looks messages up, any number of them: 50 in one request, repeated IDs once. Each ID appears in exactly one
// of Messages, Missing or the *[BatchError]. What was found is returned beside an error too.
//
// Errors: [ErrInvalidArgument], before anything is sent, for an ID below 1 or a bad option; otherwise a *BatchError
// whose failures are of type *[APIError] where the gateway answered, and match [ErrNotSent], the context's error or the
// network's where it did not.
func (c *Client) GetByIDs(ctx context.Context, ids []int64, opts ...Option) (GetResult, error) {
	op, err := c.with(opts)
	if err != nil {
		return GetResult{}, err
	}
	asked, err := distinct(ids)
	if err != nil {
		return GetResult{}, err
	}
	return op.get(ctx, asked)
}

// get looks up IDs that are valid and distinct.
func (op operation) get(ctx context.Context, asked []int64) (GetResult, error) {
	var (
		result  GetResult
		failed  BatchError
		settled int
	)
	for part := range op.getChunks(ctx, op.parallelism(asked), slices.Chunk(asked, MaxIDs)) {
		result.add(part.GetResult)
		failed.Failures = append(failed.Failures, part.failed.Failures...)
		settled += len(part.asked)
	}
	if rest := asked[settled:]; len(rest) > 0 {
		failed.add(notSent(op.stop.reason(ctx)), rest...)
	}
	return result, failed.orNil()
}

// StreamByIDs is [Client.GetByIDs] for any number of IDs, in memory that does not grow with it: IDs are taken from the
// iterator when another request may be sent, and each request's result is yielded in the order asked, with a
// *[BatchError] beside it if some of its IDs could not be settled; the stream then goes on. An ID is sent once per
// chunk of 50, so sort or deduplicate where many repeat.
//
// The stream ends early, after what was in flight, when the token is refused (401, 403), when the context is done, and
// at an ID below 1. Then its last yield is an error that matches [ErrNotSent] and the reason ([ErrUnauthorized], the
// context's error, [ErrInvalidArgument]), beside a zero result: the IDs that ids had not yielded yet were not sent. So
// a loop that ends without such an error has seen a result or a *BatchError for each ID.
//
// ids runs in the goroutine of the loop, and again for each loop. A request is sent when the ID after its last one, or
// the end of ids, has been seen. While ids waits for an ID no result is yielded, so it must not itself wait for one.
func (c *Client) StreamByIDs(ctx context.Context, ids iter.Seq[int64], opts ...Option) iter.Seq2[GetResult, error] {
	op, err := c.with(opts)
	if err == nil && ids == nil {
		err = invalid("the iterator of IDs is nil")
	}
	return func(yield func(GetResult, error) bool) {
		if err != nil {
			yield(GetResult{}, err)
			return
		}
		op := op
		op.stop = newStop() // for this loop
		source := idSource{ids: ids, stopped: func() error { return op.stop.reason(ctx) }}
		for part := range op.getChunks(ctx, op.concurrency, source.chunks) {
			if !yield(part.GetResult, part.failed.orNil()) {
				return
			}
		}
		if err := source.rest(); err != nil {
			yield(GetResult{}, err)
		}
	}
}

// getResult is the result of one chunk.
type getResult struct {
	asked []int64
	GetResult
	failed BatchError
	tried  attempts
}

// getChunks looks up chunks, n at once.
func (op operation) getChunks(ctx context.Context, n int, chunks iter.Seq[[]int64]) iter.Seq[getResult] {
	return inOrder(ctx, n, op.stop.until(ctx, chunks), op.getChunk)
}

func (op operation) getChunk(ctx context.Context, ids []int64) getResult {
	result := getResult{asked: ids}
	req, err := gen.NewGetMessagesRequest(op.baseURL, ids)
	if err != nil {
		result.failed.add(invalid(err.Error()), ids...)
		return result
	}
	answer, tried, err := send(ctx, op, request{req, messagesByID, len(ids)}, func(r *response) (getResult, error) { return op.readMessages(ctx, r, ids) })
	switch {
	case err == nil:
		result = answer
	case tried.endsMissing():
		op.logNoneKnown(ctx, req.Method, len(ids))
		result.Missing, result.Requests = ids, 1
	default:
		op.stop.on(tried.answer())
		result.failed.add(err, ids...)
	}
	result.Attempts, result.tried = tried.count, tried
	return result
}

func (op operation) readMessages(ctx context.Context, r *response, ids []int64) (getResult, error) {
	sorted, err := sortRows(ctx, op, r, ids, func(m *Message) int64 { return m.ID }, func(_, _ *Message) {})
	if err != nil {
		return getResult{}, err
	}
	result := getResult{asked: ids, GetResult: GetResult{Messages: sorted.rows[:0], Meta: op.readMeta(ctx, r)}}
	for i, id := range ids {
		switch {
		case sorted.has[i]:
			result.Messages = append(result.Messages, sorted.rows[i])
		case sorted.bad[i] != nil:
			result.failed.add(sorted.bad[i], id)
		default:
			result.Missing = append(result.Missing, id)
		}
	}
	return result, nil
}

func (op operation) logNoneKnown(ctx context.Context, method string, ids int) {
	op.logger.WarnContext(ctx, "the gateway knows none of the IDs; with a wrong base URL it looks the same",
		"method", method, "path", messagesByID, "ids", ids)
}
