package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
)

// flags are what the commands that ask a gateway have in common.
type flags struct {
	format      string
	sandbox     bool
	baseURL     string
	demo        bool
	tokenFile   string
	concurrency int
	attempts    int // 0 leaves it to the library, which then waits for rate limits
	quiet       bool
	verbose     bool

	set *pflag.FlagSet
}

func (f *flags) register(cmd *cobra.Command) {
	f.registerResults(cmd)
	f.registerConcurrency(cmd)
	cmd.Flags().IntVar(&f.attempts, "attempts", 0, "how often a request is tried, rate limits included (default 4, and not counting those)")
	f.registerVerbose(cmd)
}

func (f *flags) registerConcurrency(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.concurrency, "concurrency", 4, "requests in flight at once")
}

// registerResults adds the flags that say which gateway is asked and how results look.
func (f *flags) registerResults(cmd *cobra.Command) {
	f.registerGateway(cmd)
	set := cmd.Flags()
	f.format = "table"
	set.VarP(textFlag{&f.format, "string"}, "format", "f", "how results look: "+strings.Join(output.Formats, ", "))
	set.BoolVar(&f.demo, "demo", false, "use a gateway in memory with sample messages; needs no token")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(output.Formats, cobra.ShellCompDirectiveNoFileComp))
}

// registerGateway adds the flags that say which gateway is asked.
func (f *flags) registerGateway(cmd *cobra.Command) {
	f.set = cmd.Flags()
	f.set.BoolVar(&f.sandbox, "sandbox", false, "use the gateway's test system")
	f.set.Var(textFlag{&f.baseURL, "URL"}, "base-url", "use the gateway at this URL, and not at "+baseURLVariable)
	f.set.Var(textFlag{&f.tokenFile, "file"}, "token-file", "read the token from this file, again when it changes, and not from "+tokenVariable)
}

func (f *flags) registerVerbose(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "log to standard error what the library notices")
}

// check finds what is wrong with the flags before any file is read.
func (f *flags) check() error {
	gateways := 0
	for _, named := range []bool{f.sandbox, f.demo, f.baseURL != ""} {
		if named {
			gateways++
		}
	}
	switch {
	case gateways > 1:
		return usage("--sandbox, --base-url and --demo each name a gateway: give one of them")
	case f.demo && f.tokenFile != "":
		return usage("--demo needs no token: --demo and --token-file cannot be used together")
	case !slices.Contains(output.Formats, f.format):
		return usage("--format %q: it is one of %s", f.format, strings.Join(output.Formats, ", "))
	case f.concurrency < 1:
		return usage("--concurrency %d: at least one request must be allowed", f.concurrency)
	case f.set.Changed("attempts") && f.attempts < 1:
		return usage("--attempts %d: the first one counts too", f.attempts)
	}
	return nil
}

// idFlags are where get and cancel find IDs other than their arguments.
type idFlags struct {
	file   string
	column string
}

func (f *idFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.Var(textFlag{&f.file, "file"}, "file", "read the IDs from this file; - is standard input")
	set.Var(textFlag{&f.column, "number|title"}, "column", "the column of the file that holds the IDs: its number or its title")
}

// textFlag is a flag with a text that must not be empty: `--base-url "$UNSET"` does not mean the default. Its kind is what
// help calls the text. (The flag package would take that from back-quotes in the description, which completions show.)
type textFlag struct {
	text *string
	kind string
}

func (f textFlag) String() string { return *f.text }
func (f textFlag) Type() string   { return f.kind }

func (f textFlag) Set(text string) error {
	if text == "" {
		return errors.New("it is empty; is a variable unset?")
	}
	*f.text = text
	return nil
}

// textsFlag is a textFlag that may be repeated.
type textsFlag struct {
	texts *[]string
	kind  string
}

func (f textsFlag) String() string { return "" }
func (f textsFlag) Type() string   { return f.kind }

func (f textsFlag) Set(text string) error {
	*f.texts = append(*f.texts, "")
	return textFlag{&(*f.texts)[len(*f.texts)-1], f.kind}.Set(text)
}
