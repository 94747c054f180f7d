package main

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// The exit statuses.
const (
	exitSettled     = 0
	exitUsage       = 1   // used wrongly, or could not start: nothing was sent
	exitUnsettled   = 2   // the gateway was asked, and an ID is missing, not settled or not cancelled, or nothing is listed
	exitUnwritten   = 3   // the work was done, and its results could not be written
	exitInterrupted = 130 // as shells report a SIGINT
)

// cli is one run of the command.
type cli struct {
	stdin  io.Reader
	screen *terminal.Screen
	env    func(string) (string, bool) // as os.LookupEnv
}

// run runs the command and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	// Ignored, so that writing to a closed pipe is an error here and not the end of the process: a cancel goes on.
	signal.Ignore(syscall.SIGPIPE)
	c := &cli{stdin: stdin, screen: terminal.NewScreen(stdin, stdout, stderr, env), env: env}
	root := c.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(c.screen.Out())
	root.SetErr(c.screen.Err())

	command, err := root.ExecuteC()
	status, ended := errors.AsType[statusError](err)
	switch {
	case ended:
		return int(status)
	case err == nil, errors.Is(err, terminal.ErrReaderGone):
		return exitSettled
	}
	c.say("outgoing: %s", output.WithoutPrefix(err))
	if errors.Is(err, terminal.ErrUnwritten) {
		return exitUnwritten
	}
	if _, wrong := errors.AsType[*usageError](err); wrong {
		c.say("See %q.", command.CommandPath()+" --help")
	}
	return exitUsage
}

// statusError ends the command with this status. Everything else has been said.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError means that the command line is wrong, so that its help may help.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// say writes a line to standard error.
func (c *cli) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.screen.Err(), format+"\n", args...)
}
