package main

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// getRun is one run of get.
type getRun struct {
	*session
	summary       bool
	tally[string] // of what became of the IDs
	stream        iter.Seq2[outgoing.GetResult, error]
}

func (c *cli) getCommand() *cobra.Command {
	r := &getRun{session: &session{cli: c}, tally: make(tally[string])}
	cmd := r.gatewayCommand("get [ID...]", idFlags, func() error {
		r.stream = r.client.StreamByIDs(r.ctx, slices.Values(r.ids))
		return r.get()
	})
	cmd.Flags().BoolVar(&r.summary, "summary", false, "print how many messages have which status")
	return cmd
}

// get prints a row for each ID, or how many messages have which status.
func (r *getRun) get() (err error) {
	if r.summary {
		err = printAll(r.session, output.Counts, r.statuses)
	} else {
		err = printAll(r.session, output.Results, r.rows)
	}
	if err == nil {
		r.conclude()
	}
	return err
}

// rows yields a row for each ID, in the order asked, which is that of the stream.
func (r *getRun) rows(yield func(output.Result) bool) {
	left, read := r.ids, true
	for result, err := range r.stream {
		found, reasons := make(map[int64]*outgoing.Message), reasonsOf(err)
		for i, m := range result.Messages {
			found[m.ID] = &result.Messages[i]
		}
		if len(reasons) == 0 {
			r.ended = err
		}
		n := len(found) + len(result.Missing) + len(reasons)
		for _, id := range left[:n] {
			row := r.take(id, found[id], reasons[id])
			read = read && yield(row)
		}
		if left = left[n:]; !read {
			return
		}
	}
	for _, id := range left {
		row := r.take(id, nil, cmp.Or(r.ended, outgoing.ErrNotSent))
		read = read && yield(row)
	}
}

// take counts what became of an ID, and returns its row. Without a message and a reason the gateway does not know it.
func (r *getRun) take(id int64, message *outgoing.Message, why error) output.Result {
	row, status := output.Result{ID: id, Message: message, State: output.Found}, ""
	switch {
	case message != nil:
		status = message.StatusCode
	case why == nil:
		row.State, row.Reason = output.Missing, "the gateway does not know this ID"
	default:
		row.State = output.NotSettled
		if errors.Is(why, outgoing.ErrNotSent) {
			row.State = output.NotSent
		}
		row.Reason = strings.TrimPrefix(r.reason(why), row.State+": ")
		r.progress.Failed.Add(1)
	}
	r.unsettled = r.unsettled || message == nil
	r.add(row.State, id, status, row.Reason)
	r.progress.Done.Add(1)
	return row
}

// statuses yields how many messages have which status: what is found first, the most frequent status first.
func (r *getRun) statuses(yield func(output.Count) bool) {
	for range r.rows { // which counts them
	}
	var counts []output.Count
	for state, g := range r.tally {
		for status, n := range g.statuses {
			counts = append(counts, output.Count{State: state, Status: status, Messages: n})
		}
	}
	slices.SortFunc(counts, func(a, b output.Count) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Status, b.Status))
	})
	slices.Values(counts)(yield)
}

// conclude prints the summary.
func (r *getRun) conclude() {
	for _, state := range []string{output.Missing, output.NotSettled, output.NotSent} {
		if g := r.tally[state]; g.count > 0 {
			text := state + ": " + display.FirstIDs(g.first, g.count)
			if state != output.Missing {
				text += "\n  " + g.reason
			}
			r.say("%s", text)
		}
	}
	if r.ended != nil && r.tally[output.NotSent].count == 0 && !r.interrupted.Load() {
		r.say("outgoing: %s", output.Reason(r.ended))
	}
	r.note("%s (%s)", r.counts(output.Found, output.Missing, output.NotSettled, output.NotSent), r.sent())
	r.hintIfAll(r.tally[output.Missing].count)
}
