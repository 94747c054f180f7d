package main

import (
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) getCommand() *cobra.Command {
	var (
		f    flags
		from idFlags
	)
	cmd := &cobra.Command{
		Use:   "get [ID...]",
		Short: "Look messages up by their IDs",
		Long: `Look messages up by their IDs: any number of them, 50 in one request, in the order asked.

` + fileHelp + `

Results appear as they come, and take no more memory for a million IDs than for a thousand. An ID that is repeated far
apart is looked up again.

IDs that the gateway does not know, or that could not be looked up, are named on standard error, and the exit status
is then 2.`,
		Example: `  outgoing get 43456 43457
  outgoing get --file campaign.csv --format csv > statuses.csv
  outgoing get --file campaign.csv --column "message ID"
  cut -d' ' -f3 sent.log | outgoing get --file - --format jsonl | jq -r 'select(.status_code != "DELIVERED") | .id'
  outgoing get --demo`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withIDs(args, from, &f, anyMessage, (*session).get)
		},
	}
	f.register(cmd)
	from.register(cmd)
	return cmd
}

// getRun is one run of get.
type getRun struct {
	*session
	out     output.Writer[outgoing.Message]
	pending []int64 // given to the library, which has not said yet what became of them
	given   int

	found, missing, failed, notSent int
	ended                           error // why the stream ended before its IDs did
}

func (s *session) get(ids *idfile.List) error {
	return s.lookUp(ids, func(ids iter.Seq[int64]) iter.Seq2[outgoing.GetResult, error] {
		return s.client.StreamByIDs(s.ctx, ids)
	})
}

// lookUp prints what a stream yields for the IDs that it takes.
func (s *session) lookUp(ids *idfile.List, stream func(iter.Seq[int64]) iter.Seq2[outgoing.GetResult, error]) error {
	out, err := output.New(s.format, s.screen.Out(), output.Messages, s.screen.Style())
	if err != nil {
		return err
	}
	unhandle := s.handleInterrupts(s.sayUnwritten)
	defer unhandle()
	end := s.progress("get", "IDs", ids.Len())
	defer end()

	r := &getRun{session: s, out: out}
	var unread error
	for result, err := range stream(r.give(ids.All(&unread))) {
		if err := r.take(result, err); err != nil {
			return err
		}
	}
	end()
	if r.ended != nil && r.given == 0 && !r.interrupted.Load() {
		return r.ended // it could not start
	}
	if err := out.Close(); err != nil {
		return err
	}
	return r.conclude(ids, unread)
}

// give hands IDs to the library, until there is an interrupt.
func (r *getRun) give(ids iter.Seq[int64]) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for id := range ids {
			if r.interrupted.Load() {
				return
			}
			r.pending = append(r.pending, id)
			r.given++
			if !yield(id) {
				return
			}
		}
	}
}

// take reports the result of one request.
func (r *getRun) take(result outgoing.GetResult, err error) error {
	for _, m := range result.Messages {
		if err := r.out.Write(m); err != nil {
			return err
		}
	}
	settled := make(map[int64]bool, outgoing.MaxIDs)
	for _, m := range result.Messages {
		settled[m.ID] = true
	}
	r.name("missing", result.Missing, settled)
	r.found += len(result.Messages)
	r.missing += len(result.Missing)

	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		for _, failure := range batch.Failures {
			r.fail(failure, settled)
		}
	} else if err != nil {
		r.ended = err // the last that the stream yields
	}
	for len(r.pending) > 0 && settled[r.pending[0]] {
		r.pending = r.pending[1:]
		r.counter.Done.Add(1)
	}
	return nil
}

func (r *getRun) fail(f outgoing.Failure, settled map[int64]bool) {
	what := "not settled"
	if errors.Is(f.Err, outgoing.ErrNotSent) {
		what = "not sent"
		r.notSent += len(f.IDs)
	} else {
		r.failed += len(f.IDs)
	}
	r.counter.Failed.Add(int64(len(f.IDs)))
	r.name(what, f.IDs, settled)
	r.say("  %s", output.Reason(r.explain(f.Err)))
}

// name puts IDs on standard error, and notes that they are dealt with.
func (r *getRun) name(what string, ids []int64, settled map[int64]bool) {
	if len(ids) == 0 {
		return
	}
	r.say("%s: %s", what, display.IDs(ids))
	for _, id := range ids {
		settled[id] = true
	}
}

// conclude prints the summary and returns the exit status.
func (r *getRun) conclude(ids *idfile.List, unread error) error {
	if unread != nil {
		return unread
	}
	rest := ids.Len() - r.given + len(r.pending)
	if rest > 0 {
		// Named by the first of them: there may be a million.
		r.say("not sent: the last %d of %d IDs, from %d on", rest, ids.Len(), ids.At(ids.Len()-rest))
	}
	if r.ended != nil && !r.interrupted.Load() {
		r.say("  %s", output.Reason(r.ended))
	}
	r.note("%d found, %d missing, %d not settled, %d not sent (%s)", r.found, r.missing, r.failed, r.notSent+rest, r.sent())
	if r.missing > 0 && r.found+r.failed+r.notSent+rest == 0 {
		r.sayAllUnknown()
	}
	switch {
	case r.interrupted.Load():
		return statusError(exitInterrupted)
	case r.ended != nil, r.missing+r.failed+r.notSent+rest > 0:
		return statusError(exitUnsettled)
	}
	return nil
}
