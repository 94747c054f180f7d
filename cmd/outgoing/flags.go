package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// flags are what get, cancel and list have in common.
type flags struct {
	format      string
	sandbox     bool
	baseURL     string
	demo        bool
	tokenFile   string
	concurrency int
	attempts    int
	quiet       bool
	verbose     bool
}

func (f *flags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVarP(&f.format, "format", "f", "table", "how results look: "+strings.Join(formats, ", "))
	set.BoolVar(&f.sandbox, "sandbox", false, "use the gateway's test system")
	set.StringVar(&f.baseURL, "base-url", "", "use the gateway at this `URL`")
	set.BoolVar(&f.demo, "demo", false, "use a gateway in memory with sample messages; needs no token")
	set.StringVar(&f.tokenFile, "token-file", "", "read the token from this `file` and not from "+tokenVariable)
	set.IntVar(&f.concurrency, "concurrency", 4, "requests under way at once")
	set.IntVar(&f.attempts, "attempts", 4, "how often a request is tried")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary")
	set.BoolVarP(&f.verbose, "verbose", "v", false, "log to standard error what the library notices")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
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
		return usage("--demo needs no token, so --token-file has no place beside it")
	case !slices.Contains(formats, f.format):
		return usage("--format %q: it is one of %s", f.format, strings.Join(formats, ", "))
	case f.concurrency < 1:
		return usage("--concurrency %d: at least one request must be allowed", f.concurrency)
	case f.attempts < 1:
		return usage("--attempts %d: the first one counts too", f.attempts)
	}
	return nil
}
