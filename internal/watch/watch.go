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

// Config says what to watch, until when, how often to look and how, and what to call with what is found.
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

	// If one of these returns false, the watch ends.
	Changed func(gen.Message) bool // gets a message that is new or has changed
	GivenUp func(Result) bool      // gets an ID that is watched no more, though it has not reached its end
	Failed  func([]Result) bool    // gets the IDs that a look did not settle; they are looked up again
}

// Look is what one look found.
type Look struct {
	Results []Result  // one for each ID, in the order given
	Attr    slog.Attr // what a log says of a look that was not answered
}

// Result is what a look found of one ID.
type Result struct {
	ID      int64
	Finding Finding
	Message *gen.Message // not nil if Found
	Err     error        // if not Found: why
}

// Finding is what became of one ID in a look. The first of those below that one of its IDs has is how the look ended.
type Finding int

// What can become of an ID.
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

// answered reports whether an answer says what became of the ID, or of at least one of the look.
func (f Finding) answered() bool { return f <= Unreadable }

// transient reports whether the reason may pass.
func (f Finding) transient() bool { return f >= Temporary }

const (
	maxJitter   = 0.1                       // by how much of itself a wait is longer at most; it keeps watches apart
	longestWait = 10 * 365 * 24 * time.Hour // stands for any longer one, so that no time overflows
)

// Run watches until each ID has reached its end or was given up, or Changed, GivenUp or Failed returns false. If ctx is
// done or a look is Refused before, it returns the IDs that are left, in their order. While one of these functions or
// Until runs, no look begins.
func Run(ctx context.Context, c Config) (left []int64) {
	jitter := rand.Float64() * maxJitter // one for all waits: IDs that are looked up together stay together
	longer := func(wait time.Duration) time.Duration {
		wait = min(wait, longestWait)
		return wait + time.Duration(jitter*float64(wait))
	}
	w := &watch{
		Config: c, start: time.Now(), looks: parallel.NewGroup[*look](),
		schedule: newSchedule(len(c.IDs), c.IDsPerLook, longer(c.InitialInterval), longer(c.MaxInterval)),
	}
	lookCtx, cancel := context.WithCancel(ctx)
	defer w.looks.Drain()
	defer cancel()
	for w.schedule.remaining > 0 && ctx.Err() == nil {
		next := w.startLooks(lookCtx)
		select {
		case take := <-w.looks.Ended():
			l := take()
			if l.outcome() == Refused {
				return w.left()
			}
			if !w.handle(ctx, l) {
				return nil
			}
		case <-time.After(next - time.Since(w.start)):
		case <-ctx.Done():
		}
	}
	return w.left()
}

// watch is one Run.
type watch struct {
	Config
	start    time.Time
	schedule *schedule
	looks    *parallel.Group[*look]
	failing  bool // Failed was called, and no look has been answered since
}

// look is one that has begun: what it found, and where its IDs are on the schedule.
type look struct {
	Look
	indexes []int32
	started time.Duration
}

// outcome returns how the look as a whole ended.
func (l *look) outcome() Finding {
	return slices.MinFunc(l.Results, func(a, b Result) int { return cmp.Compare(a.Finding, b.Finding) }).Finding
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
		w.looks.Go(func() *look { return &look{w.LookUp(ctx, ids), indexes, now} })
	}
	return never
}

// resume returns when the next look may begin.
func (w *watch) resume() time.Duration { return max(w.schedule.resume, w.HeldUntil().Sub(w.start)) }

// handle records what a look found, tells what is new, and reports whether to go on.
func (w *watch) handle(ctx context.Context, l *look) bool {
	now, outcome := time.Since(w.start), l.outcome()
	postponed, together := w.schedule.pause(outcome, l.started, now)
	w.failing = w.failing && !outcome.answered()
	var failed []Result
	for i, result := range l.Results {
		index, throttled := l.indexes[i], result.Finding == Throttled
		ended := result.Finding == Found && w.Until(*result.Message)
		changed, givenUp := w.schedule.record(index, result, l.started)
		if ended || givenUp {
			w.schedule.end(index)
		} else {
			w.schedule.reschedule(index, now, postponed || throttled)
		}
		if changed && !w.Changed(*result.Message) || givenUp && !w.GivenUp(result) {
			return false
		}
		if !givenUp && (!outcome.answered() || result.Finding.transient()) && (!throttled || outcome == Throttled) {
			failed = append(failed, result)
		}
	}
	switch {
	case len(failed) == 0, ctx.Err() != nil: // which may be why they failed
	case outcome == Throttled && together: // the log has it
	case outcome == Throttled, w.failing:
		w.warn(ctx, l, len(failed), now)
	default:
		w.failing = true
		return w.Failed(failed)
	}
	return true
}

func (w *watch) warn(ctx context.Context, l *look, ids int, now time.Duration) {
	attrs := []slog.Attr{slog.Int("ids", ids), l.Attr}
	if wait := w.resume() - now; wait > 0 {
		attrs = append(attrs, slog.Duration("wait", wait))
	}
	w.Logger.LogAttrs(ctx, slog.LevelWarn, "the look failed; its IDs will be looked up again", attrs...)
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
