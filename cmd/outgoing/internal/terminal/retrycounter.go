package terminal

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// RetryCounter is a slog.Handler that counts the retries that the library logs, and passes the records on.
type RetryCounter struct {
	slog.Handler
	*Counts
}

// Counts is what the progress line shows.
type Counts struct {
	Done, Failed atomic.Int64 // IDs or messages
	retries      atomic.Int64
	waitUntil    atomic.Int64 // Unix nanoseconds; the latest end of a wait between two attempts
	nextLook     atomic.Int64 // Unix nanoseconds; of a watch
}

// NextLook returns how long it is until the next look of a watch; 0 while one is in flight.
func (c *Counts) NextLook() time.Duration { return max(0, time.Until(time.Unix(0, c.nextLook.Load()))) }

// NewRetryCounter returns a RetryCounter that passes records on to h.
func NewRetryCounter(h slog.Handler) *RetryCounter {
	return &RetryCounter{Handler: h, Counts: new(Counts)}
}

// Enabled always reports true: a retry counts even if h does not log it.
func (c *RetryCounter) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts a record with a wait in it, and notes when the next look of a watch is.
func (c *RetryCounter) Handle(ctx context.Context, r slog.Record) error {
	for attr := range r.Attrs {
		if attr.Value.Kind() != slog.KindDuration {
			continue
		}
		end := time.Now().Add(attr.Value.Duration()).UnixNano()
		switch attr.Key {
		case "wait":
			c.retries.Add(1)
			for old := c.waitUntil.Load(); end > old && !c.waitUntil.CompareAndSwap(old, end); old = c.waitUntil.Load() {
			}
		case "next":
			c.nextLook.Store(end)
		}
	}
	if !c.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return c.Handler.Handle(ctx, r)
}

// WithAttrs returns a RetryCounter with the same Counts.
func (c *RetryCounter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &RetryCounter{Handler: c.Handler.WithAttrs(attrs), Counts: c.Counts}
}

// WithGroup is like WithAttrs.
func (c *RetryCounter) WithGroup(name string) slog.Handler {
	return &RetryCounter{Handler: c.Handler.WithGroup(name), Counts: c.Counts}
}
