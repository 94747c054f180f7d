package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
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

// demoSteps are what the demo shows: a command, and what the gateway does to it. Requests go out one by one, so that the demo
// looks the same each time.
var demoSteps = []struct {
	title, command string
	fault          outgoingtest.Fault
}{
	{
		"1. Look up more messages than one request may name", "get --demo --summary --concurrency 1 7 8 43456 ... 43575",
		outgoingtest.Fault{},
	},
	{
		"2. Cancel what can still be stopped, while the gateway asks for patience",
		"cancel --demo --yes 43463 43471 43479 43456 7 43463",
		outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests},
	},
	{
		"3. Read a page of the history, from a gateway that fails at first", "list --demo --page 2 --limit 3",
		outgoingtest.Fault{Status: http.StatusServiceUnavailable},
	},
	{
		"4. Never claim what is not known: a cancel whose answer is lost, and whose second attempt is refused", "cancel --demo --yes 43487",
		outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true},
	},
}

func (c *cli) demoCommand() *cobra.Command {
	return c.command("demo", func(*cobra.Command, []string) error {
		// On one stream, so that results and messages come in their order through a pipe, too.
		d := &cli{name: c.name, screen: terminal.NewScreen(os.Stdin, os.Stdout, os.Stdout), double: demoGateway()}
		for _, step := range demoSteps {
			if err := d.demonstrate(step.title, step.command, step.fault); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(d.screen.Out(), "That was all. Next: %[1]s --help, or %[1]s serve for a gateway to try your own client on.\n", c.name)
		return err
	})
}

// demonstrate runs a command, and shows what has reached the gateway.
func (c *cli) demonstrate(title, line string, fault outgoingtest.Fault) error {
	style, sent, between := c.screen.Style(), len(c.double.Requests()), ""
	for n := range demoSamples - 2 {
		between += fmt.Sprint(sample(n+1), " ")
	}
	c.double.Inject(fault)
	_, unwritten := fmt.Fprintf(c.screen.Out(), "%s\n%s\n\n", style.Paint(terminal.Bold, title), style.Paint(terminal.Faint, "$ "+c.name+" "+line))
	root := c.rootCommand()
	root.SetArgs(strings.Fields(strings.Replace(line, "...", between, 1)))
	err := cmp.Or(unwritten, root.Execute())
	if status, ended := errors.AsType[statusError](err); err != nil && (!ended || status == exitInterrupted) {
		return err
	}
	c.say("\nWhat was sent:")
	for _, r := range c.double.Requests()[sent:] {
		what, answer := r.Path+"?"+r.RawQuery, strconv.Itoa(r.Status)
		if n := len(r.IDs); n > 0 {
			what = fmt.Sprintf("/rest/messages/%d,... (%s)", r.IDs[0], display.Plural(n, "ID", "IDs"))
		}
		if r.Status == 0 {
			answer = "no answer"
		}
		c.say("     %-6s %s  ->  %s", r.Method, what, answer)
	}
	c.say("")
	return nil
}
