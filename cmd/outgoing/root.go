package main

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed help
var helpTexts embed.FS

func (c *cli) rootCommand() *cobra.Command {
	root := c.command("outgoing", func(cmd *cobra.Command, _ []string) error { return cmd.Help() })
	root.Args = unknownCommand
	root.Version = version()
	root.SilenceErrors, root.SilenceUsage = true, true // run says them
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: c.name}
	root.SetOut(&c.shown)
	root.SuggestionsMinimumDistance = 2
	root.Flags().Bool("version", false, "print the version") // cobra's own takes -v, which is --verbose here
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.AddCommand(c.getCommand(), c.cancelCommand(), c.listCommand(), c.watchCommand(), c.listenCommand(),
		c.doctorCommand(), c.serveCommand(), c.demoCommand(), c.versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()

	help, _, _ := root.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, args []string) error {
		if _, rest, _ := root.Find(args); len(rest) > 0 {
			return unknownCommand(root, args)
		}
		return nil
	}
	completion, _, _ := root.Find([]string{"completion"})
	completion.Args, completion.RunE = nil, func(*cobra.Command, []string) error {
		return usage("which completion: bash, fish, powershell or zsh?")
	}
	for _, shell := range completion.Commands() {
		shell.Args = noArgs
		shell.Long = strings.Replace(shell.Long, "already, you", "already,\nyou", 1) // 80 columns
	}
	return root
}

// command returns a command with the help text that is embedded under its name: in short, in full, and examples, which name
// the command as it was started.
func (c *cli) command(use string, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, ValidArgsFunction: cobra.NoFileCompletions, RunE: run}
	if use == cmd.Name() {
		cmd.Args = noArgs
	}
	text, _ := helpTexts.ReadFile("help/" + cmd.Name() + ".txt")
	files, _ := helpTexts.ReadFile("help/files.txt")
	short, rest, _ := strings.Cut(string(text), "\n")
	long, examples, _ := strings.Cut(rest, "\nExamples:\n\n")
	cmd.Short, cmd.Example = short, strings.ReplaceAll(strings.TrimRight(examples, "\n"), "  outgoing ", "  "+c.name+" ")
	cmd.Long = strings.Replace(strings.TrimSpace(long), "{files}", strings.TrimSpace(string(files)), 1)
	return cmd
}

// unknownCommand refuses arguments where only a command may stand.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("there is no command %q%s", strings.Join(args, " "), didYouMean("", cmd.SuggestionsFor(args[0])))
}

// noArgs refuses arguments in this command's words.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, and got %q", cmd.Name(), args[0])
	}
	return nil
}

// flagError says what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok && invalid.GetFlag().Value.Type() == "duration" {
		return usage("%v (a day is 24h; others are 1h30m, 20s, 500ms)", err) // Go has no days
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usage("%v", err)
	}
	if short := unknown.GetSpecifiedShortnames(); strings.Trim(short, "0123456789") == "" && short != "" {
		return usage("-%s is not a message ID: they start at 1", short)
	}
	flags := &cobra.Command{SuggestionsMinimumDistance: 2} // cobra finds what is near among commands
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return usage("%v%s", err, didYouMean("--", flags.SuggestionsFor(unknown.GetSpecifiedName())))
}

func didYouMean(dashes string, near []string) string {
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s%s?", dashes, near[0])
}

func (c *cli) versionCommand() *cobra.Command {
	return c.command("version", func(cmd *cobra.Command, _ []string) error {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
		return err
	})
}

// version returns what the go command recorded in the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return versionOf(info)
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
