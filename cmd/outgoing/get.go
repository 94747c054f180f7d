package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) getCommand() *cobra.Command {
	var (
		f       flags
		from    idFlags
		summary bool
	)
	cmd := &cobra.Command{
		Use:               "get [ID...]",
		Short:             "Look messages up by their IDs",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withIDs(args, from, &f, anyMessage, func(s *session, asked asked) error {
				out, err := s.getWriter(summary)
				if err != nil {
					return err
				}
				return s.lookUp(asked.ids, out, func(ids iter.Seq[int64]) iter.Seq2[outgoing.GetResult, error] {
					return s.client.StreamByIDs(s.ctx, ids)
				})
			})
		},
	}
	f.register(cmd)
	from.register(cmd)
	cmd.Flags().BoolVar(&summary, "summary", false, "print how many messages have which status")
	return cmd
}

func (s *session) getWriter(summary bool) (output.Writer[output.Result], error) {
	if !summary {
		return output.New(s.format, s.screen.Out(), output.Results, s.screen.Style())
	}
	out, err := output.New(s.format, s.screen.Out(), output.Counts, s.screen.Style())
	return &summaryWriter{out: out, counts: make(map[output.Count]int)}, err
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
		row := c
		row.Messages = w.counts[c]
		if err := w.out.Write(row); err != nil {
			return err
		}
	}
	return w.out.Close()
}

// getRun is one run of get.
type getRun struct {
	*session
	out    output.Writer[output.Result]
	ids    []int64                 // that have no row yet
	known  map[int64]output.Result // what became of some of them
	given  int                     // to the library
	total  int
	states map[string]*stateOfIDs
	ended  error // why the stream ended before its IDs did
}

// stateOfIDs is what is said at the end about the IDs of one state: the first ten, and why the first is not found.
type stateOfIDs struct {
	count  int
	first  []int64
	reason string
}

// lookUp prints what a stream yields for the IDs that it takes.
func (s *session) lookUp(ids []int64, out output.Writer[output.Result], stream func(iter.Seq[int64]) iter.Seq2[outgoing.GetResult, error]) error {
	unhandle := s.handleInterrupts(s.sayUnwritten)
	defer unhandle()
	end := s.progress("get", "IDs", len(ids))
	defer end()

	r := &getRun{session: s, out: out, ids: ids, total: len(ids), known: make(map[int64]output.Result), states: make(map[string]*stateOfIDs)}
	for _, state := range getStates {
		r.states[state] = &stateOfIDs{}
	}
	for result, err := range stream(r.give(ids)) {
		r.take(result, err)
		if err := r.write(); err != nil {
			return r.unwritten(err)
		}
	}
	end()
	if r.ended != nil && r.given == 0 && !r.interrupted.Load() {
		return r.ended // it could not start
	}
	return r.conclude()
}

var getStates = []string{output.Found, output.Missing, output.NotSettled, output.NotSent}

// give hands IDs to the library, until there is an interrupt.
func (r *getRun) give(ids []int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, id := range ids {
			if r.interrupted.Load() {
				return
			}
			r.given++
			if !yield(id) {
				return
			}
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
		r.counter.Failed.Add(int64(len(f.IDs)))
		r.without(state, output.Reason(r.explain(f.Err)), f.IDs...)
	}
}

func (r *getRun) without(state, reason string, ids ...int64) {
	for _, id := range ids {
		r.known[id] = output.Result{Message: outgoing.Message{ID: id}, State: state, Reason: reason}
	}
}

// write prints the rows whose turn it is.
func (r *getRun) write() error {
	for len(r.ids) > 0 {
		row, ok := r.known[r.ids[0]]
		if !ok {
			return nil
		}
		s := r.states[row.State]
		if s.count++; s.count <= 10 {
			s.first, s.reason = append(s.first, row.ID), cmp.Or(s.reason, row.Reason)
		}
		if err := r.out.Write(row); err != nil {
			return err
		}
		delete(r.known, row.ID)
		r.ids = r.ids[1:]
		r.counter.Done.Add(1)
	}
	return nil
}

// unwritten returns what a reader that left, or another reason for which results cannot be written, comes to.
func (r *getRun) unwritten(err error) error {
	if errors.Is(err, terminal.ErrReaderGone) && r.unfound() > 0 {
		return statusError(exitUnsettled)
	}
	return err
}

// unfound returns of how many IDs it is known that they have no message.
func (r *getRun) unfound() (n int) {
	for _, state := range getStates[1:] {
		n += r.states[state].count
	}
	for _, row := range r.known { // that has no row yet
		if row.State != output.Found {
			n++
		}
	}
	return n
}

// conclude prints the rest and the summary, and returns the exit status.
func (r *getRun) conclude() error {
	why := interrupt.ErrInterrupted.Error()
	if r.ended != nil && !r.interrupted.Load() {
		why = output.Reason(r.ended)
	}
	for _, id := range r.ids {
		r.without(output.NotSent, why, id)
		if err := r.write(); err != nil {
			return r.unwritten(err)
		}
	}
	if err := r.out.Close(); err != nil {
		return r.unwritten(err)
	}
	for _, state := range getStates[1:] {
		if s := r.states[state]; s.count > 0 {
			names := display.IDs(s.first)
			if more := s.count - len(s.first); more > 0 {
				names += fmt.Sprintf(" and %d more", more)
			}
			if state != output.Missing {
				names += "\n  " + s.reason
			}
			r.say("%s: %s", state, names)
		}
	}
	if r.ended != nil && r.states[output.NotSent].count == 0 && !r.interrupted.Load() {
		r.say("outgoing: %s", why)
	}
	found, missing := r.states[output.Found].count, r.states[output.Missing].count
	r.note("%d found, %d missing, %d not settled, %d not sent (%s)", found, missing, r.states[output.NotSettled].count, r.states[output.NotSent].count, r.sent())
	if missing == r.total {
		r.sayAllUnknown()
	}
	switch {
	case r.interrupted.Load():
		return statusError(exitInterrupted)
	case r.ended != nil, r.unfound() > 0:
		return statusError(exitUnsettled)
	}
	return nil
}
