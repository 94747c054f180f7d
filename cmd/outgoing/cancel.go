package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// cancelRun is one run of cancel.
type cancelRun struct {
	*session
	yes                   bool
	tally[outgoing.State]              // of what became of IDs, and what the messages are now
	written               atomic.Int64 // how many of the IDs have their outcome in the results
	testSystem            bool         // the gateway says that it is its test system
}

func (c *cli) cancelCommand() *cobra.Command {
	r := &cancelRun{session: &session{cli: c}, tally: make(tally[outgoing.State])}
	cmd := r.gatewayCommand("cancel [ID...]", idFlags, func() error {
		if err := r.agree(); err != nil {
			return err
		}
		return r.conclude(printAll(r.session, output.Outcomes, r.cancel))
	})
	r.lastWords = func() {
		if unwritten := r.ids[r.written.Load():]; len(unwritten) > 0 {
			r.say("not written: the outcomes of %s; look them up", display.IDs(unwritten))
		}
	}
	cmd.Flags().BoolVarP(&r.yes, "yes", "y", false, "do not ask")
	return cmd
}

// agree says which messages there are and where, and asks, unless the answer is given. It returns nil if they are to be
// cancelled.
func (r *cancelRun) agree() error {
	where := cmp.Or(knownGateways[r.url], "at "+display.Printable(r.url))
	what := display.Plural(len(r.ids), "message", "messages") + " " + where
	if r.repeated > 0 {
		what += fmt.Sprintf(" (%s once)", display.Plural(r.repeated, "repeated ID counts", "repeated IDs count"))
	}
	if r.yes {
		r.say("Cancelling %s.", what)
		return nil
	}
	if what += fmt.Sprintf(": %d", r.ids[0]); len(r.ids) > 1 {
		what += fmt.Sprintf(" (the first) to %d (the last)", r.ids[len(r.ids)-1])
	}
	if least, most := slices.Min(r.ids), slices.Max(r.ids); least != r.ids[0] || most != r.ids[len(r.ids)-1] {
		what += fmt.Sprintf(", in between %d (the smallest) and %d (the largest)", least, most)
	}
	if r.idsFrom != "" {
		what += ", from " + r.idsFrom
	}
	agreed, err := r.screen.Confirm(r.ctx, "About to cancel "+what+". Cancel them?")
	switch {
	case errors.Is(err, terminal.ErrNoTerminal):
		return fmt.Errorf("%w, so nothing was cancelled: --yes goes on without asking", err)
	case err != nil && !r.interrupted.Load():
		return err
	case !agreed || r.interrupted.Load():
		r.say("Nothing was cancelled, since nothing was sent.")
		return statusError(exitInterrupted) // a person stopped it, with an answer or with Ctrl-C
	}
	return nil
}

// cancel takes groups of as many requests as may be in flight at once, so that results appear and an interrupt takes
// effect soon, and yields what became of each message. Without a reader it goes on.
func (r *cancelRun) cancel(yield func(output.Outcome) bool) {
	read := true
	for ids := range slices.Chunk(r.ids, r.concurrency*outgoing.MaxIDs) {
		var result outgoing.CancelResult
		err := cmp.Or(r.ended, context.Cause(r.ctx))
		if err == nil {
			result, err = r.client.CancelScheduled(r.ctx, ids)
			r.testSystem = r.testSystem || result.Sandbox != nil && *result.Sandbox
		}
		reasons := reasonsOf(err)
		if len(result.Outcomes) == 0 { // nothing was tried
			for _, id := range ids {
				result.Outcomes = append(result.Outcomes, outgoing.Outcome{ID: id, State: outgoing.NotSent})
				reasons[id] = err
			}
		}
		for _, o := range result.Outcomes {
			r.take(o, reasons[o.ID])
			if read = read && yield(output.NewOutcome(o, reasons[o.ID])); read {
				r.written.Add(1)
			}
		}
	}
}

const foreign = "unknown to the gateway" // in place of a message's status

// take counts what became of a message; err is that of its request, if it is not settled.
func (r *cancelRun) take(o outgoing.Outcome, err error) {
	now, why := "not looked up", ""
	switch {
	case o.Message != nil:
		now = shownStatus(*o.Message)
	case o.State == outgoing.Rejected && o.Status == http.StatusNotFound && err == nil: // an error is another server's 404
		now = foreign
	}
	if err != nil {
		why = r.reason(err)
	}
	if r.ended == nil && refused(err) {
		r.ended = fmt.Errorf("stopped: %w", err)
	}
	r.add(o.State, o.ID, now, why)
	r.progress.Done.Add(1)
	if o.State != outgoing.Cancelled {
		r.progress.Failed.Add(1)
	}
}

// conclude prints the summary. A reader that is gone is no error here.
func (r *cancelRun) conclude(unwritten error) error {
	rejected, unknown, notSent := r.tally[outgoing.Rejected], r.tally[outgoing.Unknown], r.tally[outgoing.NotSent]
	r.note("%s (%s)", r.counts(outgoing.Cancelled, outgoing.Rejected, outgoing.Unknown, outgoing.NotSent), r.sent())
	if unknown.count > 0 {
		r.note("Of the unknown messages each may or may not be cancelled. They now show: %s. Cancel them again, a little later: that is safe.",
			countedByStatus(unknown.statuses))
	}
	if rejected.count > 0 {
		r.note("The rejected messages were not stopped by this, and now show: %s. If one is cancelled, an earlier call did it.",
			countedByStatus(rejected.statuses))
	}
	if notSent.count > 0 {
		r.note("%s not changed: what is scheduled will go out. Cancel them again.", display.Plural(notSent.count, "message was", "messages were"))
	}
	if reason := cmp.Or(notSent.reason, unknown.reason); reason != "" && !r.interrupted.Load() {
		r.say("outgoing: %s", reason)
	}
	if r.testSystem {
		r.note("The gateway says that this was its test system.")
	}
	r.hintIfAll(rejected.statuses[foreign])
	r.lastWords()
	if errors.Is(unwritten, terminal.ErrReaderGone) {
		r.say("outgoing: the results could not all be written: %v", unwritten)
		return nil
	}
	return unwritten
}
