package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// collectIDs reads all IDs that the command line asks for, and checks them, before anything is sent. Without IDs the demo takes
// samples.
func (s *session) collectIDs(args []string) (err error) {
	var column idfile.Column
	if s.column != "" {
		if column, err = idfile.ParseColumn(s.column); err != nil {
			return usage("--column %s: %v", s.column, err)
		}
	}
	switch {
	case len(args) > 0 && s.file != "":
		err = usage("IDs come from the arguments or from --file, not from both")
	case s.file == "" && s.column != "":
		err = usage("--column is for the IDs of a --file")
	case len(args) > 0:
		s.ids, err = argumentIDs(args)
	case s.file != "":
		err = s.readIDs(column)
	case s.demo:
		s.takeSamples()
	default:
		err = usage("no message IDs: give them as arguments, or --file F with one a line (- is standard input)")
	}
	all := len(s.ids)
	s.ids = distinct(s.ids)
	s.repeated = all - len(s.ids)
	return err
}

// readIDs reads the IDs of a file, or of standard input.
func (s *session) readIDs(column idfile.Column) error {
	name, in := "standard input", os.Stdin
	if s.file != "-" {
		opened, err := os.Open(s.file)
		if err != nil {
			return err
		}
		defer func() { _ = opened.Close() }()
		name, in = s.file, opened
	} else if terminal.Is(in) {
		s.say("Reading IDs from the terminal, one a line; Ctrl-D ends them.")
	}
	file, err := idfile.Read(in, column)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case len(file.IDs) == 0:
		return usage("%s: there are no message IDs in it", name)
	case file.Note != "":
		s.say("%s: %s", name, file.Note)
	}
	s.ids = file.IDs
	if file.Column != "" {
		s.idsFrom = file.Column + " of " + name
	}
	return nil
}

// argumentIDs takes "43456 43457", "43456,43457", as the API's own paths have it, and "43456, 43457". A gap in it may be an
// unset variable of a script.
func argumentIDs(args []string) (ids []int64, err error) {
	for i, arg := range args {
		list := strings.TrimSpace(arg)
		if i < len(args)-1 {
			list = strings.TrimSuffix(list, ",")
		}
		for text := range strings.SplitSeq(list, ",") {
			if text = strings.TrimSpace(text); text == "" {
				return nil, usage("%s: a message ID is missing; is a variable unset?", display.Quoted(arg))
			}
			id, err := idfile.ParseID(text)
			if err != nil {
				return nil, usage("%v", err)
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// distinct returns each ID once, where it stands first, with little memory beside the IDs: there may be millions.
func distinct(ids []int64) []int64 {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	met := make([]bool, len(sorted))
	return slices.DeleteFunc(ids, func(id int64) (again bool) {
		i, _ := slices.BinarySearch(sorted, id)
		again, met[i] = met[i], true
		return again
	})
}

// takeSamples takes ten IDs of the demo gateway, for a first try.
func (s *session) takeSamples() {
	what, first, step := "sample messages", 0, 1
	if s.scheduled {
		what, first, step = "scheduled sample messages", 7, 8
	}
	for n := range 10 {
		s.ids = append(s.ids, sample(first+n*step))
	}
	s.say("No IDs given, so here are ten of the %s; all samples have the IDs %d to %d.", what, sample(0), sample(demoSamples-1))
}
