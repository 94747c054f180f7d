package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The history shows messages that no one has told this service of, and what it has missed of others. One process reads it, back
// to where it was read before: 30 days of an account that sends 50 million messages a month would be 1.2 million requests.
const (
	historyLease  = 30 * time.Second // renewed with each batch; after it another process may begin
	historyBatch  = 500
	historyMargin = time.Hour // read twice, as clocks differ
)

type historian struct {
	gateway  *gateway
	store    *store
	logger   *slog.Logger
	every    time.Duration
	firstFor time.Duration // how far back at first
}

func (h *historian) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.readIfDue(ctx); err != nil && ctx.Err() == nil {
			h.logger.Warn("the history was not read to its end", "error", err)
		}
		pause(ctx, min(h.every, 10*time.Second))
	}
}

func (h *historian) readIfDue(ctx context.Context) error {
	if !h.gateway.usable() {
		return nil
	}
	_, due, err := h.lastRead(ctx)
	if err != nil || !due {
		return err
	}
	if mine, err := h.store.acquire(ctx, "history", h.gateway.name, historyLease); err != nil || !mine {
		return err
	}
	start, err := h.store.now(ctx)
	if err != nil {
		return err
	}
	since, due, err := h.lastRead(ctx)
	if err != nil || !due { // another one has just read it
		return err
	}
	if err := h.read(ctx, since.Add(-historyMargin)); err != nil {
		return err
	}
	_, err = h.store.exec(ctx, h.store.db, `INSERT INTO note (name, at) VALUES ('history', ?1) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, start)
	return err
}

// lastRead returns up to when the history was read, before the first time the oldest date of interest, and whether it is time
// to read it again. A date in the future comes from a clock that was wrong: if it counted, the history would not be read again
// until then, without a word.
func (h *historian) lastRead(ctx context.Context) (at time.Time, due bool, err error) {
	last, err := h.store.note(ctx, h.store.db, "history")
	if err != nil {
		return time.Time{}, false, err
	}
	micros, err := h.store.now(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	now, at := time.UnixMicro(micros), time.UnixMicro(last.at)
	if last.at == 0 || at.After(now) {
		return now.Add(-h.firstFor), true, nil
	}
	return at, now.Sub(at) >= h.every, nil
}

// read stores what the history says, back to since. It is newest first, by sent_date or by ID, no document says which. By
// either, what follows a message that was sent before since was accepted before since, too; and if it was scheduled for a later
// time, the table has it as open.
func (h *historian) read(ctx context.Context, since time.Time) error {
	var batch []outgoing.Message
	store := func() error {
		kept, err := h.store.acquire(ctx, "history", h.gateway.name, historyLease)
		if err == nil && !kept {
			err = errors.New("another process has begun to read the history")
		}
		if err == nil {
			err = h.store.save(ctx, batch)
		}
		batch = batch[:0]
		return err
	}
	for m, err := range h.gateway.All(ctx, h.gateway.bulk...) {
		if unreadable, ok := errors.AsType[*outgoing.BatchError](err); ok {
			h.logger.Warn("a row of the history cannot be read", "id", m.ID, "error", unreadable)
			continue
		}
		if errors.Is(err, outgoing.ErrIncomplete) { // all that it showed is stored, and the next time it is asked again
			h.logger.Warn("the gateway counts more messages than it shows", "error", err)
			break
		}
		if err != nil {
			h.gateway.noteAnswers(ctx, 0, err)
			return errors.Join(err, store())
		}
		if m.SentDate != nil && m.SentDate.Before(since) {
			break
		}
		if batch = append(batch, m); len(batch) == historyBatch {
			if err := store(); err != nil {
				return err
			}
		}
	}
	h.gateway.noteAnswers(ctx, 1, nil)
	return store()
}
