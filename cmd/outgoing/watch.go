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

// watchFlags are what the flags of watch say.
type watchFlags struct {
	until            []string
	timeout          time.Duration
	initial, longest time.Duration
}

func (c *cli) watchCommand() *cobra.Command {
	var (
		f     flags
		from  idFlags
		w     watchFlags
		until string
	)
	cmd := &cobra.Command{
		Use:               "watch [ID...]",
		Short:             "Follow messages until each has one of the statuses that you name",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := w.check(c.name, until, cmd.Flags().Changed); err != nil {
				return err
			}
			if f.demo && !cmd.Flags().Changed("initial-interval") {
				w.initial = time.Second // nothing there takes long
			}
			return c.withIDs(args, from, &f, anyMessage, func(s *session, asked asked) error { return s.follow(asked.ids, w) })
		},
	}
	f.registerResults(cmd)
	f.registerConcurrency(cmd)
	f.registerVerbose(cmd)
	from.register(cmd)
	set := cmd.Flags()
	set.Var(textFlag{&until, "status,..."}, "until", "the statuses in which a message has reached its end, in any case; required")
	set.DurationVar(&w.timeout, "timeout", 0, "stop after this time, such as 24h (default never)")
	set.DurationVar(&w.initial, "initial-interval", 10*time.Second, "the wait after the first look at a message, and after a change")
	set.DurationVar(&w.longest, "max-interval", 0, "the longest wait between two looks (default 15m, or --initial-interval)")
	return cmd
}

// untilHelp names the statuses that are known, and none as a default: the vendor documents no list of them.
const untilHelp = `--until is missing: name the statuses that end the watch, the bad ones too, such as --until DELIVERED,UNDELIVERED
The gateway's documents name QUEUED and SCHEDULED, which are not the end; others, such as
DELIVERED, are guesses. "%[1]s list" and "%[1]s doctor" show the statuses of your account.`

func (w *watchFlags) check(name, until string, given func(flag string) bool) error {
	for status := range strings.SplitSeq(until, ",") {
		status = strings.TrimSpace(status)
		switch {
		case until == "":
			return usage(untilHelp, name)
		case status == "":
			return usage("--until %q: a status is missing beside a comma", until)
		case strings.ContainsAny(status, "; \t"):
			return usage("--until %q: statuses are separated by commas", until)
		}
		w.until = append(w.until, status)
	}
	switch {
	case given("timeout") && w.timeout <= 0:
		return usage("--timeout %v: it must be positive", w.timeout)
	case w.initial <= 0:
		return usage("--initial-interval %v: it must be positive", w.initial)
	case given("max-interval") && w.longest < w.initial:
		return usage("--max-interval %v: it must not be below --initial-interval, %v", w.longest, w.initial)
	}
	return nil
}

// reachedEnd reports whether a message has one of the statuses of --until, in any case.
func (w *watchFlags) reachedEnd(m outgoing.Message) bool {
	return slices.ContainsFunc(w.until, func(status string) bool { return strings.EqualFold(status, m.StatusCode) })
}

// watchRun is one run of watch.
type watchRun struct {
	*session
	watchFlags
	ctx context.Context                 // with the timeout, and done when no one reads the changes any more
	out output.Writer[outgoing.Message] // nil if only the live line shows changes

	status  map[int64]string // of the messages seen, as it is shown
	counts  map[string]int   // of the messages, by status; with "not seen"
	left    int              // how many have not reached their end and are not given up
	failed  int              // how many are given up
	summary atomic.Value     // a string, which another goroutine draws
}

// What stands where a status would.
const (
	givenUp       = "given up"
	notSeen       = "not seen"
	withoutStatus = "without a status"
)

func (s *session) follow(ids []int64, w watchFlags) error {
	r := &watchRun{session: s, watchFlags: w, left: len(ids), status: make(map[int64]string, len(ids)), counts: map[string]int{notSeen: len(ids)}}
	r.summarize()
	style := s.screen.Style()
	live := !s.quiet && s.screen.CanDraw()
	if !live || !style.Terminal || s.format != "table" {
		var err error
		if r.out, err = output.New(s.format, s.screen.Out(), output.Changes, style); err != nil {
			return err
		}
	}
	ctx, end := context.WithCancelCause(s.ctx)
	defer end(nil)
	r.ctx = ctx
	if w.timeout > 0 {
		var cancel context.CancelFunc
		r.ctx, cancel = context.WithTimeout(ctx, w.timeout)
		defer cancel()
	}
	go func() {
		select {
		case <-s.screen.ReaderGone():
			end(terminal.ErrReaderGone)
		case <-ctx.Done():
		}
	}()
	if s.double != nil {
		go server.Live{Gateway: s.double, Messages: outgoingtest.SampleMessages(demoSamples), Report: func(...outgoing.Message) {}}.Run(ctx)
	}
	unhandle := s.handleInterrupts(s.sayUnwritten)
	defer unhandle()
	clearLine := func() {}
	if live {
		begun := time.Now()
		clearLine = s.screen.Live(func() string {
			return fmt.Sprintf("watch: %s [%v]", r.summary.Load(), time.Since(begun).Truncate(time.Second))
		})
	}
	defer clearLine()

	var left, unread error
	request := outgoing.WatchRequest{IDs: ids, Until: w.reachedEnd, InitialInterval: w.initial, MaxInterval: w.longest}
	for m, err := range s.client.Watch(r.ctx, request) {
		if err != nil {
			left = r.take(m, err)
			continue
		}
		r.set(m.ID, display.Printable(m.StatusCode), r.reachedEnd(m))
		if r.out != nil {
			if unread = r.out.Write(m); unread != nil {
				break
			}
		}
	}
	clearLine()
	if r.out != nil && unread == nil {
		unread = r.out.Close()
	}
	if errors.Is(context.Cause(ctx), terminal.ErrReaderGone) || errors.Is(unread, terminal.ErrReaderGone) {
		if r.failed > 0 {
			return statusError(exitUnsettled)
		}
		return terminal.ErrReaderGone
	}
	return cmp.Or(unread, r.conclude(left))
}

// set notes the status of a message, and whether it is watched no more.
func (r *watchRun) set(id int64, status string, ended bool) {
	before, seen := r.status[id]
	if !seen {
		before = notSeen
	}
	r.counts[before]--
	r.counts[status]++
	r.status[id] = status
	if ended {
		r.left--
	}
	r.summarize()
}

// summarize says how many messages have which status, and how many have not reached their end.
func (r *watchRun) summarize() {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(r.counts)) {
		if n := r.counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, cmp.Or(status, withoutStatus)))
		}
	}
	r.summary.Store(fmt.Sprintf("%s; %d left", strings.Join(parts, ", "), r.left))
}

// take says what an error of the watch means, and returns it if it is the one that ends the watch.
func (r *watchRun) take(m outgoing.Message, err error) (last error) {
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	switch {
	case ok && m.ID != 0:
		r.set(m.ID, givenUp, true)
		if r.failed++; r.failed <= maxSaid {
			r.say("given up: %d\n  %s", m.ID, output.Reason(batch.Failures[0].Err))
		}
	case !ok, refusal(err) != nil, r.ctx.Err() != nil:
		return err
	case !r.interrupted.Load():
		r.say("a look failed, and will be repeated\n  %s", output.Reason(batch.Failures[0].Err))
	}
	return nil
}

// maxSaid is how many messages that are given up are named as they are.
const maxSaid = 10

// conclude prints the summary and returns the exit status.
func (r *watchRun) conclude(left error) error {
	batch, ok := errors.AsType[*outgoing.BatchError](left)
	if left != nil && !ok {
		return left
	}
	switch refused := refusal(left); {
	case refused != nil:
		r.say("outgoing: %s", output.Reason(r.explain(refused)))
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
	switch {
	case r.interrupted.Load():
		return statusError(exitInterrupted)
	case left != nil, r.failed > 0:
		return statusError(exitUnsettled)
	}
	return nil
}

// sayLeft names the messages that have not reached their end, by status.
func (r *watchRun) sayLeft(ids []int64) {
	byStatus := make(map[string][]int64)
	for _, id := range ids {
		status, seen := r.status[id]
		if !seen {
			status = notSeen
		}
		byStatus[status] = append(byStatus[status], id)
	}
	for _, status := range slices.Sorted(maps.Keys(byStatus)) {
		r.say("not there yet, %s: %s", cmp.Or(status, withoutStatus), display.IDs(byStatus[status]))
	}
}
