package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func (c *cli) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "A guided run of all operations, without an account or a network",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demoRun{ctx: cmd.Context(), out: c.screen.Out(), style: c.screen.Style(), gateway: demoGateway()}
			// Requests go out one by one, so that the demo looks the same each time.
			d.client = d.gateway.Client(outgoing.WithRetry(outgoing.Retry{InitialInterval: demoInterval}), outgoing.WithConcurrency(1))
			d.lookUp()
			d.cancel()
			d.list()
			d.doubt()
			d.print("That was all. Next: %[1]s --help, or %[1]s serve for a gateway to try your own client on.\n", c.name)
			return d.failed
		},
	}
}

// demoInterval is the longest wait before a second attempt. In production it should be longer.
const demoInterval = 20 * time.Millisecond

// demoRun is the guided run. Each step is a method.
type demoRun struct {
	ctx     context.Context // of the one run
	out     io.Writer
	style   terminal.Style
	gateway *outgoingtest.Gateway
	client  *outgoing.Client
	seen    int   // requests that were shown
	failed  error // the first
}

// print writes to d.out and remembers the first error.
func (d *demoRun) print(format string, args ...any) {
	if d.failed == nil {
		_, d.failed = fmt.Fprintf(d.out, format, args...)
	}
}

// fail ends the demo with an error, unless it has one.
func (d *demoRun) fail(err error) { d.failed = cmp.Or(d.failed, err) }

// title begins a step: what it shows, and the call that does it.
func (d *demoRun) title(title, call string) {
	d.print("%s\n%s\n\n", d.style.Paint(terminal.Bold, title), d.style.Paint(terminal.Faint, "   "+call))
}

// requests shows what reached the gateway since the last time.
func (d *demoRun) requests() {
	all := d.gateway.Requests()
	for _, r := range all[d.seen:] {
		what := r.Path + "?" + r.RawQuery
		if n := len(r.IDs); n > 0 {
			what = fmt.Sprintf("/rest/messages/%d,... (%s)", r.IDs[0], display.Plural(n, "ID", "IDs"))
		}
		answer := strconv.Itoa(r.Status)
		if r.Status == 0 {
			answer = "no answer"
		}
		d.print("     %-6s %s  ->  %s\n", r.Method, what, answer)
	}
	d.seen = len(all)
	d.print("\n")
}

// sample is the ID of the nth sample message, from 0 on; every eighth, from 7 on, is scheduled.
func sample(n int) int64 { return outgoingtest.SampleMessages(1)[0].ID + int64(n) }

func (d *demoRun) lookUp() {
	d.title("1. Look up more messages than one request may name", "client.GetByIDs(ctx, ids)")
	ids := []int64{7, 8} // unknown
	for n := range demoSamples {
		ids = append(ids, sample(n))
	}
	ids = append(ids, sample(0), sample(1), sample(2)) // again
	result, err := d.client.GetByIDs(d.ctx, ids)
	d.fail(err)
	show(d, output.Messages, result.Messages[:min(3, len(result.Messages))])
	d.print("     ... and %d more\n\n", max(len(result.Messages)-3, 0))
	d.print("   %d IDs, 3 of them twice: %d found, in the order asked; missing: %s. What was sent:\n\n",
		len(ids), len(result.Messages), display.IDs(result.Missing))
	d.requests()
}

func (d *demoRun) cancel() {
	d.title("2. Cancel what can still be stopped, while the gateway asks for patience", "client.CancelScheduled(ctx, ids)")
	d.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests})
	result, err := d.client.CancelScheduled(d.ctx, []int64{sample(7), sample(15), sample(23), sample(0), 7})
	d.outcomes(result, err)
	d.print("   Each ID has its own outcome. The 429 was tried again:\n\n")
	d.requests()
}

func (d *demoRun) list() {
	d.title("3. Read a page of the history, from a gateway that fails at first", "client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})")
	d.gateway.Inject(outgoingtest.Fault{Status: http.StatusServiceUnavailable})
	page, err := d.client.List(d.ctx, outgoing.PageRequest{Page: 2, Limit: 3})
	d.fail(err)
	show(d, output.Messages, page.Messages)
	d.print("\n   Newest first. The response headers said: %s.\n\n", describePage(page))
	d.requests()
}

func (d *demoRun) doubt() {
	d.title("4. Never claim what is not known: a cancel whose answer is lost", "client.CancelScheduled(ctx, ids)")
	d.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
	result, err := d.client.CancelScheduled(d.ctx, []int64{sample(31)})
	d.outcomes(result, err)
	d.print("   The second attempt was refused, which may be the first one's doing; so the message was looked up:\n\n")
	d.requests()
}

func (d *demoRun) outcomes(result outgoing.CancelResult, err error) {
	reasons := reasonsByID(err)
	if len(reasons) == 0 {
		d.fail(err)
	}
	var rows []output.Outcome
	for _, o := range result.Outcomes {
		rows = append(rows, output.Outcome{Outcome: o, Err: reasons[o.ID]})
	}
	show(d, output.Outcomes, rows)
	d.print("\n")
}

// show prints a table, set apart from the text.
func show[T any](d *demoRun, layout output.Layout[T], rows []T) {
	const indent = "     "
	style := d.style
	style.Width = max(style.Width-len(indent), 0)
	var text strings.Builder
	table, err := output.New("table", &text, layout, style)
	d.fail(err)
	for _, row := range rows {
		d.fail(table.Write(row))
	}
	for line := range strings.Lines(text.String()) {
		d.print("%s%s", indent, line)
	}
}
