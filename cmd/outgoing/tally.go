package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// tally is a slog.Handler that counts the retries that the library reports, and passes the reports on.
type tally struct {
	slog.Handler
	*counts
}

// counts is what is worth knowing while one waits.
type counts struct {
	done, failed atomic.Int64 // IDs or messages
	retries      atomic.Int64
	waitUntil    atomic.Int64 // Unix nanoseconds; the latest end of a wait between two attempts
}

func newTally(h slog.Handler) *tally { return &tally{Handler: h, counts: new(counts)} }

// Enabled is always so: what is not to be seen still counts.
func (t *tally) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts a record with a wait in it.
func (t *tally) Handle(ctx context.Context, r slog.Record) error {
	for attr := range r.Attrs {
		if attr.Key != "wait" || attr.Value.Kind() != slog.KindDuration {
			continue
		}
		t.retries.Add(1)
		end := time.Now().Add(attr.Value.Duration()).UnixNano()
		for old := t.waitUntil.Load(); end > old && !t.waitUntil.CompareAndSwap(old, end); old = t.waitUntil.Load() {
		}
	}
	if !t.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs and WithGroup keep counting in the same place.
func (t *tally) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &tally{Handler: t.Handler.WithAttrs(attrs), counts: t.counts}
}

// WithGroup is like WithAttrs.
func (t *tally) WithGroup(name string) slog.Handler {
	return &tally{Handler: t.Handler.WithGroup(name), counts: t.counts}
}
