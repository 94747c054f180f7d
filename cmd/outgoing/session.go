package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// session is the work of one command with one gateway.
type session struct {
	*cli
	flags
	client   *outgoing.Client
	url      string
	token    func(context.Context) (string, error)
	drainer  *interrupt.Drainer
	progress terminal.Progress
	line     func(elapsed time.Duration) string // that is drawn meanwhile, on a terminal; nil for none

	ctx         context.Context // of the work: done once an interrupt has been obeyed
	stop        func()          // ends ctx, and cuts off the requests in flight
	begun       atomic.Bool     // the work, or the end of the process before it
	interrupted atomic.Bool
	lastWords   func() // says what more there is to know if the results cannot be written
	unsettled   bool   // not everything that was asked is settled
	ended       error  // why the work ended before its end
	unanswered  bool   // the gateway gave no result at all, and an empty list would say that there is none
}

// gatewayCommand returns a command that asks a gateway. What is wrong is found before anything is sent: by the command's
// PreRunE, if it sets one, in the flags, in the IDs, and in the token.
func (s *session) gatewayCommand(use string, names []string, work func() error) *cobra.Command {
	cmd := s.command(use, func(cmd *cobra.Command, args []string) error {
		if s.double == nil { // demo, which has one already, ends at once
			s.obeyInterrupts()
		}
		err := s.check(cmd.Flags())
		if err == nil && slices.Contains(names, "file") {
			err = s.collectIDs(args)
		}
		if err == nil {
			err = s.connect()
		}
		if err != nil {
			return err
		}
		s.progress.Total, s.progress.Sent = len(s.ids), s.drainer.Sent
		return s.do(work)
	})
	s.progress.Doing, s.progress.Things, s.line, s.lastWords = cmd.Name(), "IDs", s.progress.Line, func() {}
	s.register(cmd, names...)
	return cmd
}

// connect prepares a client of the gateway that the flags name. It sends nothing.
func (s *session) connect() (err error) {
	if s.url, err = s.gatewayURL(); err != nil {
		return err
	}
	s.checked = true
	gateway, retry := newTransport(s.concurrency), outgoing.Retry{MaxAttempts: s.attempts}
	if s.demo {
		s.double, retry.InitialInterval = cmp.Or(s.double, demoGateway()), 20*time.Millisecond // no one else waits for it
		s.token, gateway = func(context.Context) (string, error) { return "demo", nil }, s.double.Transport()
	} else if s.token, err = tokenSource(s.tokenFile); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.ctx, s.stop = ctx, func() { cancel(interrupt.ErrInterrupted) }
	s.drainer = &interrupt.Drainer{Transport: gateway, Idle: s.stop}
	s.client, err = outgoing.New("",
		outgoing.WithTokenSource(s.token),
		outgoing.WithHTTPClient(&http.Client{Transport: s.drainer}),
		outgoing.WithBaseURL(s.url),
		outgoing.WithConcurrency(s.concurrency),
		outgoing.WithRetry(retry),
		outgoing.WithLogger(s.logger(slog.LevelError+1)), // which the library never uses
	)
	return err
}

// logger returns a logger of what has at least this level or, if --verbose is given, of everything.
func (s *session) logger(level slog.Level) *slog.Logger {
	if s.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(s.screen.Err(), &slog.HandlerOptions{Level: level}))
}

// printAll writes rows in the format of the flags as they come, until they cannot be written, and shows how far the work is.
func printAll[Row any](s *session, layout output.Layout[Row], rows iter.Seq[Row]) error {
	out := output.New(s.format, s.screen.Out(), layout, s.screen.Style())
	if s.line != nil && !s.quiet {
		defer s.screen.Live(s.line)()
	}
	for row := range rows {
		if err := out.Write(row); err != nil {
			return err
		}
	}
	if s.unanswered {
		return statusError(exitUnsettled)
	}
	return out.Close()
}

// obeyInterrupts obeys interrupts from now on. One before the work ends the process. After that the first stops new requests,
// and the second cuts off those in flight: what was done is printed after either. A third ends the process: no one may be
// reading the results.
func (s *session) obeyInterrupts() {
	interrupt.Watch(func() {
		if !s.begun.Swap(true) {
			s.say("outgoing: interrupted; nothing was sent")
			os.Exit(exitInterrupted)
		}
		s.interrupted.Store(true)
		text := "outgoing: interrupted"
		if n := s.drainer.InFlight(); n > 0 {
			text += fmt.Sprintf("; finishing %s in flight (interrupt again to cut off)", display.Plural(n, "request", "requests"))
		}
		s.say("%s", text)
		s.drainer.Drain()
	}, func() {
		s.say("outgoing: interrupted again; what is known is printed now")
		s.stop()
	}, func() {
		s.screen.Clear()
		s.say("outgoing: left before all results were written")
		s.lastWords()
		os.Exit(exitInterrupted)
	})
}

// do does the work of a command, and returns its exit status. The work returns why its results could not be written.
func (s *session) do(work func() error) error {
	if s.begun.Swap(true) {
		select {} // an interrupt is ending the process
	}
	err := work()
	s.unsettled = s.unsettled || s.ended != nil || s.progress.Failed.Load() > 0
	switch {
	case errors.Is(err, terminal.ErrReaderGone) && s.unsettled:
		return statusError(exitUnsettled)
	case err != nil:
		return err
	case s.interrupted.Load():
		return statusError(exitInterrupted)
	case s.unsettled:
		return statusError(exitUnsettled)
	}
	return nil
}

// note writes a line about the work as a whole, unless --quiet is given.
func (s *session) note(format string, args ...any) {
	if !s.quiet {
		s.say(format, args...)
	}
}

// sent says what it took: "2 requests, 3 attempts".
func (s *session) sent() string {
	requests, attempts := s.drainer.Sent()
	return display.Plural(requests, "request", "requests") + ", " + display.Plural(attempts, "attempt", "attempts")
}

// reason returns why something did not happen, for people; of a refused token, where it came from too.
func (s *session) reason(err error) string {
	if errors.Is(err, outgoing.ErrUnauthorized) {
		err = fmt.Errorf("%w; check %s", err, cmp.Or(s.tokenFile, tokenVariable))
	}
	return output.Reason(err)
}

// reasonsOf returns why IDs are not settled, by ID.
func reasonsOf(err error) map[int64]error {
	reasons := make(map[int64]error)
	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		for _, f := range batch.Failures {
			for _, id := range f.IDs {
				reasons[id] = f.Err
			}
		}
	}
	return reasons
}

// refused reports whether an error is the gateway's answer that it does not accept the token, or has one.
func refused(err error) bool {
	return errors.Is(err, outgoing.ErrUnauthorized) || errors.Is(err, outgoing.ErrForbidden)
}

// hintIfAll is for so many IDs that the gateway does not know. If it knows none, the base URL may be wrong.
func (s *session) hintIfAll(unknown int) {
	if unknown == len(s.ids) && knownGateways[s.url] == "" {
		s.say("outgoing: the gateway knows none of these IDs; a wrong base URL looks the same")
	}
}

// tally is what is said at the end about the IDs of each state.
type tally[State comparable] map[State]group

// group is the IDs of one state.
type group struct {
	count    int
	first    []int64        // ten of them
	reason   string         // why they are in this state, of the first
	statuses map[string]int // how many messages have which status
}

func (t tally[State]) add(state State, id int64, status, reason string) {
	g := t[state]
	if g.statuses == nil {
		g.statuses = make(map[string]int)
	}
	if g.count++; g.count <= display.MaxNamed {
		g.first = append(g.first, id)
	}
	g.reason = cmp.Or(g.reason, reason)
	g.statuses[status]++
	t[state] = g
}

// counts returns how many IDs are in which of the states: "2 found, 0 missing".
func (t tally[State]) counts(states ...State) string {
	var parts []string
	for _, state := range states {
		parts = append(parts, fmt.Sprintf("%d %v", t[state].count, state))
	}
	return strings.Join(parts, ", ")
}

// shownStatus returns the status of a message for people.
func shownStatus(m outgoing.Message) string {
	return cmp.Or(display.Printable(m.StatusCode), "without a status")
}

// countedByStatus returns how many messages have which status: "2 DELIVERED, 1 QUEUED".
func countedByStatus(counts map[string]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}
