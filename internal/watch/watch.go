// Package watch follows messages until each has reached its end, by looking them up again and again. It decides which
// to look up next and when, so that many share a look, and what is worth telling of what was found. It knows nothing of
// how messages are looked up, and keeps none of them: at most 100 bytes for each ID.
//
// The rules W1 to W6 of docs/rules.md are its own.
package watch

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/parallel"
)

// Config says what to watch, until when, how often to look, and how.
type Config struct {
	IDs             []int64 // distinct
	Until           func(gen.Message) bool
	InitialInterval time.Duration    // > 0
	MaxInterval     time.Duration    // >= InitialInterval
	IDsPerLook      int              // at most
	Concurrency     int              // looks at once, at most
	HeldUntil       func() time.Time // before which no look is begun
	Logger          *slog.Logger

	// LookUp is called in goroutines that have ended when Run returns; if it panics, so does Run.
	LookUp func(ctx context.Context, ids []int64) Look
	// Emit gets a message that is new or has changed; or a message with only its ID, which is given up, and why; or a
	// zero message, and the IDs whose look failed and that are looked up again. If it returns false the watch ends.
	Emit func(m gen.Message, failed ...Result) bool
}

// longestWait stands for any longer initial interval, so that no time overflows.
const longestWait = 10 * 365 * 24 * time.Hour

// Look is what one look found.
type Look struct {
	Results []Result  // one for each ID, in the order given
	Attr    slog.Attr // what a log says of a look that was not answered

	indexes []int32
	started time.Duration
}

// Result is what a look found of one ID.
type Result struct {
	ID      int64
	Finding Finding
	Message *gen.Message // not nil if Found
	Err     error        // if not Found: why
}

// Finding is what became of one ID in a look.
type Finding int

// What can become of an ID. The first of these that a look has says how the look as a whole ended: with one up to
// Unreadable it was answered.
const (
	Refused Finding = iota // as all other looks will be
	Found
	Missing     // there is no such message
	Unreadable  // what the answer says of it
	Permanent   // not settled, for a reason that will not pass
	Temporary   // for a reason that may pass
	Unreachable // no answer, or one that says that the server does not work
	Throttled   // turned away, since too many requests are made
)

func (l *Look) outcome() Finding {
	return slices.MinFunc(l.Results, func(a, b Result) int { return cmp.Compare(a.Finding, b.Finding) }).Finding
}

// Run watches until each ID has reached its end or was given up, or Emit returns false. If ctx is done or a look is
// Refused before, it returns the IDs that are left, in their order. While Emit and Until run, no look begins.
func Run(ctx context.Context, c Config) (left []int64) {
	c.InitialInterval = min(c.InitialInterval, longestWait)
	w := &watch{
		Config: c, start: time.Now(), looks: parallel.NewGroup[Look](),
		schedule: newSchedule(len(c.IDs), c.IDsPerLook, c.InitialInterval, c.MaxInterval),
	}
	lookCtx, cancel := context.WithCancel(ctx)
	defer w.looks.Drain()
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for w.schedule.remaining > 0 {
		if ctx.Err() != nil {
			return w.left()
		}
		timer.Reset(w.startLooks(lookCtx) - time.Since(w.start))
		select {
		case take := <-w.looks.Ended():
			l := take()
			if l.outcome() == Refused {
				return w.left()
			}
			if !w.handle(ctx, &l) {
				return nil
			}
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// watch is one Run.
type watch struct {
	Config
	start    time.Time
	schedule *schedule
	looks    *parallel.Group[Look]
	failing  bool // a failure was emitted, and no look has succeeded since
}

// startLooks begins the looks that are due, one at a time in an outage. It returns when the next can begin, or never if
// that takes the end of one of them.
func (w *watch) startLooks(ctx context.Context) (next time.Duration) {
	for w.looks.Running() < w.Concurrency && (w.looks.Running() == 0 || !w.schedule.outage()) {
		now := time.Since(w.start)
		if resume := w.resume(); now < resume {
			return resume
		}
		indexes := w.schedule.next(now)
		if indexes == nil {
			return w.schedule.wake()
		}
		ids := make([]int64, len(indexes))
		for i, index := range indexes {
			ids[i] = w.IDs[index]
		}
		w.looks.Go(func() Look {
			l := w.LookUp(ctx, ids)
			l.indexes, l.started = indexes, now
			return l
		})
	}
	return never
}

// resume returns when the next look may begin.
func (w *watch) resume() time.Duration { return max(w.schedule.resume, w.HeldUntil().Sub(w.start)) }

// handle records how a look ended, tells what is new, and reports whether to go on.
func (w *watch) handle(ctx context.Context, l *Look) bool {
	now, draw := time.Since(w.start), rand.Float64()*maxJitter
	paused := now < w.schedule.resume
	outcome := l.outcome()
	w.schedule.pause(outcome, l.started, now, draw)
	answered := outcome <= Unreadable
	w.failing = w.failing && !answered
	var failed []Result // for reasons that may pass
	for i, result := range l.Results {
		index, found, more := l.indexes[i], result.Finding == Found, true
		changed, ended := w.schedule.record(index, result.Finding, result.Message, l.started)
		if found {
			ended = w.Until(*result.Message)
		}
		switch {
		case ended:
			w.schedule.end(index)
		case outcome == Throttled, outcome == Unreachable && w.schedule.outage():
			w.schedule.retry(index, now)
		default:
			w.schedule.reschedule(index, now, draw)
		}
		switch {
		case changed:
			more = w.Emit(*result.Message)
		case found:
		case ended:
			more = w.Emit(gen.Message{ID: result.ID}, result)
		case !answered || result.Finding >= Temporary:
			failed = append(failed, result)
		}
		if !more {
			return false
		}
	}
	switch {
	case len(failed) == 0, ctx.Err() != nil: // which may be why they failed
	case outcome == Throttled && paused: // looks that were made together are turned away together
	case outcome == Throttled:
		w.warn(ctx, "a rate limit turned the look away; its IDs will be looked up after the wait", l, len(failed), now)
	case w.failing:
		w.warn(ctx, "the look failed; its IDs will be looked up again", l, len(failed), now)
	default:
		w.failing = true
		return w.Emit(gen.Message{}, failed...)
	}
	return true
}

func (w *watch) warn(ctx context.Context, text string, l *Look, ids int, now time.Duration) {
	attrs := []slog.Attr{slog.Int("ids", ids), l.Attr}
	if wait := w.resume() - now; wait > 0 {
		attrs = append(attrs, slog.Duration("wait", wait))
	}
	w.Logger.LogAttrs(ctx, slog.LevelWarn, text, attrs...)
}

// left returns the IDs that have not ended.
func (w *watch) left() (ids []int64) {
	for i, id := range w.IDs {
		if !w.schedule.watched[i].ended {
			ids = append(ids, id)
		}
	}
	return ids
}
