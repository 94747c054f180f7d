package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// asked are the distinct IDs that the command line asks for, in its order.
type asked struct {
	ids  []int64
	from string // which column of which file, if it has several
}

// withIDs does the work of get, cancel and watch on what the command line asks for. Without IDs the demo takes the samples
// that the work is for.
func (c *cli) withIDs(args []string, from idFlags, f *flags, samples samples, work func(*session, asked) error) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.demo && len(args) == 0 && from == (idFlags{}) {
		args = c.demoIDs(samples)
	}
	asked, err := c.collectIDs(args, from)
	if err != nil {
		return err
	}
	asked.ids = distinct(asked.ids)
	s, err := c.connect(f)
	if err != nil {
		return err
	}
	return work(s, asked)
}

// collectIDs reads all IDs that the command line asks for, and checks them, before anything is sent.
func (c *cli) collectIDs(args []string, from idFlags) (asked, error) {
	var column idfile.Column
	if from.column != "" {
		var err error
		if column, err = idfile.ParseColumn(from.column); err != nil {
			return asked{}, usage("--column %s: %v", from.column, err)
		}
	}
	switch {
	case len(args) > 0 && from.file != "":
		return asked{}, usage("IDs come from the arguments or from --file, not from both")
	case from.file == "" && from.column != "":
		return asked{}, usage("--column is for the IDs of a --file")
	case len(args) > 0:
		ids, err := argumentIDs(args)
		return asked{ids: ids}, err
	case from.file == "":
		return asked{}, usage("no message IDs: give them as arguments, or --file F with one a line (- is standard input)")
	case from.file == "-":
		if terminal.Is(c.stdin) {
			c.say("Reading IDs from the terminal, one a line; Ctrl-D ends them.")
		}
		return c.readIDs("standard input", c.stdin, column)
	}
	f, err := os.Open(from.file)
	if err != nil {
		return asked{}, err
	}
	defer func() { _ = f.Close() }()
	return c.readIDs(from.file, f, column)
}

func (c *cli) readIDs(name string, r io.Reader, column idfile.Column) (asked, error) {
	file, err := idfile.Read(r, column)
	switch {
	case err != nil:
		return asked{}, fmt.Errorf("%s: %w", name, err)
	case len(file.IDs) == 0:
		return asked{}, usage("%s: there are no message IDs in it", name)
	case file.Note != "":
		c.say("%s: %s", name, file.Note)
	}
	if file.Column == "" {
		return asked{ids: file.IDs}, nil
	}
	return asked{ids: file.IDs, from: file.Column + " of " + name}, nil
}

// distinct returns each ID once, where it stands first. Few are repeated, so only those are kept in a map.
func distinct(ids []int64) []int64 {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	repeated := make(map[int64]bool) // whether it was met
	for i, id := range sorted[1:] {
		if id == sorted[i] {
			repeated[id] = false
		}
	}
	return slices.DeleteFunc(ids, func(id int64) bool {
		met, again := repeated[id]
		if again {
			repeated[id] = true
		}
		return met
	})
}

// samples are messages of the demo gateway.
type samples struct {
	what string
	are  func(outgoing.Message) bool
}

var (
	anyMessage  = samples{"sample messages", func(outgoing.Message) bool { return true }}
	isScheduled = samples{"scheduled sample messages", func(m outgoing.Message) bool { return m.StatusCode == outgoing.StatusScheduled }}
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
func argumentIDs(args []string) (ids []int64, err error) {
	for i, arg := range args {
		if strings.TrimSpace(arg) == "" {
			return nil, usage("an argument is empty where a message ID is expected; is a variable unset?")
		}
		parts := strings.Split(arg, ",")
		if last := len(parts) - 1; last > 0 && i < len(args)-1 && strings.TrimSpace(parts[last]) == "" {
			parts = parts[:last]
		}
		for _, part := range parts {
			part = strings.TrimSpace(part)
			if part == "" {
				return nil, usage("%s: a message ID is missing beside a comma", display.Quoted(arg))
			}
			id, err := idfile.ParseID(part)
			if err != nil {
				return nil, &usageError{err.Error()}
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}
