package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/govalues/decimal"
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
			for _, step := range []func(){d.lookUp, d.cancel, d.list, d.walk, d.partly, d.doubt} {
				step()
			}
			d.print("That was all. Next: %[1]s --help, or %[1]s serve for a gateway to try your own client on.\n", c.name)
			return d.failed
		},
	}
}

// demoRun is the guided run. Each step is a method.
type demoRun struct {
	ctx     context.Context // of the one run
	out     io.Writer
	style   terminal.Style
	gateway *outgoingtest.Gateway
	client  *outgoing.Client // of this step: one that was told to slow down would slow the others down
	seen    int              // requests that were shown
	failed  error            // the first
	steps   int
}

// demoInterval is the longest wait before a second attempt. In production it should be longer.
const demoInterval = 20 * time.Millisecond

// print writes to d.out and remembers the first error.
func (d *demoRun) print(format string, args ...any) {
	if d.failed == nil {
		_, d.failed = fmt.Fprintf(d.out, format, args...)
	}
}

// fail ends the demo with an error, unless it has one.
func (d *demoRun) fail(err error) { d.failed = cmp.Or(d.failed, err) }

// title begins a step: what it shows, and the call that does it. Requests go out one by one, so that the demo looks the same
// each time.
func (d *demoRun) title(title, call string) {
	d.steps++
	d.client = d.gateway.Client(outgoing.WithRetry(outgoing.Retry{InitialInterval: demoInterval}), outgoing.WithConcurrency(1))
	d.print("%s\n%s\n\n", d.style.Paint(terminal.Bold, fmt.Sprintf("%d. %s", d.steps, title)), d.style.Paint(terminal.Faint, "   "+call))
}

// requests shows what reached the gateway since the last time.
func (d *demoRun) requests() {
	all := d.gateway.Requests()
	for _, r := range all[d.seen:] {
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
		d.print("     %-6s %s  ->  %s\n", r.Method, what, answer)
	}
	d.seen = len(all)
	d.print("\n")
}

// sample is the ID of the nth sample message, from 0 on; every eighth, from 7 on, is scheduled.
func sample(n int) int64 { return outgoingtest.SampleMessages(1)[0].ID + int64(n) }

func (d *demoRun) lookUp() {
	d.title("Look up more messages than one request may name", "client.GetByIDs(ctx, ids)")
	var ids []int64
	for n := range demoSamples {
		ids = append(ids, sample(n))
	}
	ids = append(ids, sample(0), sample(1), sample(2)) // again
	ids = append(ids, 7, 8)                            // unknown
	result, err := d.client.GetByIDs(d.ctx, ids)
	d.fail(err)
	d.messages(result.Messages[:min(3, len(result.Messages))])
	d.print("     ... and %d more\n\n", max(len(result.Messages)-3, 0))
	d.print("   %d IDs, 3 of them twice: %d found, in the order asked; missing: %s. What was sent:\n\n",
		len(ids), len(result.Messages), display.IDs(result.Missing))
	d.requests()
}

func (d *demoRun) cancel() {
	d.title("Cancel what can still be stopped, while the gateway asks for patience", "client.CancelScheduled(ctx, ids)")
	d.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests})
	result, err := d.client.CancelScheduled(d.ctx, []int64{sample(7), sample(15), sample(23), sample(0), 7})
	d.outcomes(result, err)
	d.print("   Each ID has its own outcome. The 429 was tried again:\n\n")
	d.requests()
}

func (d *demoRun) list() {
	d.title("Read a page of the history, from a gateway that fails at first", "client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})")
	d.gateway.Inject(outgoingtest.Fault{Status: http.StatusServiceUnavailable})
	page, err := d.client.List(d.ctx, outgoing.PageRequest{Page: 2, Limit: 3})
	d.fail(err)
	d.messages(page.Messages)
	d.print("\n   Newest first. The response headers said: %s.\n\n", describePage(page))
	d.requests()
}

func (d *demoRun) walk() {
	d.title("Read all of it, while new messages push the pages along", "for message, err := range client.All(ctx) { ... }")
	arrived := 0
	d.gateway.Inject(outgoingtest.Fault{
		Times:  3,
		Match:  func(r *http.Request) bool { return r.FormValue("page") != "1" },
		Before: func(g *outgoingtest.Gateway) { arrived += len(g.Add(make([]outgoing.Message, 7)...)) },
	})
	seen := make(map[int64]bool)
	twice, total := 0, decimal.Zero
	for message, err := range d.client.All(d.ctx) {
		if err != nil {
			d.fail(err)
			return
		}
		if seen[message.ID] {
			twice++
		}
		seen[message.ID] = true
		if total, err = total.Add(message.Price.Decimal); err != nil {
			d.fail(err)
		}
	}
	d.print("   There were %d messages, and %d more arrived meanwhile. Delivered: %d, more than once: %d.\n"+
		"   They cost %s PLN, exactly: prices are decimals.\n\n", demoSamples, arrived, len(seen), twice, total)
	d.requests()
}

func (d *demoRun) partly() {
	d.title("Keep what was found when a part fails", "result, err := client.GetByIDs(ctx, ids)")
	ids := make([]int64, 110)
	for n := range ids {
		ids[n] = sample(n)
	}
	d.gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(sample(60)), Times: 2, Status: http.StatusInternalServerError})
	result, err := d.client.GetByIDs(d.ctx, ids, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2, InitialInterval: demoInterval}))
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	if !ok {
		d.fail(cmp.Or(err, errors.New("the injected failure did not happen")))
		return
	}
	d.print("   %d found; %d IDs not settled, and the error names them, from %d on:\n     %s\n\n",
		len(result.Messages), len(batch.IDs()), batch.IDs()[0], output.WithoutPrefix(err))
	d.requests()
}

func (d *demoRun) doubt() {
	d.title("Never claim what is not known: a cancel whose answer is lost", "client.CancelScheduled(ctx, ids)")
	d.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
	result, err := d.client.CancelScheduled(d.ctx, []int64{sample(31)})
	d.outcomes(result, err)
	d.print("   The second attempt was refused, which may be the first one's doing; so the message was looked up:\n\n")
	d.requests()
}

func (d *demoRun) messages(messages []outgoing.Message) {
	table, err := output.New("table", indented{d}, output.Messages, d.style)
	d.fail(err)
	for _, m := range messages {
		d.fail(table.Write(m))
	}
}

func (d *demoRun) outcomes(result outgoing.CancelResult, err error) {
	reasons := reasonsByID(err)
	if len(reasons) == 0 {
		d.fail(err)
	}
	table, err := output.New("table", indented{d}, output.Outcomes, d.style)
	d.fail(err)
	for _, o := range result.Outcomes {
		d.fail(table.Write(output.Outcome{Outcome: o, Err: reasons[o.ID]}))
	}
	d.print("\n")
}

// indented sets a table apart from the text.
type indented struct{ *demoRun }

func (w indented) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		w.print("     %s", line)
	}
	return len(p), w.failed
}
