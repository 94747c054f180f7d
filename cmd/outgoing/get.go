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

func (a *app) getCommand() *cobra.Command {
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
			return a.withIDs(args, from, &f, anyMessage, (*session).get)
		},
	}
	f.register(cmd)
	from.register(cmd)
	return cmd
}

// lookup is a get under way.
type lookup struct {
	*session
	out     output.Writer[outgoing.Message]
	pending []int64 // given to the library, which has not said yet what became of them
	given   int

	found, missing, failed, notSent int
	requests, attempts              int
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
	unwatch := s.watch()
	defer unwatch()
	end := s.progress("get", "IDs", ids.Len())
	defer end()

	l := &lookup{session: s, out: out}
	var unread error
	for result, err := range stream(l.give(ids.All(&unread))) {
		if err := l.take(result, err); err != nil {
			return err
		}
	}
	end()
	if l.ended != nil && l.given == 0 && !l.interrupted.Load() {
		return l.ended // it could not start
	}
	if err := out.Close(); err != nil {
		return err
	}
	return l.conclude(ids, unread)
}

// give hands IDs to the library, until there is an interrupt.
func (l *lookup) give(ids iter.Seq[int64]) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for id := range ids {
			if l.interrupted.Load() {
				return
			}
			l.pending = append(l.pending, id)
			l.given++
			if !yield(id) {
				return
			}
		}
	}
}

// take reports the result of one request.
func (l *lookup) take(result outgoing.GetResult, err error) error {
	for _, m := range result.Messages {
		if err := l.out.Write(m); err != nil {
			return err
		}
	}
	settled := make(map[int64]bool, outgoing.MaxIDs)
	for _, m := range result.Messages {
		settled[m.ID] = true
	}
	l.name("missing", result.Missing, settled)
	l.found += len(result.Messages)
	l.missing += len(result.Missing)
	l.requests += result.Requests
	l.attempts += result.Attempts

	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		for _, failure := range batch.Failures {
			l.fail(failure, settled)
		}
	} else if err != nil {
		l.ended = err // the last that the stream yields
	}
	for len(l.pending) > 0 && settled[l.pending[0]] {
		l.pending = l.pending[1:]
		l.counter.Done.Add(1)
	}
	return nil
}

func (l *lookup) fail(f outgoing.Failure, settled map[int64]bool) {
	what := "not settled"
	if errors.Is(f.Err, outgoing.ErrNotSent) {
		what = "not sent"
		l.notSent += len(f.IDs)
	} else {
		l.failed += len(f.IDs)
	}
	l.counter.Failed.Add(int64(len(f.IDs)))
	l.name(what, f.IDs, settled)
	l.say("  %s", output.Reason(l.explain(f.Err)))
}

// name puts IDs on standard error, and notes that they are dealt with.
func (l *lookup) name(what string, ids []int64, settled map[int64]bool) {
	if len(ids) == 0 {
		return
	}
	l.say("%s: %s", what, display.IDs(ids))
	for _, id := range ids {
		settled[id] = true
	}
}

// conclude says how it went.
func (l *lookup) conclude(ids *idfile.List, unread error) error {
	if unread != nil {
		return unread
	}
	rest := ids.Len() - l.given + len(l.pending)
	if rest > 0 {
		// Named by the first of them: there may be a million.
		l.say("not sent: the last %d of %d IDs, from %d on", rest, ids.Len(), ids.At(ids.Len()-rest))
	}
	if l.ended != nil && !l.interrupted.Load() {
		l.say("  %s", output.Reason(l.ended))
	}
	l.note("%d found, %d missing, %d not settled, %d not sent (%s, %s)", l.found, l.missing, l.failed, l.notSent+rest,
		display.Plural(l.requests, "request", "requests"), display.Plural(l.attempts, "attempt", "attempts"))
	if l.missing > 0 && l.found+l.failed+l.notSent+rest == 0 {
		l.sayAllUnknown()
	}
	switch {
	case l.interrupted.Load():
		return statusError(exitInterrupted)
	case l.ended != nil, l.missing+l.failed+l.notSent+rest > 0:
		return statusError(exitUnsettled)
	}
	return nil
}
