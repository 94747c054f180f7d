package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// withIDs does the work of get and cancel on what the command line asks for. Without IDs the demo takes the samples
// that the work is for.
func (c *cli) withIDs(args []string, from idFlags, f *flags, samples samples, work func(*session, *idfile.List) error) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.demo && len(args) == 0 && from == (idFlags{}) {
		args = c.demoIDs(samples)
	}
	ids := new(idfile.List)
	defer ids.Close()
	if err := c.collectIDs(ids, args, from); err != nil {
		return err
	}
	s, err := c.connect(f)
	if err != nil {
		return err
	}
	return work(s, ids)
}

// collectIDs reads all IDs that the command line asks for, and checks them, before anything is sent.
func (c *cli) collectIDs(list *idfile.List, args []string, from idFlags) error {
	var column idfile.Column
	if from.column != "" {
		var err error
		if column, err = idfile.ParseColumn(from.column); err != nil {
			return usage("--column %s: %v", from.column, err)
		}
	}
	switch {
	case len(args) > 0 && from.file != "":
		return usage("IDs come from the arguments or from --file, not from both")
	case from.file == "" && from.column != "":
		return usage("--column is for the IDs of a --file")
	case len(args) > 0:
		return argumentIDs(args, list.Add)
	case from.file == "":
		return usage("no message IDs: give them as arguments, or --file F with one a line (- is standard input)")
	case from.file == "-":
		if terminal.Is(c.stdin) {
			c.say("Reading IDs from the terminal, one a line; Ctrl-D ends them.")
		}
		return c.readIDs("standard input", c.stdin, column, list)
	}
	f, err := os.Open(from.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return c.readIDs(from.file, f, column, list)
}

func (c *cli) readIDs(name string, r io.Reader, column idfile.Column, list *idfile.List) error {
	from := idfile.File{Column: column, Add: list.Add, Note: func(text string) { c.say("%s: %s", name, text) }}
	if err := from.Read(r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if list.Len() == 0 {
		return usage("%s: there are no message IDs in it", name)
	}
	return nil
}

// samples are messages of the demo gateway.
type samples struct {
	what string
	are  func(outgoing.Message) bool
}

var (
	anyMessage  = samples{"sample messages", func(outgoing.Message) bool { return true }}
	isScheduled = samples{"scheduled sample messages", func(m outgoing.Message) bool { return m.StatusCode == "SCHEDULED" }}
)

// demoIDs are a few that exist, for a first try.
func (c *cli) demoIDs(wanted samples) []string {
	var ids []string
	all := outgoingtest.SampleMessages(demoSamples)
	for _, m := range all {
		if len(ids) < 10 && wanted.are(m) {
			ids = append(ids, strconv.FormatInt(m.ID, 10))
		}
	}
	c.say("No IDs given, so here are ten of the %s; all samples have the IDs %d to %d.", wanted.what, all[0].ID, all[demoSamples-1].ID)
	return ids
}

// argumentIDs takes "43456 43457", "43456,43457", as the API's own paths have it, and "43456, 43457". A gap in it may be an
// unset variable of a script.
func argumentIDs(args []string, add func(int64) error) error {
	for i, arg := range args {
		parts := strings.Split(arg, ",")
		if last := len(parts) - 1; last > 0 && strings.TrimSpace(parts[last]) == "" {
			if i == len(args)-1 && strings.TrimSpace(parts[last-1]) != "" {
				return usage("%s: a message ID is missing after the last comma", display.Quoted(arg))
			}
			parts = parts[:last]
		}
		for _, part := range parts {
			part = strings.TrimSpace(part)
			if part == "" && len(parts) == 1 && part == arg {
				return usage("an argument is empty where a message ID is expected; is a variable unset?")
			}
			if part == "" {
				return usage("%s: a message ID is missing beside a comma", display.Quoted(arg))
			}
			id, err := idfile.ParseID(part)
			if err != nil {
				return &usageError{err.Error()}
			}
			if err := add(id); err != nil {
				return err
			}
		}
	}
	return nil
}
