package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (a *app) cancelCommand() *cobra.Command {
	var (
		f    flags
		from idFlags
		yes  bool
	)
	cmd := &cobra.Command{
		Use:   "cancel [ID...]",
		Short: "Cancel scheduled messages",
		Long: `Cancel messages that wait for their time: any number of them, 50 in one request, repeated IDs once.

` + fileHelp + `

Then cancel says how many there are and which gateway they go to, and asks; without a terminal to ask on it does
nothing, unless --yes is given.

There is one result for each ID, and its state is one of

  cancelled  the message will not be sent
  rejected   the gateway refused, and says why: usually the message has left already
  unknown    a request left, and no answer says whether it took effect; look it up, or cancel it again, which is safe
  not sent   untouched: no request with this ID left this machine, or the gateway turned the request away as a whole
             (the status is then 401, 403 or 429) and did nothing with the message

The exit status is 2 unless all are cancelled. It is 130 if you stop the work: with Ctrl-C, after the outcomes so far
have been printed, or with any answer but yes to the question, after "Nothing was cancelled."; then nothing was sent.`,
		Example: `  outgoing cancel 43463 43471
  outgoing cancel --file campaign.csv
  outgoing cancel --file - --yes --format jsonl < ids.txt > outcomes.jsonl
  outgoing cancel --demo 43463 43456`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.withIDs(args, from, &f, isScheduled, func(s *session, list *idfile.List) error {
				ids, err := list.Distinct()
				if err != nil {
					return err
				}
				return s.cancel(ids, yes)
			})
		},
	}
	f.register(cmd)
	from.register(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (s *session) cancel(ids []int64, yes bool) error {
	out, err := output.New(s.format, s.screen.Out(), output.Outcomes, s.screen.Style())
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s %s", display.Plural(len(ids), "message", "messages"), s.where)
	switch {
	case len(ids) == 0:
		// Nothing to ask about.
	case yes:
		s.say("Cancelling %s.", what)
	default:
		agreed, err := s.screen.Confirm("About to cancel " + what + ". Cancel them?")
		if errors.Is(err, terminal.ErrNoTerminal) {
			return fmt.Errorf("%w, so nothing was cancelled: --yes goes on without asking", err)
		}
		if err != nil {
			return err
		}
		if !agreed {
			s.say("Nothing was cancelled.")
			return statusError(exitInterrupted) // a person stopped it, as with Ctrl-C at the same question
		}
	}
	unwatch := s.watch()
	defer unwatch()
	end := s.progress("cancel", "IDs", len(ids))
	defer end()

	c := &cancelling{session: s, out: out, counts: make(map[outgoing.State]int)}
	// Groups of as many requests as may be under way at once, so that results appear and an interrupt takes effect soon.
	for group := range slices.Chunk(ids, s.concurrency*outgoing.MaxIDs) {
		c.group(group)
	}
	c.write(out.Close())
	end()
	return c.conclude()
}
