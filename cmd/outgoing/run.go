package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
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
	screen *terminal.Screen
	name   string          // of the command, as it was started
	shown  strings.Builder // what is no result: help, version, completions
}

// run runs the command and returns its exit status.
func run() int {
	// Ignored, so that writing to a closed pipe is an error here and not the end of the process: a cancel goes on.
	signal.Ignore(syscall.SIGPIPE)
	// net/http prints there what a gateway sends unasked, which may be a recipient.
	log.SetOutput(io.Discard)
	executable, _ := os.Executable()
	_, notInClone := os.Stat(filepath.Join("cmd", "outgoing", "main.go"))
	c := &cli{
		screen: terminal.NewScreen(os.Stdin, os.Stdout, os.Stderr, os.LookupEnv),
		name:   startedAs(executable, notInClone == nil),
	}
	command, err := c.rootCommand().ExecuteC()
	if c.shown.Len() > 0 {
		_, unwritten := io.WriteString(c.screen.Out(), c.shown.String())
		err = cmp.Or(err, unwritten)
	}
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
	if _, wrong := errors.AsType[usageError](err); wrong {
		c.say("See %q.", command.CommandPath()+" --help")
	}
	return exitUsage
}

// startedAs returns how to start the command again: "go run" builds it below a directory that is gone afterwards, or that is
// the build cache's.
func startedAs(executable string, inClone bool) string {
	built := regexp.MustCompile(`[/\\](go-build\d+[/\\].*|[0-9a-f]{64}-d)[/\\][^/\\]*$`)
	switch {
	case !built.MatchString(executable):
		return "outgoing"
	case inClone:
		return "go run ./cmd/outgoing"
	}
	return "go run github.com/gsmservice-gateway/client-go/cmd/outgoing@latest"
}

// statusError ends the command with this status. Everything else has been said.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError means that the command line is wrong, so that its help may help.
type usageError string

func (e usageError) Error() string { return string(e) }

func usage(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// usageIf is usage if something is wrong, and nil otherwise: [cmp.Or] returns the first of several.
func usageIf(wrong bool, format string, args ...any) error {
	if wrong {
		return usage(format, args...)
	}
	return nil
}

// say writes lines to standard error. What does not print is escaped: file names and answers come from others.
func (c *cli) say(format string, args ...any) {
	var text strings.Builder
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		text.WriteString(display.Printable(line) + "\n")
	}
	_, _ = io.WriteString(c.screen.Err(), text.String())
}
