package main

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) getCommand() *cobra.Command {
	var summary bool
	cmd, _ := c.gatewayCommand("get [ID...]", idFlags, func(s *session) error {
		return s.lookUp(summary, s.client.StreamByIDs(s.ctx, slices.Values(s.ids)))
	})
	cmd.Flags().BoolVar(&summary, "summary", false, "print how many messages have which status")
	return cmd
}

// getRun is one run of get.
type getRun struct {
	*session
	tally[string] // of what became of IDs; their rows may be unwritten
	out           output.Writer[output.Result]
	known         map[int64]output.Result // rows that are not written
	left          []int64                 // the IDs whose rows are not written
}

// lookUp prints a row for each ID, or how many have which status, and what its stream says.
func (s *session) lookUp(summary bool, stream iter.Seq2[outgoing.GetResult, error]) error {
	r := &getRun{session: s, tally: make(tally[string]), out: resultsOf(s, output.Results), known: make(map[int64]output.Result), left: s.ids}
	if summary {
		r.out = &summaryWriter{tally: r.tally, out: resultsOf(s, output.Counts)}
	}
	return s.do(func() (settled bool, err error) {
		ended, err := r.print(stream)
		unfound := r.of(output.Missing).count + r.of(output.NotSettled).count + r.of(output.NotSent).count
		if err == nil {
			r.conclude(ended)
		}
		return unfound == 0 && ended == nil, err
	}, s.sayUnwritten)
}

// print prints what a stream yields, and returns why it ended before its IDs did.
func (r *getRun) print(stream iter.Seq2[outgoing.GetResult, error]) (ended, unwritten error) {
	defer r.showProgress("get", "IDs", len(r.ids))()
	for result, err := range stream {
		if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
			r.takeFailures(batch)
		} else {
			ended = err
		}
		for _, m := range result.Messages {
			r.take(output.Result{Message: m, State: output.Found})
		}
		r.takeWithout(output.Missing, "the gateway does not know this ID", result.Missing)
		if err := r.write(); err != nil {
			return ended, err
		}
	}
	if ended != nil && len(r.left) == len(r.ids) && !r.interrupted.Load() {
		return ended, ended // it could not start
	}
	for ids := range slices.Chunk(r.left, outgoing.MaxIDs) {
		r.takeWithout(output.NotSent, output.Reason(cmp.Or(ended, interrupt.ErrInterrupted)), ids)
		if err := r.write(); err != nil {
			return ended, err
		}
	}
	return ended, r.out.Close()
}

func (r *getRun) takeFailures(batch *outgoing.BatchError) {
	for _, f := range batch.Failures {
		state := output.NotSettled
		if errors.Is(f.Err, outgoing.ErrNotSent) {
			state = output.NotSent
		}
		r.progress.Failed.Add(int64(len(f.IDs)))
		r.takeWithout(state, r.reason(f.Err), f.IDs)
	}
}

func (r *getRun) takeWithout(state, reason string, ids []int64) {
	for _, id := range ids {
		r.take(output.Result{Message: outgoing.Message{ID: id}, State: state, Reason: strings.TrimPrefix(reason, state+": ")})
	}
}

func (r *getRun) take(row output.Result) {
	r.add(row.State, row.ID, row.StatusCode, row.Reason)
	r.known[row.ID] = row
}

// write prints the rows whose turn it is.
func (r *getRun) write() error {
	for ; len(r.left) > 0; r.left = r.left[1:] {
		row, ok := r.known[r.left[0]]
		if !ok {
			return nil
		}
		if err := r.out.Write(row); err != nil {
			return err
		}
		delete(r.known, row.ID)
		r.progress.Done.Add(1)
	}
	return nil
}

// conclude prints the summary.
func (r *getRun) conclude(ended error) {
	for _, state := range []string{output.Missing, output.NotSettled, output.NotSent} {
		g := r.of(state)
		switch {
		case g.count == 0:
		case state == output.Missing:
			r.say("%s: %s", state, g.names())
		default:
			r.say("%s: %s\n  %s", state, g.names(), g.reason)
		}
	}
	if ended != nil && r.of(output.NotSent).count == 0 && !r.interrupted.Load() {
		r.say("outgoing: %s", output.Reason(ended))
	}
	r.note("%s (%s)", r.counts(output.Found, output.Missing, output.NotSettled, output.NotSent), r.sent())
	if r.of(output.Missing).count == len(r.ids) {
		r.sayAllUnknown()
	}
}

// summaryWriter writes how many messages have which status in place of the rows: what is found first, the most frequent
// status first.
type summaryWriter struct {
	tally[string]
	out output.Writer[output.Count]
}

func (w *summaryWriter) Write(output.Result) error { return nil }

func (w *summaryWriter) Close() error {
	for _, state := range slices.Sorted(maps.Keys(w.tally)) {
		statuses := w.of(state).statuses
		for _, status := range slices.SortedFunc(maps.Keys(statuses), func(a, b string) int {
			return cmp.Or(cmp.Compare(statuses[b], statuses[a]), cmp.Compare(a, b))
		}) {
			if err := w.out.Write(output.Count{State: state, Status: status, Messages: statuses[status]}); err != nil {
				return err
			}
		}
	}
	return w.out.Close()
}
