package main

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) getCommand() *cobra.Command {
	var summary bool
	cmd, _ := c.gatewayCommand("get [ID...]", idFlags, func(s *session) error {
		return s.lookUp(summary, func(ids iter.Seq[int64]) iter.Seq2[outgoing.GetResult, error] {
			return s.client.StreamByIDs(s.ctx, ids)
		})
	})
	cmd.Flags().BoolVar(&summary, "summary", false, "print how many messages have which status")
	return cmd
}

// getRun is one run of get.
type getRun struct {
	*session
	out     output.Writer[output.Result]
	left    []int64                 // the IDs that have no row yet
	known   map[int64]output.Result // what became of some of them
	unfound int                     // of how many it is known that they have no message
	states  map[string]stateOfIDs   // of the rows
	ended   error                   // why the stream ended before its IDs did
}

// stateOfIDs is what is said at the end about the IDs of one state: the first ten, and why the first is not found.
type stateOfIDs struct {
	count  int
	first  []int64
	reason string
}

// lookUp prints what a stream yields for the IDs that it takes.
func (s *session) lookUp(summary bool, stream func(iter.Seq[int64]) iter.Seq2[outgoing.GetResult, error]) error {
	r := &getRun{session: s, left: s.ids, known: make(map[int64]output.Result), states: make(map[string]stateOfIDs)}
	if summary {
		r.out = &summaryWriter{out: resultsOf(s, output.Counts), counts: make(map[output.Count]int)}
	} else {
		r.out = resultsOf(s, output.Results)
	}
	return s.do(func() (settled bool, err error) {
		if err = r.print(stream(r.give)); err == nil {
			r.conclude()
		}
		return r.unfound == 0 && r.ended == nil, err
	}, s.sayUnwritten)
}

// print prints a row for each ID.
func (r *getRun) print(results iter.Seq2[outgoing.GetResult, error]) error {
	defer r.showProgress("get", "IDs", len(r.ids))()
	for result, err := range results {
		r.take(result, err)
		if err := r.write(); err != nil {
			return err
		}
	}
	if r.ended != nil && len(r.left) == len(r.ids) && !r.interrupted.Load() {
		return r.ended // it could not start
	}
	why := cmp.Or(r.ended, interrupt.ErrInterrupted)
	if r.interrupted.Load() {
		why = interrupt.ErrInterrupted
	}
	for ids := range slices.Chunk(r.left, outgoing.MaxIDs) {
		r.without(output.NotSent, output.Reason(why), ids...)
		if err := r.write(); err != nil {
			return err
		}
	}
	return r.out.Close()
}

// give hands IDs to the library, until there is an interrupt.
func (r *getRun) give(yield func(int64) bool) {
	for _, id := range r.ids {
		if r.interrupted.Load() || !yield(id) {
			return
		}
	}
}

// take notes the result of one request.
func (r *getRun) take(result outgoing.GetResult, err error) {
	for _, m := range result.Messages {
		r.known[m.ID] = output.Result{Message: m, State: output.Found}
	}
	r.without(output.Missing, "the gateway does not know this ID", result.Missing...)
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	if !ok {
		r.ended = cmp.Or(err, r.ended) // the last that the stream yields
		return
	}
	for _, f := range batch.Failures {
		state := output.NotSettled
		if errors.Is(f.Err, outgoing.ErrNotSent) {
			state = output.NotSent
		}
		r.progress.Failed.Add(int64(len(f.IDs)))
		r.without(state, r.reason(f.Err), f.IDs...)
	}
}

func (r *getRun) without(state, reason string, ids ...int64) {
	r.unfound += len(ids)
	reason = strings.TrimPrefix(reason, state+": ")
	for _, id := range ids {
		r.known[id] = output.Result{Message: outgoing.Message{ID: id}, State: state, Reason: reason}
	}
}

// write prints the rows whose turn it is.
func (r *getRun) write() error {
	for len(r.left) > 0 {
		row, ok := r.known[r.left[0]]
		if !ok {
			return nil
		}
		if err := r.out.Write(row); err != nil {
			return err
		}
		s := r.states[row.State]
		if s.count++; s.count <= display.MaxNamed {
			s.first, s.reason = append(s.first, row.ID), cmp.Or(s.reason, row.Reason)
		}
		r.states[row.State] = s
		delete(r.known, row.ID)
		r.left = r.left[1:]
		r.progress.Done.Add(1)
	}
	return nil
}

// conclude prints the summary.
func (r *getRun) conclude() {
	for _, state := range []string{output.Missing, output.NotSettled, output.NotSent} {
		s := r.states[state]
		names := display.FirstIDs(s.first, s.count)
		switch {
		case s.count == 0:
		case state == output.Missing:
			r.say("%s: %s", state, names)
		default:
			r.say("%s: %s\n  %s", state, names, s.reason)
		}
	}
	missing, notSent := r.states[output.Missing].count, r.states[output.NotSent].count
	if r.ended != nil && notSent == 0 && !r.interrupted.Load() {
		r.say("outgoing: %s", output.Reason(r.ended))
	}
	r.note("%d found, %d missing, %d not settled, %d not sent (%s)",
		r.states[output.Found].count, missing, r.states[output.NotSettled].count, notSent, r.sent())
	if missing == len(r.ids) {
		r.sayAllUnknown()
	}
}

// summaryWriter counts results, and writes the counts at the end: what is found first, the most frequent status first.
type summaryWriter struct {
	out    output.Writer[output.Count]
	counts map[output.Count]int
}

func (w *summaryWriter) Write(r output.Result) error {
	w.counts[output.Count{State: r.State, Status: r.StatusCode}]++
	return nil
}

func (w *summaryWriter) Close() error {
	for _, c := range slices.SortedFunc(maps.Keys(w.counts), func(a, b output.Count) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(w.counts[b], w.counts[a]), cmp.Compare(a.Status, b.Status))
	}) {
		c.Messages = w.counts[c]
		if err := w.out.Write(c); err != nil {
			return err
		}
	}
	return w.out.Close()
}
