package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) listCommand() *cobra.Command {
	r := &listRun{session: &session{cli: c}}
	cmd := r.gatewayCommand("list", listFlags, r.list)
	cmd.Args = func(_ *cobra.Command, args []string) error {
		return errorIf(len(args) > 0, "list takes no IDs; get does")
	}
	r.progress.Things = "messages"
	set := cmd.Flags()
	set.IntVar(&r.page.Page, "page", 0, "which page (default 1)")
	set.IntVar(&r.page.Limit, "limit", 0, fmt.Sprintf("messages on a page, at most %d (default the gateway's, 10)", outgoing.MaxLimit))
	set.BoolVar(&r.all, "all", false, "the whole history")
	set.IntVar(&r.max, "max", 0, "the newest messages, at most so many")
	set.Int64Var(&r.sinceID, "since-id", 0, "the messages before this one in the history, which are newer")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		given := set.Changed
		r.all = r.all || given("max") || given("since-id")
		return cmp.Or(
			errorIf(given("max") && r.max < 1, "--max %d: it must be at least 1", r.max),
			errorIf(given("since-id") && r.sinceID < 1, "--since-id %d: message IDs start at 1", r.sinceID),
			errorIf(r.all && (given("page") || given("limit")),
				"--all lists every page: it cannot be used with --page or --limit, and nor can --max and --since-id"),
			errorIf(given("page") && r.page.Page < 1, "--page %d: pages start at 1", r.page.Page),
			errorIf(given("limit") && (r.page.Limit < 1 || r.page.Limit > outgoing.MaxLimit),
				"--limit %d: a page has 1 to %d messages", r.page.Limit, outgoing.MaxLimit),
		)
	}
	return cmd
}

// listRun is one run of list.
type listRun struct {
	*session
	page    outgoing.PageRequest
	all     bool
	max     int   // 0 for all
	sinceID int64 // 0 for none

	got outgoing.Page // unless all are listed
}

func (r *listRun) list() error {
	r.progress.Total = r.max
	if err := printAll(r.session, output.Messages, r.messages); err != nil {
		return err
	}
	count := display.Plural(r.progress.Done.Load(), "message", "messages")
	switch p := r.got; {
	case r.interrupted.Load():
		count += " listed before the interrupt"
	case r.ended != nil:
		r.say("outgoing: %s", r.reason(r.ended))
	case p.TotalResults != nil && p.CurrentPage != nil && p.TotalPages != nil:
		count += fmt.Sprintf(" of %d, page %d of %d", *p.TotalResults, *p.CurrentPage, *p.TotalPages)
		if p.Links.Next != "" {
			count += fmt.Sprintf("; the next is --page %d", *p.CurrentPage+1)
		}
	}
	r.note("%s", count)
	return nil
}

// messages yields messages until it is to stop, or the history breaks off.
func (r *listRun) messages(yield func(outgoing.Message) bool) {
	all := r.client.All(r.ctx)
	if !r.all {
		all = r.onePage
	}
	for m, err := range all {
		batch, unreadable := errors.AsType[*outgoing.BatchError](err)
		switch {
		case unreadable:
			r.progress.Failed.Add(1)
			for _, f := range batch.Failures {
				r.say("not readable: %s\n  %s", cmp.Or(display.IDs(f.IDs), "of an unknown ID"), output.Reason(f.Err))
			}
			continue
		case err != nil && r.progress.Done.Load()+r.progress.Failed.Load() == 0 && !r.interrupted.Load():
			r.say("outgoing: %s", r.reason(err))
			r.unanswered = true
			return
		case err != nil:
			r.ended = fmt.Errorf("the history breaks off here: %w", err)
			return
		case r.sinceID != 0 && m.ID == r.sinceID, !yield(m):
			return
		}
		if n := r.progress.Done.Add(1); n == int64(r.max) || r.interrupted.Load() {
			return
		}
	}
	if r.sinceID != 0 {
		r.ended = fmt.Errorf("the history has no message %d, and is listed to its end", r.sinceID)
	}
}

// onePage yields the messages of one page.
func (r *listRun) onePage(yield func(outgoing.Message, error) bool) {
	var err error
	r.got, err = r.client.List(r.ctx, r.page)
	for _, m := range r.got.Messages {
		if !yield(m, nil) {
			return
		}
	}
	if err != nil {
		yield(outgoing.Message{}, err)
	}
}
