package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func (c *cli) watchCommand() *cobra.Command {
	var until string
	r := &watchRun{session: &session{cli: c}, status: make(map[int64]string), counts: make(map[string]int)}
	cmd := r.gatewayCommand("watch [ID...]", watchFlags, r.watch)
	r.line = func(elapsed time.Duration) string {
		return fmt.Sprintf("watch: %s [%v]", r.summary.Load(), elapsed.Truncate(time.Second))
	}
	set := cmd.Flags()
	set.Var(textFlag{text: &until, kind: "status,..."}, "until", "the statuses in which a message has reached its end, in any case; required")
	set.DurationVar(&r.timeout, "timeout", 0, "stop after this time, such as 24h (default never)")
	set.DurationVar(&r.initial, "initial-interval", 10*time.Second, "the wait after the first look at a message, and after a change")
	set.DurationVar(&r.longest, "max-interval", 0, "the longest wait between two looks (default 15m, or --initial-interval)")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		r.until = strings.Split(strings.ReplaceAll(until, ", ", ","), ",")
		return cmp.Or(
			errorIf(until == "", "--until is missing: name the statuses that end the watch, the bad ones too, such as DELIVERED,UNDELIVERED"),
			errorIf(slices.Contains(r.until, ""), "--until %q: a status is missing beside a comma", until),
			errorIf(strings.ContainsAny(strings.Join(r.until, ""), "; \t"), "--until %q: statuses are separated by commas", until),
			errorIf(set.Changed("timeout") && r.timeout <= 0, "--timeout %v: it must be positive", r.timeout),
			errorIf(r.initial <= 0, "--initial-interval %v: it must be positive", r.initial),
			errorIf(set.Changed("max-interval") && r.longest < r.initial,
				"--max-interval %v: it must not be below --initial-interval, %v", r.longest, r.initial),
		)
	}
	return cmd
}

// watchRun is one run of watch.
type watchRun struct {
	*session
	until            []string
	timeout          time.Duration // 0 for none
	initial, longest time.Duration

	status  map[int64]string // of the messages that were seen or given up, as it is shown
	counts  map[string]int   // of the messages, by status
	left    int              // how many have not reached their end and are not given up
	summary atomic.Value     // of counts and left: a string, which another goroutine draws
}

const givenUp, notSeen = "given up", "not seen" // in place of a status

// watch shows each change, until the watch ends or they cannot be written, and sums up what it saw.
func (r *watchRun) watch() error {
	ctx, end := context.WithCancelCause(r.ctx)
	defer end(nil)
	r.screen.OnReaderGone(func() { end(terminal.ErrReaderGone) })
	if r.timeout > 0 {
		defer time.AfterFunc(r.timeout, func() { end(context.DeadlineExceeded) }).Stop()
	}
	if r.double != nil {
		go server.Live{Gateway: r.double, Messages: outgoingtest.SampleMessages(demoSamples), Report: func(...outgoing.Message) {}}.Run(ctx)
	}
	r.counts[notSeen], r.left = len(r.ids), len(r.ids)
	r.summarize()
	err := printAll(r.session, output.Changes, func(yield func(outgoing.Message) bool) { r.changes(ctx, yield) })
	if errors.Is(context.Cause(ctx), terminal.ErrReaderGone) {
		err, r.ended = terminal.ErrReaderGone, nil
	}
	if err != nil {
		return err
	}
	return r.conclude()
}

// changes yields each change, unless the line that is drawn shows them, until the watch ends.
func (r *watchRun) changes(ctx context.Context, yield func(outgoing.Message) bool) {
	drawn := !r.quiet && r.screen.CanDraw() && r.screen.Style().Terminal && r.format == "table"
	request := outgoing.WatchRequest{IDs: r.ids, Until: r.reachedEnd, InitialInterval: r.initial, MaxInterval: r.longest}
	for m, err := range r.client.Watch(ctx, request) {
		batch, ok := errors.AsType[*outgoing.BatchError](err)
		switch {
		case err == nil:
			r.set(m.ID, shownStatus(m), r.reachedEnd(m))
			if !drawn && !yield(m) {
				return
			}
		case ok && m.ID != 0:
			r.progress.Failed.Add(1)
			r.set(m.ID, givenUp, true)
			if n := r.counts[givenUp]; n <= display.MaxNamed {
				r.say("given up: %d\n  %s", m.ID, output.Reason(batch.Failures[0].Err))
			}
		case !ok, refused(err), ctx.Err() != nil:
			r.ended = err
		case !r.interrupted.Load():
			r.say("a look failed, and will be repeated\n  %s", output.Reason(batch.Failures[0].Err))
		}
	}
}

// reachedEnd reports whether a message has one of the statuses of --until, in any case.
func (r *watchRun) reachedEnd(m outgoing.Message) bool {
	return slices.ContainsFunc(r.until, func(status string) bool { return strings.EqualFold(status, m.StatusCode) })
}

// set notes the status of a message, and whether it is watched no more.
func (r *watchRun) set(id int64, status string, ended bool) {
	r.counts[cmp.Or(r.status[id], notSeen)]--
	r.counts[status]++
	r.status[id] = status
	if ended {
		r.left--
	}
	r.summarize()
}

func (r *watchRun) summarize() {
	r.summary.Store(fmt.Sprintf("%s; %d left", countedByStatus(r.counts), r.left))
}

// conclude prints the summary, and names the messages that have not reached their end, by status.
func (r *watchRun) conclude() error {
	if batch, ok := errors.AsType[*outgoing.BatchError](r.ended); ok {
		switch {
		case refused(r.ended):
			r.say("outgoing: %s", r.reason(batch.Failures[0].Err))
		case !r.interrupted.Load():
			r.say("outgoing: --timeout %v is over", r.timeout)
		}
		open := make(map[string][]int64)
		for _, id := range batch.IDs() {
			status := cmp.Or(r.status[id], notSeen)
			open[status] = append(open[status], id)
		}
		for _, status := range slices.Sorted(maps.Keys(open)) {
			r.say("not there yet, %s: %s", status, display.IDs(open[status]))
		}
	} else if r.ended != nil {
		return r.ended
	}
	r.note("%s", r.summary.Load())
	return nil
}
