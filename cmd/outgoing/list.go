package main

import (
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) listCommand() *cobra.Command {
	var (
		f    flags
		page outgoing.PageRequest
		run  listRun
		all  bool
	)
	cmd := &cobra.Command{
		Use:               "list",
		Short:             "List the history, newest message first",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := f.check()
			if err != nil {
				return err
			}
			all = all || cmd.Flags().Changed("max") || cmd.Flags().Changed("since-id")
			switch {
			case cmd.Flags().Changed("max") && run.max < 1:
				return usage("--max %d: it must be at least 1", run.max)
			case cmd.Flags().Changed("since-id") && run.sinceID < 1:
				return usage("--since-id %d: message IDs start at 1", run.sinceID)
			case all && (cmd.Flags().Changed("page") || cmd.Flags().Changed("limit")):
				return usage("--all lists every page: it cannot be used with --page or --limit, and nor can --max and --since-id")
			case cmd.Flags().Changed("page") && page.Page < 1:
				return usage("--page %d: pages start at 1", page.Page)
			case cmd.Flags().Changed("limit") && (page.Limit < 1 || page.Limit > outgoing.MaxLimit):
				return usage("--limit %d: a page has 1 to %d messages", page.Limit, outgoing.MaxLimit)
			}
			if run.session, err = c.connect(&f); err != nil {
				return err
			}
			if run.out, err = output.New(f.format, c.screen.Out(), output.Messages, c.screen.Style()); err != nil {
				return err
			}
			if all {
				return run.list(run.client.All(run.ctx), nil)
			}
			var got outgoing.Page
			return run.list(func(yield func(outgoing.Message, error) bool) {
				var err error
				got, err = run.client.List(run.ctx, page)
				for _, m := range got.Messages {
					if !yield(m, nil) {
						return
					}
				}
				if err != nil {
					yield(outgoing.Message{}, err)
				}
			}, &got)
		},
	}
	f.register(cmd)
	cmd.Flags().IntVar(&page.Page, "page", 0, "which page (default 1)")
	cmd.Flags().IntVar(&page.Limit, "limit", 0, fmt.Sprintf("messages on a page, at most %d (default the gateway's, 10)", outgoing.MaxLimit))
	cmd.Flags().BoolVar(&all, "all", false, "the whole history")
	cmd.Flags().IntVar(&run.max, "max", 0, "the newest messages, at most so many")
	cmd.Flags().Int64Var(&run.sinceID, "since-id", 0, "the messages before this one in the history, which are newer")
	return cmd
}

// listRun is one run of list.
type listRun struct {
	*session
	out     output.Writer[outgoing.Message]
	max     int   // 0 for all
	sinceID int64 // 0 for none

	listed, unreadable int
}

// list prints messages; those of one page, if there is one.
func (r *listRun) list(messages iter.Seq2[outgoing.Message, error], page *outgoing.Page) error {
	unhandle := r.handleInterrupts(r.sayUnwritten)
	defer unhandle()
	end := r.progress("list", "messages", r.max)
	defer end()
	failed, stopped, err := r.print(messages)
	end()
	if err == nil && (failed == nil || r.listed+r.unreadable > 0 || r.interrupted.Load()) {
		err = r.out.Close()
	}
	if errors.Is(err, terminal.ErrReaderGone) && r.unreadable > 0 {
		return statusError(exitUnsettled)
	}
	if err != nil {
		return err
	}
	count := display.Plural(r.listed, "message", "messages")
	missed := r.sinceID != 0 && !stopped && failed == nil
	switch {
	case r.interrupted.Load():
		r.note("%s listed before the interrupt", count)
		return statusError(exitInterrupted)
	case failed != nil && r.listed+r.unreadable == 0: // the gateway was asked, so this is not a command that could not start
		r.say("outgoing: %s", output.Reason(r.explain(failed)))
		return statusError(exitUnsettled)
	case failed != nil:
		r.say("outgoing: the history breaks off here: %s", output.Reason(r.explain(failed)))
	case missed:
		r.say("outgoing: the history has no message %d, and is listed to its end", r.sinceID)
	}
	if page != nil {
		count = describePage(*page)
	}
	r.note("%s", count)
	if failed != nil || missed || r.unreadable > 0 {
		return statusError(exitUnsettled)
	}
	return nil
}

// print writes messages until it is to stop, the history breaks off, or they cannot be written.
func (r *listRun) print(messages iter.Seq2[outgoing.Message, error]) (failed error, stopped bool, err error) {
	for m, failed := range messages {
		if batch, ok := errors.AsType[*outgoing.BatchError](failed); ok {
			r.sayUnreadable(batch)
			continue
		}
		if failed != nil {
			return failed, false, nil
		}
		if r.sinceID != 0 && m.ID == r.sinceID {
			return nil, true, nil
		}
		if err := r.out.Write(m); err != nil {
			return nil, false, err
		}
		r.listed++
		r.counter.Done.Add(1)
		if r.listed == r.max || r.interrupted.Load() {
			return nil, true, nil
		}
	}
	return nil, false, nil
}

// describePage says what the gateway said about the page, and nothing that it did not.
func describePage(p outgoing.Page) string {
	text := display.Plural(len(p.Messages), "message", "messages")
	if p.TotalResults != nil {
		text += fmt.Sprintf(" of %d", *p.TotalResults)
	}
	if p.CurrentPage != nil {
		text += fmt.Sprintf(", page %d", *p.CurrentPage)
		if p.TotalPages != nil {
			text += fmt.Sprintf(" of %d", *p.TotalPages)
		}
		if p.Links.Next != "" {
			text += fmt.Sprintf("; the next is --page %d", *p.CurrentPage+1)
		}
	}
	return text
}

func (r *listRun) sayUnreadable(batch *outgoing.BatchError) {
	r.unreadable++
	r.counter.Failed.Add(1)
	for _, f := range batch.Failures {
		id := "of an unknown ID"
		if len(f.IDs) > 0 {
			id = display.IDs(f.IDs)
		}
		r.say("not readable: %s\n  %s", id, output.Reason(f.Err))
	}
}
