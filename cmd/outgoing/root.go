package main

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
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
	screen  *terminal.Screen
	name    string          // of the command, as it was started
	shown   strings.Builder // what is no result: help, version, completions
	checked bool            // the command line: every error before that is one of it

	double *outgoingtest.Gateway // of demo and --demo
}

// run runs the command and returns its exit status.
func run() int {
	// Ignored, so that writing to a closed pipe is an error here and not the end of the process: a cancel goes on.
	signal.Ignore(syscall.SIGPIPE)
	// net/http prints there what a gateway sends unasked, which may be a recipient.
	log.SetOutput(io.Discard)
	executable, _ := os.Executable()
	_, notInClone := os.Stat(filepath.Join("cmd", "outgoing", "main.go"))
	c := &cli{screen: terminal.NewScreen(os.Stdin, os.Stdout, os.Stderr), name: startedAs(executable, notInClone == nil)}
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
	c.say("outgoing: %s", strings.TrimSpace(strings.ReplaceAll(output.WithoutPrefix(err), "\t", "  ")))
	if errors.Is(err, terminal.ErrUnwritten) {
		return exitUnwritten
	}
	if !c.checked {
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

// errorIf returns an error if something is wrong. Of several, [cmp.Or] takes the first.
func errorIf(wrong bool, format string, args ...any) error {
	if wrong {
		return fmt.Errorf(format, args...)
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

//go:embed help
var helpTexts embed.FS

func (c *cli) rootCommand() *cobra.Command {
	root := c.command("outgoing", nil)
	root.Args = nil // so that cobra suggests commands
	build, _ := debug.ReadBuildInfo()
	root.Version = versionOf(cmp.Or(build, new(debug.BuildInfo)))
	root.SilenceErrors, root.SilenceUsage = true, true // run says them
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: c.name}
	root.SetOut(&c.shown)
	root.Flags().Bool("version", false, "print the version") // cobra's own takes -v, which is --verbose here
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.AddCommand(c.getCommand(), c.cancelCommand(), c.listCommand(), c.watchCommand(), c.listenCommand(),
		c.doctorCommand(), c.serveCommand(), c.demoCommand(), c.command("version", func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(&c.shown, root.Version)
			return err
		}))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()

	help, _, _ := root.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, args []string) error {
		found, rest, err := root.Find(args)
		return cmp.Or(err, cobra.NoArgs(found, rest))
	}
	completion, _, _ := root.Find([]string{"completion"})
	completion.RunE = func(*cobra.Command, []string) error {
		return errors.New("which completion: bash, fish, powershell or zsh?")
	}
	bash, _, _ := root.Find([]string{"completion", "bash"})
	bash.Long = strings.Replace(bash.Long, "already, you", "already,\nyou", 1) // 80 columns
	return root
}

// command returns a command with the help text that is embedded under its name: in short, in full, and examples, which name
// the command as it was started.
func (c *cli) command(use string, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, ValidArgsFunction: cobra.NoFileCompletions, RunE: run}
	if use == cmd.Name() {
		cmd.Args = cobra.NoArgs
	}
	text, _ := helpTexts.ReadFile("help/" + cmd.Name() + ".txt")
	files, _ := helpTexts.ReadFile("help/files.txt")
	short, rest, _ := strings.Cut(string(text), "\n")
	long, examples, _ := strings.Cut(rest, "\nExamples:\n\n")
	cmd.Short, cmd.Example = short, strings.ReplaceAll(strings.TrimRight(examples, "\n"), "  outgoing ", "  "+c.name+" ")
	cmd.Long = strings.Replace(strings.TrimSpace(long), "{files}", strings.TrimSpace(string(files)), 1)
	return cmd
}

// flagError says what is wrong with a flag, and what may be meant.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	if short := unknown.GetSpecifiedShortnames(); strings.Trim(short, "0123456789") == "" && short != "" {
		return fmt.Errorf("-%s is not a message ID: they start at 1", short)
	}
	flags := &cobra.Command{SuggestionsMinimumDistance: 2} // cobra finds what is near among commands
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if near := flags.SuggestionsFor(unknown.GetSpecifiedName()); len(near) > 0 {
		return fmt.Errorf("%w; did you mean --%s?", err, near[0])
	}
	return err
}

// versionOf returns "outgoing v0.1.0 (revision 0123456789ab of 2026-11-23) go1.26.0 linux/amd64". The go command ends the version
// in +dirty if the tree was modified. Only a build in a git repository knows its revision: go install of a version does not.
func versionOf(info *debug.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	module := cmp.Or(strings.Trim(info.Main.Version, "()"), "devel")
	if revision := settings["vcs.revision"]; revision != "" {
		module += fmt.Sprintf(" (revision %.12s of %.10s)", revision, settings["vcs.time"])
	}
	return fmt.Sprintf("outgoing %s %s %s/%s", module, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
