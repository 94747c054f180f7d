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
	r := &watchRun{status: make(map[int64]string)}
	cmd, f := c.gatewayCommand("watch [ID...]", "Follow messages until each has one of the statuses that you name", watchFlags, func(s *session) error {
		r.session, r.left, r.counts = s, len(s.ids), map[string]int{notSeen: len(s.ids)}
		return s.do(r.watch, s.sayUnwritten)
	})
	set := cmd.Flags()
	set.Var(textFlag{&until, "status,..."}, "until", "the statuses in which a message has reached its end, in any case; required")
	set.DurationVar(&r.timeout, "timeout", 0, "stop after this time, such as 24h (default never)")
	set.DurationVar(&r.initial, "initial-interval", 10*time.Second, "the wait after the first look at a message, and after a change")
	set.DurationVar(&r.longest, "max-interval", 0, "the longest wait between two looks (default 15m, or --initial-interval)")
	cmd.PreRunE = func(*cobra.Command, []string) (err error) {
		if until == "" {
			return usage(untilHelp, c.name)
		}
		switch {
		case set.Changed("timeout") && r.timeout <= 0:
			return usage("--timeout %v: it must be positive", r.timeout)
		case r.initial <= 0:
			return usage("--initial-interval %v: it must be positive", r.initial)
		case set.Changed("max-interval") && r.longest < r.initial:
			return usage("--max-interval %v: it must not be below --initial-interval, %v", r.longest, r.initial)
		case f.demo && !set.Changed("initial-interval"):
			r.initial = time.Second // nothing there takes long
		}
		r.until, err = parseStatuses(until)
		return err
	}
	return cmd
}

// untilHelp names the statuses that are known, and none as a default: the vendor documents no list of them.
const untilHelp = `--until is missing: name the statuses that end the watch, the bad ones too, such as --until DELIVERED,UNDELIVERED
The gateway's documents name QUEUED and SCHEDULED, which are not the end; others, such as
DELIVERED, are guesses. "%[1]s list" and "%[1]s doctor" show the statuses of your account.`

func parseStatuses(until string) (statuses []string, err error) {
	for status := range strings.SplitSeq(until, ",") {
		status = strings.TrimSpace(status)
		switch {
		case status == "":
			return nil, usage("--until %q: a status is missing beside a comma", until)
		case strings.ContainsAny(status, "; \t"):
			return nil, usage("--until %q: statuses are separated by commas", until)
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}

// watchRun is one run of watch.
type watchRun struct {
	*session
	until            []string
	timeout          time.Duration // 0 for none
	initial, longest time.Duration

	out     output.Writer[outgoing.Message] // nil if only the live line shows changes
	status  map[int64]string                // of the messages seen, as it is shown
	counts  map[string]int                  // of the messages, by status; with "not seen"
	left    int                             // how many have not reached their end and are not given up
	failed  int                             // how many are given up
	summary atomic.Value                    // a string, which another goroutine draws
	ended   error                           // why the watch ended before the messages reached their end
}

// What stands where a status would.
const (
	givenUp       = "given up"
	notSeen       = "not seen"
	withoutStatus = "without a status"
)

// watch follows the messages, and sums up what it saw.
func (r *watchRun) watch() (settled bool, err error) {
	ctx, end := context.WithCancelCause(r.ctx)
	defer end(nil)
	r.screen.OnReaderGone(func() { end(terminal.ErrReaderGone) })
	if r.double != nil {
		go server.Live{Gateway: r.double, Messages: outgoingtest.SampleMessages(demoSamples), Report: func(...outgoing.Message) {}}.Run(ctx)
	}
	err = r.follow(ctx)
	if errors.Is(context.Cause(ctx), terminal.ErrReaderGone) {
		err = terminal.ErrReaderGone
	}
	if err != nil {
		return r.failed == 0, err
	}
	return r.conclude()
}

// follow shows each change, until the watch ends or they cannot be written.
func (r *watchRun) follow(ctx context.Context) error {
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout)
		defer cancel()
	}
	r.summarize()
	live := !r.quiet && r.screen.CanDraw()
	if live {
		defer r.screen.Live(func(elapsed time.Duration) string {
			return fmt.Sprintf("watch: %s [%v]", r.summary.Load(), elapsed.Truncate(time.Second))
		})()
	}
	if !live || !r.screen.Style().Terminal || r.format != "table" {
		r.out = resultsOf(r.session, output.Changes)
	}
	request := outgoing.WatchRequest{IDs: r.ids, Until: r.reachedEnd, InitialInterval: r.initial, MaxInterval: r.longest}
	for m, err := range r.client.Watch(ctx, request) {
		if err != nil {
			r.take(m, err, ctx.Err() != nil)
			continue
		}
		r.set(m.ID, display.Printable(m.StatusCode), r.reachedEnd(m))
		if r.out != nil {
			if err := r.out.Write(m); err != nil {
				return err
			}
		}
	}
	if r.out != nil {
		return r.out.Close()
	}
	return nil
}

// reachedEnd reports whether a message has one of the statuses of --until, in any case.
func (r *watchRun) reachedEnd(m outgoing.Message) bool {
	return slices.ContainsFunc(r.until, func(status string) bool { return strings.EqualFold(status, m.StatusCode) })
}

// statusOf returns the status of a message as it was seen last.
func (r *watchRun) statusOf(id int64) string {
	if status, seen := r.status[id]; seen {
		return status
	}
	return notSeen
}

// set notes the status of a message, and whether it is watched no more.
func (r *watchRun) set(id int64, status string, ended bool) {
	r.counts[r.statusOf(id)]--
	r.counts[status]++
	r.status[id] = status
	if ended {
		r.left--
	}
	r.summarize()
}

// summarize says how many messages have which status, and how many have not reached their end.
func (r *watchRun) summarize() {
	r.summary.Store(fmt.Sprintf("%s; %d left", countedByStatus(r.counts), r.left))
}

// take says what an error of the watch means: of a message that is given up, of a look that failed, or of the watch's end.
func (r *watchRun) take(m outgoing.Message, err error, done bool) {
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	switch {
	case ok && m.ID != 0:
		r.set(m.ID, givenUp, true)
		if r.failed++; r.failed <= display.MaxNamed {
			r.say("given up: %d\n  %s", m.ID, output.Reason(batch.Failures[0].Err))
		}
	case !ok, refusal(err) != nil, done:
		r.ended = err
	case !r.interrupted.Load():
		r.say("a look failed, and will be repeated\n  %s", output.Reason(batch.Failures[0].Err))
	}
}

// conclude prints the summary.
func (r *watchRun) conclude() (settled bool, err error) {
	batch, ok := errors.AsType[*outgoing.BatchError](r.ended)
	if r.ended != nil && !ok {
		return false, r.ended
	}
	switch refused := refusal(r.ended); {
	case refused != nil:
		r.say("outgoing: %s", r.reason(refused))
		if r.tokenFile == "" {
			r.say("A token that is replaced during a watch belongs into a --token-file, which is read again.")
		}
	case ok && !r.interrupted.Load():
		r.say("outgoing: --timeout %v is over", r.timeout)
	}
	if ok {
		r.sayLeft(batch.IDs())
	}
	r.note("%s", r.summary.Load())
	return r.ended == nil && r.failed == 0, nil
}

// sayLeft names the messages that have not reached their end, by status.
func (r *watchRun) sayLeft(ids []int64) {
	byStatus := make(map[string][]int64)
	for _, id := range ids {
		byStatus[r.statusOf(id)] = append(byStatus[r.statusOf(id)], id)
	}
	for _, status := range slices.Sorted(maps.Keys(byStatus)) {
		r.say("not there yet, %s: %s", cmp.Or(status, withoutStatus), display.IDs(byStatus[status]))
	}
}
