package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) cancelCommand() *cobra.Command {
	var (
		f    flags
		from idFlags
		yes  bool
	)
	cmd := &cobra.Command{
		Use:               "cancel [ID...]",
		Short:             "Cancel scheduled messages",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withIDs(args, from, &f, isScheduled, func(s *session, asked asked) error { return s.cancel(asked, yes) })
		},
	}
	f.register(cmd)
	from.register(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (s *session) cancel(asked asked, yes bool) error {
	out, err := output.New(s.format, s.screen.Out(), output.Outcomes, s.screen.Style())
	if err != nil {
		return err
	}
	ids := asked.ids
	c := &cancelRun{session: s, out: out, ids: ids, counts: make(map[outgoing.State]int), rejected: make(map[string]int)}
	unhandle := s.handleInterrupts(c.sayUnwritten)
	defer unhandle()
	if err := s.agree(asked, yes); err != nil {
		return err
	}
	end := s.progress("cancel", "IDs", len(ids))
	defer end()

	// Groups of as many requests as may be in flight at once, so that results appear and an interrupt takes effect soon.
	for group := range slices.Chunk(ids, s.concurrency*outgoing.MaxIDs) {
		c.group(group)
	}
	c.write(out.Close())
	end()
	return c.conclude()
}

// agree says which messages there are and where, and asks, unless --yes is given. It returns nil if they are to be cancelled.
func (s *session) agree(asked asked, yes bool) error {
	ids := asked.ids
	what := fmt.Sprintf("%s %s", display.Plural(len(ids), "message", "messages"), s.where)
	if yes {
		s.say("Cancelling %s.", what)
		return nil
	}
	if what += fmt.Sprintf(": %d", ids[0]); len(ids) > 1 {
		what += fmt.Sprintf(" (the first) to %d (the last)", ids[len(ids)-1])
	}
	if asked.from != "" {
		what += ", from " + asked.from
	}
	agreed, err := s.screen.Confirm(s.ctx, "About to cancel "+what+". Cancel them?")
	switch {
	case errors.Is(err, terminal.ErrNoTerminal):
		return fmt.Errorf("%w, so nothing was cancelled: --yes goes on without asking", err)
	case err != nil && !s.interrupted.Load():
		return err
	case !agreed || s.interrupted.Load():
		s.say("Nothing was cancelled, since nothing was sent.")
		return statusError(exitInterrupted) // a person stopped it, with an answer or with Ctrl-C
	}
	return nil
}

// cancelRun is one run of cancel.
type cancelRun struct {
	*session
	out     output.Writer[output.Outcome]
	ids     []int64
	given   atomic.Int64 // how many of ids the library took
	written atomic.Int64 // how many of ids have their outcome in the results
	unread  error        // why results can no longer be written; the work goes on

	refused  error // the token is not accepted: nothing more is to be sent
	counts   map[outgoing.State]int
	rejected map[string]int // by the status of the message now
	foreign  int            // IDs that the gateway says it does not know
	sandbox  *bool
}

// group cancels some messages and reports what became of each.
func (c *cancelRun) group(ids []int64) {
	var (
		result outgoing.CancelResult
		err    error
	)
	switch {
	case c.interrupted.Load():
		err = interrupt.ErrInterrupted
	case c.refused != nil:
		err = fmt.Errorf("stopped: %s", output.WithoutPrefix(c.refused))
	default:
		c.given.Add(int64(len(ids)))
		result, err = c.client.CancelScheduled(c.ctx, ids)
	}
	if len(result.Outcomes) == 0 { // nothing was tried
		for _, id := range ids {
			result.Outcomes = append(result.Outcomes, outgoing.Outcome{ID: id, State: outgoing.NotSent})
		}
	}
	c.refused = cmp.Or(c.refused, refusal(err))
	if result.Sandbox != nil {
		c.sandbox = result.Sandbox
	}
	reasons := reasonsByID(err)
	for _, o := range result.Outcomes {
		reason, failed := reasons[o.ID]
		if !failed && o.State == outgoing.NotSent {
			reason = err
		}
		c.counts[o.State]++
		if o.State == outgoing.Rejected && o.Status == http.StatusNotFound && !failed { // another server's 404 does not speak of IDs
			c.foreign++
		}
		if o.State == outgoing.Rejected && o.Message != nil {
			c.rejected[display.Printable(o.Message.StatusCode)]++
		}
		c.counter.Done.Add(1)
		if o.State != outgoing.Cancelled {
			c.counter.Failed.Add(1)
		}
		c.write(c.out.Write(output.Outcome{Outcome: o, Err: reason}))
		if c.unread == nil {
			c.written.Add(1)
		}
	}
}

// refusal returns the gateway's answer that it does not accept the token, if err has one.
func refusal(err error) error {
	if !errors.Is(err, outgoing.ErrUnauthorized) && !errors.Is(err, outgoing.ErrForbidden) {
		return nil
	}
	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		for _, f := range batch.Failures {
			if err := refusal(f.Err); err != nil {
				return err // without the IDs of its request
			}
		}
	}
	return err
}

// write remembers why results can no longer be written.
func (c *cancelRun) write(err error) {
	if c.unread == nil {
		c.unread = err
	}
}

func reasonsByID(err error) map[int64]error {
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	if !ok {
		return nil
	}
	reasons := make(map[int64]error)
	for _, f := range batch.Failures {
		for _, id := range f.IDs {
			reasons[id] = f.Err
		}
	}
	return reasons
}

// sayUnwritten is said last when the outcomes cannot be written: which are not there, and which messages are untouched.
func (c *cancelRun) sayUnwritten() {
	given, written := c.given.Load(), c.written.Load()
	if n := given - written; n > 0 {
		c.say("outgoing: left before all results were written; what became of %s, from ID %d on, is not known: look them up",
			display.Plural(n, "message", "messages"), c.ids[written])
	}
	if n := int64(len(c.ids)) - given; n > 0 {
		c.say("not sent: the last %d of %d IDs, from %d on", n, len(c.ids), c.ids[given])
	}
}

// conclude prints the summary and returns the exit status.
func (c *cancelRun) conclude() error {
	total := 0
	for _, n := range c.counts {
		total += n
	}
	c.note("%d cancelled, %d rejected, %d unknown, %d not sent (%s)", c.counts[outgoing.Cancelled], c.counts[outgoing.Rejected],
		c.counts[outgoing.Unknown], c.counts[outgoing.NotSent], c.sent())
	if n := c.counts[outgoing.Unknown]; n > 0 {
		c.note("%s may or may not be cancelled: the status tells, later (get); to cancel again is safe, and says rejected if it was.",
			display.Plural(n, "message", "messages"))
	}
	if len(c.rejected) > 0 {
		var statuses []string
		for _, status := range slices.Sorted(maps.Keys(c.rejected)) {
			statuses = append(statuses, fmt.Sprintf("%d %s", c.rejected[status], cmp.Or(status, withoutStatus)))
		}
		c.note("A rejected message may be one that an earlier call did cancel: the status now is %s.", strings.Join(statuses, ", "))
	}
	if n := c.counts[outgoing.NotSent]; n > 0 {
		c.note("The %s untouched.", display.Plural(n, "message not sent is", "messages not sent are"))
	}
	if c.sandbox != nil && *c.sandbox {
		c.note("The gateway says that this was its test system.")
	}
	if total > 0 && c.foreign == total {
		c.sayAllUnknown()
	}
	if errors.Is(c.refused, outgoing.ErrUnauthorized) {
		c.say("outgoing: the gateway does not accept the token; check %s", c.tokenSource())
	}
	if c.unread != nil {
		c.say("outgoing: the results could not all be written: %s", strings.TrimPrefix(c.unread.Error(), terminal.ErrUnwritten.Error()+": "))
	}
	switch {
	case c.interrupted.Load():
		return statusError(exitInterrupted)
	case errors.Is(c.unread, terminal.ErrUnwritten):
		return statusError(exitUnwritten) // before the next, which promises that each has its row
	case c.counts[outgoing.Cancelled] < total:
		return statusError(exitUnsettled)
	}
	return nil
}
