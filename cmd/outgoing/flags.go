package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
)

// flags are what the command line of a command that asks a gateway says: the zero value or the default where it has no such
// flag.
type flags struct {
	sandbox, demo      bool
	baseURL, tokenFile string
	concurrency        int
	attempts           int // 0 leaves it to the library, which then waits for rate limits
	format             string
	quiet, verbose     bool
	file, column       string // that the IDs are read from
	scheduled          bool   // messages are what --demo takes without IDs

	ids      []int64 // each once
	repeated int     // how many more there were
	idsFrom  string  // which column of which file, if it has several
}

// Which of the flags the commands have; get and cancel have all.
var (
	listenFlags = []string{"sandbox", "base-url", "token-file", "verbose"}
	doctorFlags = []string{"sandbox", "base-url", "token-file", "demo", "format", "quiet"}
	listFlags   = append(slices.Clone(doctorFlags), "concurrency", "attempts", "verbose")
	watchFlags  = append(slices.Clone(doctorFlags), "concurrency", "verbose", "file", "column")
	idFlags     = append(slices.Clone(listFlags), "file", "column")
)

// register adds those flags to a command that are named.
func (f *flags) register(cmd *cobra.Command, names ...string) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.BoolVar(&f.sandbox, "sandbox", false, "use the gateway's test system")
	all.Var(textFlag{&f.baseURL, "URL", true}, "base-url", "use the gateway at this URL, and not at "+baseURLVariable)
	all.Var(textFlag{&f.tokenFile, "file", true}, "token-file", "read the token from this file, again when it changes, and not from "+tokenVariable)
	f.format = "table"
	all.VarP(textFlag{text: &f.format, kind: "string"}, "format", "f", "how results look: "+strings.Join(output.Formats, ", "))
	all.BoolVar(&f.demo, "demo", false, "use a gateway in memory with sample messages; needs no token")
	all.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary")
	all.IntVar(&f.concurrency, "concurrency", 4, "requests in flight at once")
	all.IntVar(&f.attempts, "attempts", 0, "how often a request is tried, rate limits included (default 4, and not counting those)")
	all.BoolVarP(&f.verbose, "verbose", "v", false, "log to standard error what the library notices")
	all.Var(textFlag{&f.file, "file", true}, "file", "read the IDs from this file; - is standard input")
	all.Var(textFlag{&f.column, "number|title", true}, "column", "the column of the file that holds the IDs: its number or its title")
	for _, name := range names {
		cmd.Flags().AddFlag(all.Lookup(name))
	}
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(output.Formats, cobra.ShellCompDirectiveNoFileComp))
}

// check finds what is wrong with the flags before any file is read.
func (f *flags) check(given *pflag.FlagSet) error {
	named := f.baseURL != ""
	return cmp.Or(
		usageIf(f.sandbox && f.demo || f.sandbox && named || f.demo && named, "--sandbox, --base-url and --demo each name a gateway: give one of them"),
		usageIf(f.demo && f.tokenFile != "", "--demo needs no token: --demo and --token-file cannot be used together"),
		usageIf(!slices.Contains(output.Formats, f.format), "--format %q: it is one of %s", f.format, strings.Join(output.Formats, ", ")),
		usageIf(f.concurrency < 1, "--concurrency %d: at least one request must be allowed", f.concurrency),
		usageIf(given.Changed("attempts") && f.attempts < 1, "--attempts %d: the first one counts too", f.attempts),
	)
}

// textFlag is a flag with a text that must not be empty: `--base-url "$UNSET"` does not mean the default. Its kind is what
// help calls the text. (The flag package would take that from back-quotes in the description, which completions show.)
type textFlag struct {
	text *string
	kind string
	once bool // it must not be repeated: the last of two files would win, and the messages of the first go out
}

func (f textFlag) String() string { return *f.text }
func (f textFlag) Type() string   { return f.kind }

func (f textFlag) Set(text string) error {
	switch {
	case text == "":
		return errors.New("it is empty; is a variable unset?")
	case f.once && *f.text != "":
		return fmt.Errorf("it is given twice, %q before", *f.text)
	}
	*f.text = text
	return nil
}

// textsFlag is a textFlag that may be repeated.
type textsFlag struct {
	kind  string
	texts *[]string
}

func (f textsFlag) String() string { return "" }
func (f textsFlag) Type() string   { return f.kind }

func (f textsFlag) Set(text string) error {
	*f.texts = append(*f.texts, text)
	return textFlag{text: new(string)}.Set(text)
}
