package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) listCommand() *cobra.Command {
	var (
		f    flags
		page outgoing.PageRequest
		all  bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the history, newest message first",
		Long: `List the history, newest message first: one page of it, or, with --all, each message that was there when the
command began exactly once, even if others arrive meanwhile.`,
		Example: `  outgoing list
  outgoing list --page 2 --limit 50
  outgoing list --all --format csv > history.csv
  outgoing list --all --format jsonl | jq -r 'select(.status_code == "SCHEDULED") | .id' | outgoing cancel --file -
  outgoing list --demo`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			switch {
			case all && (cmd.Flags().Changed("page") || cmd.Flags().Changed("limit")):
				return usage("--all lists every page: it cannot be used with --page or --limit")
			case cmd.Flags().Changed("page") && page.Page < 1:
				return usage("--page %d: pages start at 1", page.Page)
			case cmd.Flags().Changed("limit") && (page.Limit < 1 || page.Limit > outgoing.MaxLimit):
				return usage("--limit %d: a page has 1 to %d messages", page.Limit, outgoing.MaxLimit)
			}
			s, err := c.connect(&f)
			if err != nil {
				return err
			}
			out, err := output.New(s.format, s.screen.Out(), output.Messages, s.screen.Style())
			if err != nil {
				return err
			}
			unhandle := s.handleInterrupts(s.sayUnwritten)
			defer unhandle()
			if all {
				return s.listAll(out)
			}
			return s.listPage(out, page)
		},
	}
	f.register(cmd)
	cmd.Flags().IntVar(&page.Page, "page", 0, "which page (default 1)")
	cmd.Flags().IntVar(&page.Limit, "limit", 0, fmt.Sprintf("messages on a page, at most %d (default the gateway's, 10)", outgoing.MaxLimit))
	cmd.Flags().BoolVar(&all, "all", false, "the whole history")
	return cmd
}

func (s *session) listPage(out output.Writer[outgoing.Message], wanted outgoing.PageRequest) error {
	end := s.progress("list", "messages", 0)
	defer end()
	page, err := s.client.List(s.ctx, wanted)
	end()
	batch, partial := errors.AsType[*outgoing.BatchError](err)
	if err != nil && !partial && !s.interrupted.Load() {
		return s.notListed(err)
	}
	for _, m := range page.Messages {
		if err := out.Write(m); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	if s.interrupted.Load() {
		return s.listedBeforeInterrupt(len(page.Messages))
	}
	s.note("%s", describePage(page))
	if partial {
		s.sayUnreadable(batch)
		return statusError(exitUnsettled)
	}
	return nil
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
	}
	if p.Links.Next != "" && p.CurrentPage != nil {
		text += fmt.Sprintf("; the next is --page %d", *p.CurrentPage+1)
	}
	return text
}

func (s *session) listAll(out output.Writer[outgoing.Message]) error {
	end := s.progress("list", "messages", 0)
	defer end()
	listed, unreadable := 0, 0
	var failed error
	for m, err := range s.client.All(s.ctx) {
		if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
			unreadable++
			s.counter.Failed.Add(1)
			s.sayUnreadable(batch)
			continue
		}
		if failed = err; failed != nil {
			break
		}
		if err := out.Write(m); err != nil {
			return err
		}
		listed++
		s.counter.Done.Add(1)
		if s.interrupted.Load() {
			break
		}
	}
	end()
	if err := out.Close(); err != nil {
		return err
	}
	if s.interrupted.Load() {
		return s.listedBeforeInterrupt(listed)
	}
	if failed != nil && listed+unreadable == 0 {
		return s.notListed(failed)
	}
	if failed != nil {
		s.say("outgoing: the history breaks off here: %s", output.Reason(s.explain(failed)))
	}
	s.note("%s", display.Plural(listed, "message", "messages"))
	if failed != nil || unreadable > 0 {
		return statusError(exitUnsettled)
	}
	return nil
}

// notListed says why nothing is listed. The gateway was asked, so this is not a command that could not start.
func (s *session) notListed(err error) error {
	s.say("outgoing: %s", output.Reason(s.explain(err)))
	return statusError(exitUnsettled)
}

func (s *session) listedBeforeInterrupt(messages int) error {
	s.note("%s listed before the interrupt", display.Plural(messages, "message", "messages"))
	return statusError(exitInterrupted)
}

func (s *session) sayUnreadable(batch *outgoing.BatchError) {
	for _, f := range batch.Failures {
		id := "of an unknown ID"
		if len(f.IDs) > 0 {
			id = display.IDs(f.IDs)
		}
		s.say("not readable: %s\n  %s", id, output.Reason(f.Err))
	}
}
