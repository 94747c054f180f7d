package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
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
	return c.command("demo", "A guided run of all operations, without an account or a network", func(cmd *cobra.Command, _ []string) error {
		d := &demoRun{out: c.screen.Out(), style: c.screen.Style(), gateway: demoGateway()}
		// Requests go out one by one, so that the demo looks the same each time. In production the waits should be longer.
		d.client = d.gateway.Client(outgoing.WithRetry(outgoing.Retry{InitialInterval: 20 * time.Millisecond}), outgoing.WithConcurrency(1))
		for _, step := range []func(*demoRun, context.Context) error{(*demoRun).lookUp, (*demoRun).cancel, (*demoRun).list, (*demoRun).doubt} {
			err := step(d, cmd.Context())
			d.requests()
			if err = cmp.Or(d.unwritten, err); err != nil {
				return err
			}
		}
		d.print("That was all. Next: %[1]s --help, or %[1]s serve for a gateway to try your own client on.\n", c.name)
		return d.unwritten
	})
}

// demoRun is the guided run. Each step is a method.
type demoRun struct {
	out       io.Writer
	style     terminal.Style
	gateway   *outgoingtest.Gateway
	client    *outgoing.Client
	seen      int   // requests that were shown
	unwritten error // the first error of out
}

// print writes to d.out and remembers the first error.
func (d *demoRun) print(format string, args ...any) {
	if d.unwritten == nil {
		_, d.unwritten = fmt.Fprintf(d.out, format, args...)
	}
}

// title begins a step: what it shows, and the call that does it.
func (d *demoRun) title(title, call string) {
	d.print("%s\n%s\n\n", d.style.Paint(terminal.Bold, title), d.style.Paint(terminal.Faint, "   "+call))
}

// requests shows what reached the gateway since the last time.
func (d *demoRun) requests() {
	all := d.gateway.Requests()
	for _, r := range all[d.seen:] {
		what, answer := r.Path+"?"+r.RawQuery, "no answer"
		if n := len(r.IDs); n > 0 {
			what = fmt.Sprintf("/rest/messages/%d,... (%s)", r.IDs[0], display.Plural(n, "ID", "IDs"))
		}
		if r.Status != 0 {
			answer = fmt.Sprint(r.Status)
		}
		d.print("     %-6s %s  ->  %s\n", r.Method, what, answer)
	}
	d.seen = len(all)
	d.print("\n")
}

// sample is the ID of the nth sample message, from 0 on; every eighth, from 7 on, is scheduled.
func sample(n int) int64 { return outgoingtest.SampleMessages(1)[0].ID + int64(n) }

func (d *demoRun) lookUp(ctx context.Context) error {
	d.title("1. Look up more messages than one request may name", "client.GetByIDs(ctx, ids)")
	ids := []int64{7, 8} // unknown
	for n := range demoSamples {
		ids = append(ids, sample(n))
	}
	ids = append(ids, sample(0), sample(1), sample(2)) // again
	result, err := d.client.GetByIDs(ctx, ids)
	found := len(result.Messages)
	show(d, output.Messages, result.Messages[:min(3, found)])
	d.print("     ... and %d more\n\n", max(found-3, 0))
	d.print("   %d IDs, 3 of them twice: %d found, in the order asked; missing: %s. What was sent:\n\n", len(ids), found, display.IDs(result.Missing))
	return err
}

func (d *demoRun) cancel(ctx context.Context) error {
	d.title("2. Cancel what can still be stopped, while the gateway asks for patience", "client.CancelScheduled(ctx, ids)")
	d.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests})
	err := d.outcomes(d.client.CancelScheduled(ctx, []int64{sample(7), sample(15), sample(23), sample(0), 7}))
	d.print("   Each ID has its own outcome. The 429 was tried again:\n\n")
	return err
}

func (d *demoRun) list(ctx context.Context) error {
	d.title("3. Read a page of the history, from a gateway that fails at first", "client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})")
	d.gateway.Inject(outgoingtest.Fault{Status: http.StatusServiceUnavailable})
	page, err := d.client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})
	show(d, output.Messages, page.Messages)
	d.print("\n   Newest first. The response headers said: %s.\n\n", describePage(page))
	return err
}

func (d *demoRun) doubt(ctx context.Context) error {
	d.title("4. Never claim what is not known: a cancel whose answer is lost", "client.CancelScheduled(ctx, ids)")
	d.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
	err := d.outcomes(d.client.CancelScheduled(ctx, []int64{sample(31)}))
	d.print("   The second attempt was refused, which may be the first one's doing; so the message was looked up:\n\n")
	return err
}

// outcomes shows what became of a cancel, and returns its error unless the outcomes say it.
func (d *demoRun) outcomes(result outgoing.CancelResult, err error) error {
	reasons := reasonsByID(err)
	var rows []output.Outcome
	for _, o := range result.Outcomes {
		rows = append(rows, output.Outcome{Outcome: o, Err: reasons[o.ID]})
	}
	show(d, output.Outcomes, rows)
	d.print("\n")
	if len(reasons) > 0 {
		return nil
	}
	return err
}

// show prints a table, set apart from the text.
func show[T any](d *demoRun, layout output.Layout[T], rows []T) {
	const indent = "     "
	style := d.style
	style.Width = max(style.Width-len(indent), 0)
	var text strings.Builder
	table, err := output.New("table", &text, layout, style)
	for _, row := range rows {
		err = cmp.Or(err, table.Write(row))
	}
	for line := range strings.Lines(text.String()) {
		d.print("%s%s", indent, line)
	}
	d.unwritten = cmp.Or(d.unwritten, err)
}
