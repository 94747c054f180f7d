package main

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
	yieldAll := func(rows map[int64]output.Result) bool {
		for _, id := range left[:len(rows)] {
			row := rows[id]
			r.add(row.State, id, row.StatusCode, row.Reason)
			r.unsettled = r.unsettled || row.State != output.Found
			r.progress.Done.Add(1)
			read = read && yield(row)
		}
		left = left[len(rows):]
		return read
	}
	for result, err := range r.stream {
		batch, ok := errors.AsType[*outgoing.BatchError](err)
		if !ok {
			batch, r.ended = &outgoing.BatchError{}, err
		}
		if !yieldAll(r.rowsOf(result, batch.Failures...)) {
			return
		}
	}
	for ids := range slices.Chunk(left, outgoing.MaxIDs) {
		yieldAll(r.rowsOf(outgoing.GetResult{}, outgoing.Failure{IDs: ids, Err: r.ended}))
	}
}

// rowsOf returns the rows of the IDs of one request.
func (r *getRun) rowsOf(result outgoing.GetResult, failures ...outgoing.Failure) map[int64]output.Result {
	rows := make(map[int64]output.Result)
	without := func(state, reason string, ids []int64) {
		for _, id := range ids {
			rows[id] = output.Result{Message: outgoing.Message{ID: id}, State: state, Reason: strings.TrimPrefix(reason, state+": ")}
		}
	}
	for _, m := range result.Messages {
		rows[m.ID] = output.Result{Message: m, State: output.Found}
	}
	without(output.Missing, "the gateway does not know this ID", result.Missing)
	for _, f := range failures {
		r.progress.Failed.Add(int64(len(f.IDs)))
		state := output.NotSettled
		if errors.Is(f.Err, outgoing.ErrNotSent) {
			state = output.NotSent
		}
		without(state, r.reason(f.Err), f.IDs)
	}
	return rows
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
		g := r.tally[state]
		switch {
		case g.count == 0:
		case state == output.Missing:
			r.say("%s: %s", state, g.names())
		default:
			r.say("%s: %s\n  %s", state, g.names(), g.reason)
		}
	}
	if r.ended != nil && r.tally[output.NotSent].count == 0 && !r.interrupted.Load() {
		r.say("outgoing: %s", output.Reason(r.ended))
	}
	r.note("%s (%s)", r.counts(output.Found, output.Missing, output.NotSettled, output.NotSent), r.sent())
	r.hintIfAll(r.tally[output.Missing].count)
}
