package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "outgoing",
		Short: "Look up, cancel, list and watch the outgoing messages of an SMS gateway",
		Long: `Look up, cancel, list and watch the outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway.

The token comes from the environment variable GATEWAY_API_BEARER or from --token-file. To try the command without an
account, run "outgoing demo", or give get, cancel, list, watch or doctor --demo.

Exit status, the same in every command:

    0  everything is settled
    1  used wrongly, or could not start: nothing was sent; or the results cannot be written
    2  the gateway was asked, and not everything is settled: IDs are missing, not settled or not cancelled (each is
       named), the history broke off, the gateway refused the token (401, 403) or did not answer, or doctor saw a FAIL
  130  stopped by a person, with Ctrl-C (serve and listen exit with 0) or with a "no" to cancel's question

The first Ctrl-C lets requests in flight end, and a second cuts them off. What was done is printed after either.`,
		Example: `  outgoing demo
  outgoing get 43456 43457
  outgoing cancel --file campaign.csv
  outgoing list --all --format csv > history.csv
  outgoing watch --until DELIVERED,UNDELIVERED --file campaign.csv`,
		Version:       version(),
		SilenceErrors: true, // run says them
		SilenceUsage:  true,
		// Without a Run, cobra takes a mistyped command for a request for help, and all is well.
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.Flags().Bool("version", false, "print the version") // cobra's own takes -v, which is --verbose here
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.AddCommand(c.getCommand(), c.cancelCommand(), c.listCommand(), c.watchCommand(), c.listenCommand(),
		c.doctorCommand(), c.serveCommand(), c.demoCommand(), c.versionCommand())
	strict(root)
	return root
}

// strict makes wrong arguments of the commands that cobra adds wrong usage: it answers them with a help text and status 0.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if found, rest, err := root.Find(args); err != nil || len(rest) > 0 || found == root && len(args) > 0 {
					return unknownCommand(root, args)
				}
				return nil
			}
		case "completion":
			strictCompletion(cmd)
		}
	}
}

func strictCompletion(completion *cobra.Command) {
	var shells []string
	for _, shell := range completion.Commands() {
		shell.Args = noArgs
		shells = append(shells, shell.Name())
	}
	known := strings.Join(shells, ", ")
	completion.Args = cobra.ArbitraryArgs
	completion.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("which shell is the completion for: %s?", known)
		}
		return usage("there is no completion for %q; there is for %s", args[0], known)
	}
}

func unknownCommand(root *cobra.Command, args []string) error {
	hint := ""
	if near := root.SuggestionsFor(args[0]); len(args) == 1 && len(near) > 0 {
		hint = "; did you mean " + near[0] + "?"
	}
	return usage("there is no command %q%s", strings.Join(args, " "), hint)
}

// noArgs refuses arguments in this command's words.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, and got %q", cmd.Name(), args[0])
	}
	return nil
}
