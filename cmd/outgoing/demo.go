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
	return c.command("demo", func(cmd *cobra.Command, _ []string) error {
		d := &demoRun{out: cmd.OutOrStdout(), style: c.screen.Style(), gateway: demoGateway()}
		d.guide(cmd.Context())
		d.print("That was all. Next: %[1]s --help, or %[1]s serve for a gateway to try your own client on.\n", c.name)
		return nil
	})
}

// demoRun is the guided run.
type demoRun struct {
	out     io.Writer // which never fails
	style   terminal.Style
	gateway *outgoingtest.Gateway
	seen    int // requests that were shown
}

func (d *demoRun) guide(ctx context.Context) {
	// Requests go out one by one, so that the demo looks the same each time. In production the waits should be longer.
	retry := outgoing.Retry{InitialInterval: 20 * time.Millisecond}
	client := d.gateway.Client(outgoing.WithRetry(retry), outgoing.WithConcurrency(1))

	d.step("1. Look up more messages than one request may name", "client.GetByIDs(ctx, ids)")
	ids := []int64{7, 8} // unknown
	for n := range demoSamples + 3 {
		ids = append(ids, sample(n%demoSamples))
	}
	result, err := client.GetByIDs(ctx, ids)
	show(d, output.Messages, result.Messages[:min(3, len(result.Messages))], err)
	d.print("     ... and %d more\n", len(result.Messages)-3)
	d.requests("%d IDs, 3 of them twice: %d found, in the order asked; missing: %s. What was sent:",
		len(ids), len(result.Messages), display.IDs(result.Missing))

	d.step("2. Cancel what can still be stopped, while the gateway asks for patience", "client.CancelScheduled(ctx, ids)",
		outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests})
	show(d, output.Outcomes, outcomesOf(client.CancelScheduled(ctx, []int64{sample(7), sample(15), sample(23), sample(0), 7})), nil)
	d.requests("Each ID has its own outcome. The 429 was tried again:")

	d.step("3. Read a page of the history, from a gateway that fails at first", "client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})",
		outgoingtest.Fault{Status: http.StatusServiceUnavailable})
	page, err := client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})
	show(d, output.Messages, page.Messages, err)
	d.requests("Newest first. The response headers said: %s.", describePage(page))

	d.step("4. Never claim what is not known: a cancel whose answer is lost", "client.CancelScheduled(ctx, ids)",
		outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
	show(d, output.Outcomes, outcomesOf(client.CancelScheduled(ctx, []int64{sample(31)})), nil)
	d.requests("The second attempt was refused, which may be the first one's doing; so the message was looked up:")
}

const demoSamples = 120 // enough for three requests of 50

// demoGateway returns the gateway of demo and --demo.
func demoGateway() *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("demo"))
	gateway.Add(outgoingtest.SampleMessages(demoSamples)...)
	return gateway
}

// sample is the ID of the nth sample message, from 0 on; every eighth, from 7 on, is scheduled.
func sample(n int) int64 { return outgoingtest.SampleMessages(1)[0].ID + int64(n) }

func (d *demoRun) print(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format, args...) }

// step begins one: what it shows, the call that does it, and what the gateway does to it.
func (d *demoRun) step(title, call string, faults ...outgoingtest.Fault) {
	d.gateway.Inject(faults...)
	d.print("%s\n%s\n\n", d.style.Paint(terminal.Bold, title), d.style.Paint(terminal.Faint, "   "+call))
}

// show prints the result of a call as a table, set apart from the text.
func show[Row any](d *demoRun, layout output.Layout[Row], rows []Row, err error) {
	const indent = "     "
	style := d.style
	style.Width = max(style.Width-len(indent), 0)
	var text strings.Builder
	table := output.New("table", &text, layout, style)
	for _, row := range rows {
		err = cmp.Or(err, table.Write(row))
	}
	if err != nil {
		text.WriteString(err.Error())
	}
	d.print("%s\n", indent+strings.ReplaceAll(strings.TrimSpace(text.String()), "\n", "\n"+indent))
}

// requests ends a step: it says what is to be seen, and shows what has reached the gateway since the last time.
func (d *demoRun) requests(format string, args ...any) {
	d.print("\n   "+format+"\n\n", args...)
	for _, r := range d.gateway.Requests()[d.seen:] {
		what, answer := r.Path+"?"+r.RawQuery, strconv.Itoa(r.Status)
		if n := len(r.IDs); n > 0 {
			what = fmt.Sprintf("/rest/messages/%d,... (%s)", r.IDs[0], display.Plural(n, "ID", "IDs"))
		}
		if r.Status == 0 {
			answer = "no answer"
		}
		d.print("     %-6s %s  ->  %s\n", r.Method, what, answer)
		d.seen++
	}
	d.print("\n")
}
