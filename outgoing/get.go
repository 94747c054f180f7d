package outgoing

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/parallel"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// GetResult is the result of a look-up.
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

// GetByIDs looks messages up: any number of IDs, each distinct one once. Each is in exactly one of Messages, Missing and
// the *[BatchError], whose failures are each an *[APIError], or match [ErrNotSent], the context's error or the network's.
// An ID that the gateway does not know is Missing, and no error. An ID below 1 or a bad option is [ErrInvalidArgument],
// and nothing is sent.
func (c *Client) GetByIDs(ctx context.Context, ids []int64, opts ...Option) (GetResult, error) {
	call, err := c.newCall(opts)
	if err != nil {
		return GetResult{}, err
	}
	asked, err := distinct(ids)
	if err != nil {
		return GetResult{}, err
	}
	var (
		result  GetResult
		failed  BatchError
		settled int
	)
	for part := range parallel.Ordered(ctx, call.parallelism(asked), call.chunks(ctx, asked), call.getChunk) {
		result.add(part.GetResult)
		failed.Failures = append(failed.Failures, part.failed.Failures...)
		settled += len(part.asked)
	}
	if rest := asked[settled:]; len(rest) > 0 {
		failed.add(notSent(call.stopped(ctx)), rest...)
	}
	return result, failed.orNil()
}

// getResult is the result of one chunk.
type getResult struct {
	asked []int64
	GetResult
	failed BatchError
	trace  transport.Trace
	parts  []getResult // of a chunk that was looked up in halves
}

// answered reports whether the gateway answered about the messages.
func (r *getResult) answered() bool { return r.trace.Succeeded() || noneKnown(&r.trace) }

// getChunk looks up the IDs of one request, which becomes several where one of them breaks it.
func (c *call) getChunk(ctx context.Context, ids []int64) getResult {
	result := c.getOnce(ctx, ids, false)
	if len(ids) > 1 && breaksOthers(&result.trace) {
		return c.getHalves(ctx, result)
	}
	return result
}

func (c *call) getOnce(ctx context.Context, ids []int64, single bool) getResult {
	result := getResult{asked: ids}
	req, err := gen.NewGetMessagesRequest(c.baseURL, ids[:1])
	if err != nil {
		result.failed.add(invalid(err.Error()), ids...)
		return result
	}
	request := transport.Request{Request: addIDs(req, ids[1:]), Path: messagesByID, IDs: len(ids), FirstID: ids[0], Once: single}
	answer, trace, err := do(ctx, c, request,
		func(r *transport.Reply) (getResult, error) { return c.readMessages(ctx, r, ids) })
	switch {
	case err == nil:
		result = answer
	case noneKnown(&trace):
		c.logNoneKnown(ctx, req.Method, len(ids))
		result.Missing, result.Requests = ids, 1
	default:
		result.failed.add(err, ids...)
	}
	result.Attempts, result.trace = trace.Attempts, trace
	if result.answered() {
		c.fruitless.Store(0)
	}
	return result
}

// breaksOthers reports whether one of the IDs may be why the request as a whole failed: the gateway blames the request,
// fails at it again and again, or writes something that is not JSON.
func breaksOthers(t *transport.Trace) bool {
	answer := answerOf(t)
	if answer == nil {
		return false
	}
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusRequestURITooLong, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return true
	case http.StatusOK:
		return errors.Is(answer.cause, rows.ErrSyntax)
	}
	return false
}

// maxFruitless is how many parts in a row may fail before no request is split any further: then it is not one of the IDs.
const maxFruitless = 16

// getHalves looks up the IDs of a request that failed in halves, down to single IDs, within the retry quota. A half has
// one attempt, since it is a retry itself.
func (c *call) getHalves(ctx context.Context, whole getResult) getResult {
	result := getResult{asked: whole.asked, trace: whole.trace}
	result.Attempts = whole.Attempts
	for queue := halves(whole.asked); len(queue) > 0; queue = queue[1:] {
		part := getResult{asked: queue[0], trace: whole.trace}
		if c.fruitless.Load() >= maxFruitless || c.stopped(ctx) != nil || !c.watching && !c.Limiter.Retry() {
			part.failed.add(whole.failed.Failures[0].Err, part.asked...)
			result.parts = append(result.parts, part)
			continue
		}
		part = c.getOnce(ctx, part.asked, len(part.asked) > 1)
		if !part.answered() {
			c.fruitless.Add(1)
		}
		if len(part.asked) > 1 && breaksOthers(&part.trace) {
			result.Attempts += part.Attempts
			queue = append(queue, halves(part.asked)...)
			continue
		}
		result.parts = append(result.parts, part)
	}
	place := func(part getResult) int { return slices.Index(whole.asked, part.asked[0]) }
	slices.SortFunc(result.parts, func(a, b getResult) int { return cmp.Compare(place(a), place(b)) })
	for _, part := range result.parts {
		result.add(part.GetResult)
		result.failed.Failures = append(result.failed.Failures, part.failed.Failures...)
	}
	return result
}

func halves(ids []int64) [][]int64 {
	middle := len(ids) / 2
	return [][]int64{ids[:middle:middle], ids[middle:]}
}

func (c *call) readMessages(ctx context.Context, r *transport.Reply, ids []int64) (getResult, error) {
	idOf := func(m *Message) int64 { return m.ID }
	found, odd, err := readByID(ctx, c, r, ids, idOf, func(_, _ *Message) bool { return false })
	if err != nil {
		return getResult{}, err
	}
	result := getResult{asked: ids}
	result.Messages = make([]Message, 0, len(ids))
	result.Meta = c.readMeta(ctx, r, http.MethodGet)
	result.OddMembers = odd
	for i := range found {
		row := &found[i]
		switch reason := rows.Unreadable(row.Odd, "/price"); {
		case row.Found && (reason == nil || c.unpriced):
			result.Messages = append(result.Messages, row.Value)
		case row.Found:
			result.failed.add(unexpected(&rows.UnpricedError{Message: row.Value, Reason: reason}), ids[i])
		case row.Unusable != nil:
			result.failed.add(unexpected(row.Unusable), ids[i])
		default:
			result.Missing = append(result.Missing, ids[i])
		}
	}
	return result, nil
}
