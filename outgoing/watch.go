package outgoing

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// WatchRequest says which messages [Client.Watch] follows, until when, and how often it looks them up.
type WatchRequest struct {
	IDs             []int64            // repeated ones are watched once
	Until           func(Message) bool // a message for which it is true has reached its end; required
	InitialInterval time.Duration      // the wait after the first look at a message, and after a change; default 10s
	MaxInterval     time.Duration      // the wait doubles up to this while the message stays as it is; default 15m, or InitialInterval
}

const (
	defaultInitialInterval = 10 * time.Second
	defaultMaxInterval     = 15 * time.Minute
	watchJitter            = 0.1 // how much longer a wait may be

	// longestWait stands for any longer one, so that no time overflows.
	longestWait = 10 * 365 * 24 * time.Hour
)

// withDefaults checks the request, and fills in what it leaves to the defaults.
func (w WatchRequest) withDefaults() (WatchRequest, error) {
	switch {
	case w.Until == nil:
		return w, invalid("Until is nil: it must say when a message has reached its end")
	case w.InitialInterval < 0:
		return w, invalid(fmt.Sprintf("initial interval %v: must not be negative", w.InitialInterval))
	case w.MaxInterval < 0:
		return w, invalid(fmt.Sprintf("max interval %v: must not be negative", w.MaxInterval))
	}
	if w.InitialInterval == 0 {
		w.InitialInterval = defaultInitialInterval
	}
	if w.MaxInterval == 0 {
		w.MaxInterval = max(defaultMaxInterval, w.InitialInterval)
	}
	if w.MaxInterval < w.InitialInterval {
		return w, invalid(fmt.Sprintf("max interval %v: below the initial interval, %v", w.MaxInterval, w.InitialInterval))
	}
	w.InitialInterval, w.MaxInterval = min(w.InitialInterval, longestWait), min(w.MaxInterval, longestWait)
	ids, err := distinct(w.IDs)
	w.IDs = ids
	return w, err
}

// Watch follows messages until each has reached its end, any number of them. Each is looked up at once; it is yielded
// when it is first seen, and after each change of its StatusCode or StatusDate. When Until is true for it, it is
// yielded, if that state was not yet, and not looked up again. The loop ends when no message is left.
//
// The wait before the next look at a message doubles from InitialInterval to MaxInterval while the message stays as it
// is, and is short again after a change. Looks are put together, 50 IDs in a request, [WithConcurrency] requests at
// most; none is started while the loop's body runs. A look is one attempt: [WithRetry]'s MaxAttempts and MaxElapsed do
// not apply, and no retry budget is used. A rate limit postpones looks, and is logged and not an error; while it goes
// on, looks are tried after pauses that double up to InitialInterval, or 5 minutes.
//
// Errors do not end the loop, except where stated, and stand beside a Message that has no more than its ID:
//
//   - A request that failed is a *[BatchError] beside a zero Message: the first after a success, or at the start. Those
//     that follow it without a success are logged. Their IDs are looked up again when their time comes. It matches
//     context.DeadlineExceeded if the attempt took too long: ask ctx.Err() whether the context is done.
//   - An ID that the gateway does not know at the third look in a row, and twice the InitialInterval after the first of
//     these, is a Message{ID} with an error that matches [ErrNotFound], and is watched no more.
//   - So is an ID that could not be settled three times in a row for a reason that will not pass (its row cannot be
//     read, or its request is answered with a 4xx other than 401, 403, 404, 408 and 429), with that reason.
//   - After a 401 or 403, and when the context is done, the loop ends. Its last yield is a *[BatchError] that names
//     each ID left, in the order asked, and matches [ErrUnauthorized], [ErrForbidden] or the context's error: the next
//     Watch can begin with its IDs.
//     So each message reached its end or was given up, unless ctx.Err() is not nil after the loop, or an error in it
//     matched [ErrUnauthorized] or [ErrForbidden].
//   - Bad arguments are [ErrInvalidArgument], and nothing is sent: no Until, an ID below 1, a negative interval, a
//     MaxInterval below InitialInterval.
//
// Until should be true for every last status, also the bad ones: no document lists them all, and a message that ends in
// one that Until does not know is watched until the context is done. A message that is scheduled for tomorrow is looked
// up every MaxInterval until then. So give the context a deadline. Until is called in the loop's goroutine, at every
// look.
//
// It holds less than 100 bytes for each ID, and no messages. Each range over the iterator starts a new watch.
func (c *Client) Watch(ctx context.Context, w WatchRequest, opts ...Option) iter.Seq2[Message, error] {
	op, err := c.with(opts)
	if err == nil {
		w, err = w.withDefaults()
	}
	return func(yield func(Message, error) bool) {
		if err != nil {
			yield(Message{}, err)
			return
		}
		if err := newWatch(op, w, yield).run(ctx); err != nil {
			yield(Message{}, err)
		}
	}
}

// watch is one range over a Watch.
type watch struct {
	operation
	ids      []int64
	until    func(Message) bool
	yield    func(Message, error) bool // runs the loop's body
	schedule *schedule
	start    time.Time

	inFlight int
	looks    chan *look // that have ended
	failing  bool       // no request has succeeded since a failure was yielded
	held     int        // pauses in a row
	resume   time.Duration
}

// look is one request for some of the IDs.
type look struct {
	indexes []int32
	started time.Duration
	result  getResult
	panicCatcher
}

func newWatch(op operation, w WatchRequest, yield func(Message, error) bool) *watch {
	o := *op.options
	o.retry.MaxAttempts = 1
	o.retry.MaxElapsed = 365 * 24 * time.Hour // a hold postpones a look, however long it lasts
	op.options, op.stop, op.gate = &o, newStop(), new(gate)
	return &watch{
		operation: op, ids: w.IDs, until: w.Until,
		yield: func(m Message, err error) bool {
			op.gate.close()
			if !yield(m, err) {
				return false // what waits at the gate ends with the watch
			}
			op.gate.open()
			return true
		},
		schedule: newSchedule(len(w.IDs), w.InitialInterval, w.MaxInterval),
		start:    time.Now(), looks: make(chan *look, op.concurrency),
	}
}

// run returns the error that ends the watch early; nil if the loop was left.
func (w *watch) run(ctx context.Context) error {
	lookCtx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		var escaped panicCatcher
		for ; w.inFlight > 0; w.inFlight-- {
			if l := <-w.looks; l.exited {
				escaped = l.panicCatcher
			}
		}
		escaped.rethrow()
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for w.schedule.left > 0 {
		if err := w.stop.reason(ctx); err != nil {
			return w.unfinished(err)
		}
		var wake <-chan time.Time
		if at, ok := w.startLooks(lookCtx); ok {
			timer.Reset(at - time.Since(w.start))
			wake = timer.C
		}
		select {
		case l := <-w.looks:
			w.inFlight--
			l.rethrow()
			if !w.note(ctx, l) {
				return nil
			}
		case <-wake:
		case <-ctx.Done():
		}
	}
	return nil
}

// startLooks starts the requests that are due, and returns when the next will be; not if none will before one of them has
// ended. It starts none during a hold: such a request would leave as soon as that is over, also while the loop's body runs.
func (w *watch) startLooks(ctx context.Context) (next time.Duration, ok bool) {
	for w.inFlight < w.concurrency {
		now := time.Since(w.start)
		if resume := max(w.resume, w.limiter.holdEnd().Sub(w.start)); now < resume {
			return resume, true
		}
		indexes := w.schedule.next(now)
		if indexes == nil {
			w.logNextLook(ctx, now)
			return w.schedule.wake()
		}
		l := &look{indexes: indexes, started: now}
		w.inFlight++
		go func() {
			defer func() { w.looks <- l }()
			l.run(func() { l.result = w.getChunk(ctx, w.idsOf(indexes)) })
		}()
	}
	return 0, false
}

func (w *watch) logNextLook(ctx context.Context, now time.Duration) {
	if w.inFlight > 0 || !w.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	if due, ok := w.schedule.nextDue(); ok {
		w.logger.DebugContext(ctx, "waiting for the next look", "ids", w.schedule.left, "next", due-now)
	}
}

// note takes in what a look found, and reports whether the loop goes on.
func (w *watch) note(ctx context.Context, l *look) bool {
	now, jitter := time.Since(w.start), watchJitter*rand.Float64()
	tried := &l.result.tried
	switch {
	case tried.last == nil && tried.count > 0, tried.endsMissing():
		w.failing, w.held = false, 0
		return w.noteRows(l, now, jitter)
	case w.stop.reason(ctx) != nil: // then run names what is left
		return true
	case tried.last == nil || tried.last.holds():
		w.pause(ctx, now, l)
		w.schedule.postpone(l.indexes, l.started)
		return true
	}
	return w.noteFailure(ctx, l, now, jitter)
}

// pause starts no looks for a while, since a rate limit turned one away: longer each time that this happens without a success
// between, up to the initial interval, or as long as a hold may last.
func (w *watch) pause(ctx context.Context, now time.Duration, l *look) {
	if now < w.resume {
		return
	}
	w.held++
	longest := min(w.schedule.initial, maxHold)
	wait := random.upperHalf(Retry{InitialInterval: min(w.retry.InitialInterval, longest), MaxInterval: longest}.backoff(w.held))
	w.resume = now + wait
	status := http.StatusTooManyRequests
	if last := l.result.tried.last; last != nil {
		status = last.status
	}
	w.logger.WarnContext(ctx, "a rate limit turned the look away; its IDs will be looked up after the hold",
		"method", http.MethodGet, "path", messagesByID, "ids", len(l.indexes), "status", status, "wait", max(wait, time.Until(w.limiter.holdEnd())))
}

// noteRows takes in an answer. An ID with neither a message nor a place among the missing has an unreadable row.
func (w *watch) noteRows(l *look, now time.Duration, jitter float64) bool {
	found, missing := l.result.Messages, l.result.Missing
	for _, index := range l.indexes {
		var (
			id      = w.ids[index]
			problem error // why the ID is given up
		)
		switch {
		case len(found) > 0 && found[0].ID == id:
			m := found[0]
			found = found[1:]
			changed := w.schedule.seen(index, stateOf(m), now)
			if w.until(m) {
				w.schedule.end(index)
			} else {
				w.schedule.rest(index, now, jitter)
			}
			if changed && !w.yield(m, nil) {
				return false
			}
			continue
		case len(missing) > 0 && missing[0] == id:
			missing = missing[1:]
			if w.schedule.missing(index, now) {
				problem = errUnknownID
			}
		case w.schedule.failed(index):
			problem = l.result.failed.reason(id)
		}
		if problem == nil {
			w.schedule.rest(index, now, jitter)
		} else if !w.giveUp(index, problem) {
			return false
		}
	}
	return true
}

// noteFailure takes in that a request failed.
func (w *watch) noteFailure(ctx context.Context, l *look, now time.Duration, jitter float64) bool {
	var (
		kept, ended []int32
		last        = l.result.tried.last
		permanent   = last.answer != nil && last.answer.isPermanent()
	)
	for _, index := range l.indexes {
		if permanent && w.schedule.failed(index) {
			ended = append(ended, index)
		} else {
			w.schedule.rest(index, now, jitter)
			kept = append(kept, index)
		}
	}
	if w.failing && len(kept) > 0 {
		w.logger.WarnContext(ctx, "the look failed; its IDs will be looked up again",
			"method", http.MethodGet, "path", messagesByID, "ids", len(kept), last.attr())
	} else if len(kept) > 0 {
		w.failing = true
		if !w.yield(Message{}, w.batchError(kept, last.err)) {
			return false
		}
	}
	for _, index := range ended {
		if !w.giveUp(index, last.err) {
			return false
		}
	}
	return true
}

var errUnknownID = newError("the gateway does not know this ID", ErrNotFound)

// giveUp ends the watch of an ID that did not reach its end.
func (w *watch) giveUp(index int32, reason error) bool {
	w.schedule.end(index)
	return w.yield(Message{ID: w.ids[index]}, w.batchError([]int32{index}, reason))
}

// unfinished is the error of a watch that stops early: it names each ID left.
func (w *watch) unfinished(reason error) error {
	var rest []int32
	for i := range w.schedule.watched {
		if !w.schedule.watched[i].ended {
			rest = append(rest, int32(i))
		}
	}
	return w.batchError(rest, reason)
}

func (w *watch) batchError(indexes []int32, reason error) error {
	return &BatchError{Failures: []Failure{{IDs: w.idsOf(indexes), Err: reason}}}
}

func (w *watch) idsOf(indexes []int32) []int64 {
	ids := make([]int64, len(indexes))
	for i, index := range indexes {
		ids[i] = w.ids[index]
	}
	return ids
}

var stateSeed = maphash.MakeSeed()

// stateOf returns a number for what a Watch compares of a message; never 0.
func stateOf(m Message) uint64 {
	state := struct {
		code        string
		dated       bool
		seconds     int64
		nanoseconds int
	}{code: m.StatusCode}
	if m.StatusDate != nil {
		state.dated, state.seconds, state.nanoseconds = true, m.StatusDate.Unix(), m.StatusDate.Nanosecond()
	}
	return max(1, maphash.Comparable(stateSeed, state))
}
