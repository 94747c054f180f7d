package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "A guided run of all operations, without an account or a network",
		Long: `A guided run of all operations against a gateway in the memory of this process: no account, no token, no network.
It shows what the library makes of large requests, repeated and unknown IDs, failing requests and a history that
moves.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := a.newTour(cmd.Context())
			for _, step := range []func(){d.lookUp, d.cancel, d.list, d.walk, d.partly, d.doubt} {
				step()
			}
			d.print("That was all. Next: outgoing --help, or outgoing serve for a gateway to try your own client on.\n")
			return d.failed
		},
	}
}

// tour is the guided run. Each step is a method, in demosteps.go.
type tour struct {
	ctx     context.Context // of the one run
	out     io.Writer
	style   terminal.Style
	gateway *outgoingtest.Gateway
	client  *outgoing.Client // of this step: one that was told to slow down would slow the others down
	seen    int              // requests that were shown
	failed  error
	steps   int
}

// demoInterval is the longest wait before a second attempt. In production it had better be longer.
const demoInterval = 20 * time.Millisecond

func (a *app) newTour(ctx context.Context) *tour {
	return &tour{ctx: ctx, out: a.screen.Out(), style: a.screen.Style(), gateway: demoGateway()}
}

// print writes what a writer that fails only once gets to see.
func (t *tour) print(format string, args ...any) {
	if t.failed == nil {
		_, t.failed = fmt.Fprintf(t.out, format, args...)
	}
}

// title begins a step: what it shows, and the call that does it.
func (t *tour) title(title, call string) {
	t.steps++
	t.client = t.gateway.Client(outgoing.WithRetry(outgoing.Retry{InitialInterval: demoInterval}))
	t.print("%s\n%s\n\n", t.style.Paint(terminal.Bold, fmt.Sprintf("%d. %s", t.steps, title)), t.style.Paint(terminal.Faint, "   "+call))
}

// fail puts an error that nobody planned for in the place of the demo's end.
func (t *tour) fail(err error) {
	if t.failed == nil {
		t.failed = err
	}
}

// requests shows what reached the gateway since the last time. Those of one call are under way together and arrive in
// any order, so they are sorted: the demo looks the same each time.
func (t *tour) requests() {
	all := t.gateway.Requests()
	lines := make([]string, 0, len(all)-t.seen)
	for _, r := range all[t.seen:] {
		what := r.Path + "?" + r.RawQuery
		if n := len(r.IDs); n > 0 {
			what = fmt.Sprintf("/rest/messages/%d", r.IDs[0])
			if n > 1 {
				what += fmt.Sprintf(",... (%d IDs)", n)
			}
		}
		answer := strconv.Itoa(r.Status)
		if r.Status == 0 {
			answer = "no answer"
		}
		lines = append(lines, fmt.Sprintf("     %-6s %s  ->  %s\n", r.Method, what, answer))
	}
	t.seen = len(all)
	slices.SortStableFunc(lines, func(a, b string) int { return compareUpTo(a, b, "  ->") })
	for _, line := range lines {
		t.print("%s", line)
	}
	t.print("\n")
}
