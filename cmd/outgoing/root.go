package main

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed help
var helpTexts embed.FS

func (c *cli) rootCommand() *cobra.Command {
	root := c.command("outgoing", nil)
	root.Version = version()
	root.SilenceErrors, root.SilenceUsage = true, true // run says them
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: c.name}
	root.SetOut(c.screen.Out())
	root.SetErr(c.screen.Err())
	root.SuggestionsMinimumDistance = 2
	root.Flags().Bool("version", false, "print the version") // cobra's own takes -v, which is --verbose here
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(c.help)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.AddCommand(c.getCommand(), c.cancelCommand(), c.listCommand(), c.watchCommand(), c.listenCommand(),
		c.doctorCommand(), c.serveCommand(), c.demoCommand(), c.versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()

	help, _, _ := root.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, args []string) error {
		if found, rest, err := root.Find(args); err != nil || found == root || len(rest) > 0 {
			return unknownCommand(root, args)
		}
		return nil
	}
	completion, _, _ := root.Find([]string{"completion"})
	for _, shell := range completion.Commands() {
		shell.Args = noArgs
	}
	for _, group := range []*cobra.Command{root, completion} { // else cobra takes a mistyped name for a request for help
		group.Args, group.RunE = unknownCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	return root
}

// command returns a command with the help text that is embedded under its name: in short, in full, and examples.
func (c *cli) command(use string, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, ValidArgsFunction: cobra.NoFileCompletions, RunE: run}
	if use == cmd.Name() {
		cmd.Args = noArgs
	}
	text, _ := helpTexts.ReadFile("help/" + cmd.Name() + ".txt")
	files, _ := helpTexts.ReadFile("help/files.txt")
	short, rest, _ := strings.Cut(string(text), "\n")
	long, examples, _ := strings.Cut(rest, "\nExamples:\n\n")
	cmd.Short, cmd.Example = short, strings.TrimRight(examples, "\n")
	cmd.Long = strings.Replace(strings.TrimSpace(long), "{files}", strings.TrimSpace(string(files)), 1)
	return cmd
}

var (
	longLine = regexp.MustCompile(`(?m)^.{81,}$`)
	lineOf80 = regexp.MustCompile(`(.{1,80})(?: +|$)`)
)

// help prints the help of a command, with its name as it was started.
func (c *cli) help(cmd *cobra.Command, _ []string) {
	text := cmp.Or(cmd.Long, cmd.Short) + "\n\n" + cmd.UsageString()
	text = longLine.ReplaceAllStringFunc(text, func(line string) string { // cobra has some
		return strings.TrimSuffix(lineOf80.ReplaceAllString(line, "$1\n"), "\n")
	})
	text = strings.NewReplacer("  outgoing ", "  "+c.name+" ", "| outgoing ", "| "+c.name+" ").Replace(text)
	_, c.unhelped = io.WriteString(c.screen.Out(), text)
}

// unknownCommand refuses arguments where only a command may stand. Only the whole command does something without one.
func unknownCommand(cmd *cobra.Command, args []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	switch {
	case len(args) == 0 && !cmd.HasParent():
		return nil
	case len(args) == 0:
		return usage("which %s: %s?", cmd.Name(), strings.Join(names, ", "))
	case cmd.HasParent():
		return usage("there is no %s %q; there is %s", cmd.Name(), args[0], strings.Join(names, ", "))
	}
	return usage("there is no command %q%s", strings.Join(args, " "), didYouMean("", cmd.SuggestionsFor(args[0])))
}

func didYouMean(dashes string, near []string) string {
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s%s?", dashes, near[0])
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
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		if strings.ContainsAny(short[:1], "0123456789") {
			return usage("-%s is not a message ID: they start at 1", short)
		}
		return usage("%v", err)
	}
	flags := &cobra.Command{SuggestionsMinimumDistance: 2} // cobra finds what is near among commands
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return usage("%v%s", err, didYouMean("--", flags.SuggestionsFor(unknown.GetSpecifiedName())))
}

// noArgs refuses arguments in this command's words.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, and got %q", cmd.Name(), args[0])
	}
	return nil
}
