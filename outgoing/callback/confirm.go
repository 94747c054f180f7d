package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// confirmTimeout bounds a look-up: the sender waits for its answer meanwhile.
const confirmTimeout = 10 * time.Second

// confirm looks the IDs up and returns what the gateway says, in their order. IDs that it does not know, and rows of its
// answer that cannot be read, are left out.
func (h *Handler) confirm(ctx context.Context, ids []int64) ([]outgoing.Message, *refusal) {
	lookUpCtx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	result, err := h.client.GetByIDs(lookUpCtx, ids, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
	switch {
	case len(result.Messages) > 0: // it was one request, so all that can be wrong is a row
		unreadable := 0
		if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
			unreadable = len(batch.IDs())
		}
		if len(result.Missing) > 0 || unreadable > 0 {
			h.logger.WarnContext(ctx, "messages of a callback were dropped: the gateway does not confirm them",
				"unknown", len(result.Missing), "unreadable", unreadable)
		}
		return result.Messages, nil
	case err != nil:
		h.logger.WarnContext(ctx, "the look-up for a callback failed", lookUpError(ctx, lookUpCtx, err)...)
		return nil, &refusal{status: http.StatusServiceUnavailable, detail: "The messages could not be looked up"}
	}
	h.logger.WarnContext(ctx, "the gateway knows none of the messages of a callback; with a wrong base URL it looks the same", "unknown", len(result.Missing))
	return nil, &refusal{status: http.StatusServiceUnavailable, detail: "The gateway does not know these messages"}
}

// lookUpError returns why a look-up failed, for the log. The error's own text may quote what the gateway said of a message.
func lookUpError(ctx, lookUpCtx context.Context, err error) []any {
	answer, answered := errors.AsType[*outgoing.APIError](err)
	switch {
	case ctx.Err() != nil:
		return []any{slog.String("reason", "the sender went away, or its time was over")}
	case lookUpCtx.Err() != nil:
		return []any{slog.String("reason", "it took longer than "+confirmTimeout.String())}
	case answered && answer.StatusCode != http.StatusOK:
		return []any{slog.String("reason", "the gateway refused it"), slog.Int("gateway_status", answer.StatusCode)}
	case errors.Is(err, outgoing.ErrUnexpectedResponse) || answered:
		return []any{slog.String("reason", "the gateway's answer cannot be read")}
	}
	return []any{slog.String("reason", "the gateway did not answer"), slog.Any("error", err)}
}
