package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// confirm looks up what a callback reports. It returns what the gateway says now, and a refusal unless that settles every row.
func (h *Handler) confirm(ctx context.Context, reported []outgoing.Message) ([]outgoing.Message, *refusal) {
	ids := make([]int64, len(reported))
	for i, m := range reported {
		ids[i] = m.ID
	}
	lookUpCtx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("it took longer than 10s")) // the sender waits
	defer cancel()
	result, err := h.client.GetByIDs(lookUpCtx, ids, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
	confirmed, failed := withUnpriced(ids, result.Messages, err)
	if n := len(confirmed) - len(result.Messages); n > 0 {
		h.logger.WarnContext(ctx, "the gateway's prices of messages cannot be read, and are handed on as 0", "messages", n)
	}
	answered := len(confirmed)+len(result.Missing) > 0
	var unknown, older, unreadable int
	var dropped []int64
	for _, m := range reported {
		i := slices.IndexFunc(confirmed, func(now outgoing.Message) bool { return now.ID == m.ID })
		switch {
		case i >= 0 && settles(confirmed[i], m):
		case m.StatusDate != nil && time.Since(*m.StatusDate).Abs() > 24*time.Hour && !mayPass(failed[m.ID], answered):
			dropped = append(dropped, m.ID)
		case i >= 0:
			older++
		case failed[m.ID] != nil:
			unreadable++
		default:
			unknown++
		}
	}
	if len(dropped) > 0 {
		h.logger.WarnContext(ctx, "rows of a callback were dropped: after a day the gateway does not confirm them", "ids", dropped)
	}
	if unknown+older+unreadable == 0 {
		return confirmed, nil
	}
	h.logger.WarnContext(ctx, "the gateway does not confirm a callback yet",
		append(lookUpError(lookUpCtx, err), "unknown", unknown, "unreadable", unreadable, "older", older)...)
	return confirmed, &refusal{status: http.StatusServiceUnavailable, detail: "The gateway does not confirm all of it yet"}
}

// withUnpriced returns the messages found, also those without a readable price, in the order of ids, and why others failed.
func withUnpriced(ids []int64, found []outgoing.Message, err error) ([]outgoing.Message, map[int64]error) {
	failed := map[int64]error{}
	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		for _, f := range batch.Failures {
			if row, ok := errors.AsType[*rows.UnpricedError](f.Err); ok {
				found = append(found, row.Message)
				continue
			}
			for _, id := range f.IDs {
				failed[id] = f.Err
			}
		}
		slices.SortStableFunc(found, func(a, b outgoing.Message) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	}
	return found, failed
}

// settles reports whether the state that the gateway shows now is not older than the one reported. Dates count in seconds; an
// undated state may be older, unless it is the same.
func settles(now, reported outgoing.Message) bool {
	if reported.StatusDate == nil || now.StatusDate == nil {
		return reported.StatusDate == nil || now.StatusCode == reported.StatusCode
	}
	return !now.StatusDate.Before(reported.StatusDate.Truncate(time.Second))
}

// mayPass reports whether a look-up of an ID failed for a reason that may pass. It does not if its row cannot be read, or if
// the gateway answers for others and refuses only this one.
func mayPass(reason error, answered bool) bool {
	answer, refused := errors.AsType[*outgoing.APIError](reason)
	if !refused {
		return reason != nil && !errors.Is(reason, outgoing.ErrUnexpectedResponse)
	}
	return !answered || !slices.Contains([]int{http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError}, answer.StatusCode)
}

// lookUpError returns why a look-up failed, if it did, for the log. The error's own text may quote what the gateway said of a message.
func lookUpError(ctx context.Context, err error) []any {
	answer, answered := errors.AsType[*outgoing.APIError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return []any{"reason", context.Cause(ctx)}
	case answered && answer.StatusCode != http.StatusOK:
		return []any{"reason", "the gateway refused the look-up", slog.Int("gateway_status", answer.StatusCode)}
	case answered || errors.Is(err, outgoing.ErrUnexpectedResponse):
		return []any{"reason", "the gateway's answer cannot be read"}
	}
	return []any{"reason", "the gateway did not answer", "error", err}
}
