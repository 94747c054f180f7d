package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

const demoSamples = 120 // enough for three requests of 50

// demoGateway returns the gateway of demo and --demo.
func demoGateway() *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("demo"))
	gateway.Add(outgoingtest.SampleMessages(demoSamples)...)
	return gateway
}

// sample is the ID of the nth sample message, from 0 on; every eighth, from 7 on, is scheduled.
func sample(n int) int64 { return outgoingtest.SampleMessages(1)[0].ID + int64(n) }

func (c *cli) demoCommand() *cobra.Command {
	return c.command("demo", func(*cobra.Command, []string) error {
		interrupt.Watch(func() { os.Exit(exitInterrupted) })
		// On one stream, so that results and messages come in their order through a pipe, too.
		screen := terminal.NewScreen(os.Stdin, os.Stdout, os.Stdout)
		d := &demoRun{cli: &cli{name: c.name, screen: screen, double: demoGateway()}}
		// Requests go out one by one, so that the demo looks the same each time.
		d.step("1. Look up more messages than one request may name",
			"get --demo --summary --concurrency 1 7 8 $(seq 43456 43575)", outgoingtest.Fault{})
		d.step("2. Cancel what can still be stopped, while the gateway asks for patience",
			"cancel --demo --yes 43463 43471 43479 43456 7 43463",
			outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests})
		d.step("3. Read a page of the history, from a gateway that fails at first",
			"list --demo --page 2 --limit 3", outgoingtest.Fault{Status: http.StatusServiceUnavailable})
		d.step("4. Never claim what is not known: a cancel whose answer is lost",
			"cancel --demo --yes 43487", outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
		d.print("That was all. Next: %[1]s --help, or %[1]s serve for a gateway to try your own client on.\n", c.name)
		return d.err
	})
}

// demoRun is the guided run: each step runs a command.
type demoRun struct {
	*cli
	err error // after which nothing more is done
}

func (d *demoRun) print(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.screen.Out(), format, args...)
	}
}

// step runs a command, and shows what has reached the gateway, which meets a fault.
func (d *demoRun) step(title, line string, fault outgoingtest.Fault) {
	style, sent, all := d.screen.Style(), len(d.double.Requests()), []int64(nil)
	for n := range demoSamples {
		all = append(all, sample(n))
	}
	d.print("%s\n%s\n\n", style.Paint(terminal.Bold, title), style.Paint(terminal.Faint, "$ "+d.name+" "+line))
	if d.err == nil {
		d.double.Inject(fault)
		root := d.rootCommand()
		root.SetArgs(strings.Fields(strings.Replace(line, "$(seq 43456 43575)", strings.Trim(fmt.Sprint(all), "[]"), 1)))
		if d.err = root.Execute(); errors.Is(d.err, statusError(exitUnsettled)) {
			d.err = nil
		}
	}
	d.print("\nWhat was sent:\n")
	for _, r := range d.double.Requests()[sent:] {
		what, answer := r.Path+"?"+r.RawQuery, strconv.Itoa(r.Status)
		if n := len(r.IDs); n > 0 {
			more := strings.Repeat(",...", min(n-1, 1))
			what = fmt.Sprintf("/rest/messages/%d%s (%s)", r.IDs[0], more, display.Plural(n, "ID", "IDs"))
		}
		if r.Status == 0 {
			answer = "no answer"
		}
		d.print("     %-6s %s  ->  %s\n", r.Method, what, answer)
	}
	d.print("\n")
}
