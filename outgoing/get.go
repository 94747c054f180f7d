package outgoing

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/parallel"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/rows"
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

// getMessages has nothing to take out of a row: what a message says is the caller's.
var getMessages = operation[Message]{
	method: http.MethodGet,
	idOf:   func(m *Message) int64 { return m.ID },
	differ: func(_, _ *Message) bool { return false },
	clean:  func(*Message, redact.Redactor) {},
}

// getResult is the result of one chunk.
type getResult struct {
	asked []int64
	GetResult
	failed BatchError
	trace  trace
	parts  []getResult // if the chunk was looked up in halves
}

// getChunk looks up IDs in one request or, if one of them may have broken it, in several.
func (c *call) getChunk(ctx context.Context, ids []int64) getResult {
	result := c.getOnce(ctx, ids, false)
	if result.splittable() {
		return c.getHalves(ctx, result)
	}
	return result
}

func (c *call) getOnce(ctx context.Context, ids []int64, once bool) getResult {
	found, t, err := getMessages.send(ctx, c, ids, once)
	result := getResult{asked: ids, trace: t}
	switch {
	case err == nil:
		result.Meta = found.Meta
		result.addRows(found.Answer, c.unpriced)
	case t.noneKnown():
		result.Missing, result.Requests = ids, 1
	default:
		result.failed.add(err, ids...)
	}
	result.Attempts = t.Attempts
	if result.answered() {
		c.fruitless.Store(0)
	}
	return result
}

// addRows settles each ID by its row. One without a price is a message only if unpriced.
func (r *getResult) addRows(found rows.Answer[Message], unpriced bool) {
	r.Messages = make([]Message, 0, len(found.Rows))
	for i, row := range found.Rows {
		switch reason := rows.Unreadable(found.Odd[i], "/price"); {
		case row != nil && (reason == nil || unpriced):
			r.Messages = append(r.Messages, *row)
		case row != nil:
			r.failed.add(unexpected(&rows.UnpricedError{Message: *row, Reason: reason}), r.asked[i])
		case found.NoID != nil:
			r.failed.add(unexpected(found.NoID), r.asked[i])
		default:
			r.Missing = append(r.Missing, r.asked[i])
		}
	}
}

// answered reports whether the gateway answered about the messages.
func (r *getResult) answered() bool { return r.trace.Succeeded() || r.trace.noneKnown() }

// splittable reports whether a part of the IDs may be answered where all of them were not.
func (r *getResult) splittable() bool { return len(r.asked) > 1 && r.trace.breaksOthers() }

// breaksOthers reports whether one of the IDs may be why the request as a whole failed: the gateway blames the request,
// fails at it again and again, or writes something that is not JSON.
func (t *trace) breaksOthers() bool {
	answer := t.answer()
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
		if part.splittable() {
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
