package main

import (
	"errors"
	"fmt"

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
		w    walk
		all  bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the history, newest message first",
		Long: `List the history, newest message first: one page of it, or, with --all, each message that was there when the
command began exactly once, even if others arrive meanwhile.

--max and --since-id do the same, and stop early: after so many messages, or before the message with this ID (the exit
status is 2 if it was not met: all of the history is listed then).`,
		Example: `  outgoing list
  outgoing list --page 2 --limit 50
  outgoing list --all --format csv > history.csv
  outgoing list --since-id 43456 --format jsonl >> history.jsonl
  outgoing list --all -f jsonl | jq 'select(.status_code == "SCHEDULED")' > s.jsonl
  outgoing list --demo`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			all = all || cmd.Flags().Changed("max") || cmd.Flags().Changed("since-id")
			switch {
			case cmd.Flags().Changed("max") && w.max < 1:
				return usage("--max %d: it must be at least 1", w.max)
			case cmd.Flags().Changed("since-id") && w.sinceID < 1:
				return usage("--since-id %d: message IDs start at 1", w.sinceID)
			case all && (cmd.Flags().Changed("page") || cmd.Flags().Changed("limit")):
				return usage("--all lists every page: it cannot be used with --page or --limit, and nor can --max and --since-id")
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
				return s.listAll(out, w)
			}
			return s.listPage(out, page)
		},
	}
	f.register(cmd)
	cmd.Flags().IntVar(&page.Page, "page", 0, "which page (default 1)")
	cmd.Flags().IntVar(&page.Limit, "limit", 0, fmt.Sprintf("messages on a page, at most %d (default the gateway's, 10)", outgoing.MaxLimit))
	cmd.Flags().BoolVar(&all, "all", false, "the whole history")
	cmd.Flags().IntVar(&w.max, "max", 0, "the newest messages, at most so many")
	cmd.Flags().Int64Var(&w.sinceID, "since-id", 0, "the messages before this one in the history, which are newer")
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

// walk is what list --all stops at; the zero value stops at the end of the history.
type walk struct {
	max     int
	sinceID int64
}

func (s *session) listAll(out output.Writer[outgoing.Message], w walk) error {
	end := s.progress("list", "messages", w.max)
	defer end()
	listed, unreadable := 0, 0
	var failed error
	met := w.sinceID == 0
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
		if met = met || m.ID == w.sinceID; met && w.sinceID != 0 {
			break
		}
		if err := out.Write(m); err != nil {
			return unlisted(err, unreadable)
		}
		listed++
		s.counter.Done.Add(1)
		if listed == w.max || s.interrupted.Load() {
			break
		}
	}
	end()
	if err := out.Close(); err != nil {
		return unlisted(err, unreadable)
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
	passed := !met && failed == nil && (w.max == 0 || listed < w.max)
	if passed {
		s.say("outgoing: the history has no message %d, and is listed to its end", w.sinceID)
	}
	if failed != nil || unreadable > 0 || passed {
		return statusError(exitUnsettled)
	}
	return nil
}

// unlisted returns what a reader that left, or another reason for which results cannot be written, comes to.
func unlisted(err error, unreadable int) error {
	if errors.Is(err, terminal.ErrReaderGone) && unreadable > 0 {
		return statusError(exitUnsettled)
	}
	return err
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
