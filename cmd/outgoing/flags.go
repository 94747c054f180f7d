package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
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

	ids      []int64 // each once
	repeated int     // how many more there were
	idsFrom  string  // which column of which file, if it has several
}

// Which of the flags the commands have; get and cancel have all.
var (
	doctorFlags = []string{"sandbox", "base-url", "token-file", "demo", "format", "quiet"}
	listFlags   = append(slices.Clone(doctorFlags), "concurrency", "attempts", "verbose")
	watchFlags  = append(slices.Clone(doctorFlags), "concurrency", "verbose", "file", "column")
	idFlags     = append(slices.Clone(listFlags), "file", "column")
)

// register adds those flags to a command that are named.
func (f *flags) register(cmd *cobra.Command, names ...string) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.BoolVar(&f.sandbox, "sandbox", false, "use the gateway's test system")
	all.Var(textFlag{text: &f.baseURL, kind: "URL", once: true}, "base-url", "use the gateway at this URL, and not at "+baseURLVariable)
	all.Var(textFlag{text: &f.tokenFile, kind: "file", once: true}, "token-file", "read the token from this file, again when it changes, and not from "+tokenVariable)
	f.format = "table"
	all.VarP(textFlag{text: &f.format, kind: "string"}, "format", "f", "how results look: "+strings.Join(output.Formats, ", "))
	all.BoolVar(&f.demo, "demo", false, "use a gateway in memory with sample messages; needs no token")
	all.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary")
	all.IntVar(&f.concurrency, "concurrency", 4, "requests in flight at once")
	all.IntVar(&f.attempts, "attempts", 0, "how often a request is tried, rate limits included (default 4, and not counting those)")
	all.BoolVarP(&f.verbose, "verbose", "v", false, "log to standard error what the library notices")
	all.Var(textFlag{text: &f.file, kind: "file", once: true}, "file", "read the IDs from this file; - is standard input")
	all.Var(textFlag{text: &f.column, kind: "number|title", once: true}, "column", "the column of the file that holds the IDs: its number or its title")
	for _, name := range names {
		cmd.Flags().AddFlag(all.Lookup(name))
	}
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(output.Formats, cobra.ShellCompDirectiveNoFileComp))
}

// check finds what is wrong with the flags before any file is read.
func (f *flags) check(given *pflag.FlagSet) error {
	return cmp.Or(
		errorIf(f.sandbox && f.demo || (f.sandbox || f.demo) && f.baseURL != "", "--sandbox, --base-url and --demo each name a gateway: give one of them"),
		errorIf(f.demo && f.tokenFile != "", "--demo needs no token: --demo and --token-file cannot be used together"),
		errorIf(!slices.Contains(output.Formats, f.format), "--format %q: it is one of %s", f.format, strings.Join(output.Formats, ", ")),
		errorIf(f.concurrency < 1, "--concurrency %d: at least one request must be allowed", f.concurrency),
		errorIf(given.Changed("attempts") && f.attempts < 1, "--attempts %d: the first one counts too", f.attempts),
	)
}

// textFlag is a flag with a text that must not be empty: `--base-url "$UNSET"` does not mean the default. Its kind is what
// help calls the text. (The flag package would take that from back-quotes in the description, which completions show.)
type textFlag struct {
	text *string
	kind string
	once bool      // it must not be repeated: the last of two files would win, and the messages of the first go out
	all  *[]string // of a flag whose repetitions all count
}

func (f textFlag) String() string { return *f.text }
func (f textFlag) Type() string   { return f.kind }

func (f textFlag) Set(text string) error {
	switch {
	case text == "":
		return errors.New("it is empty; is a variable unset?")
	case f.once && *f.text != "":
		return fmt.Errorf("it is given twice, %q before", *f.text)
	case f.all != nil:
		*f.all = append(*f.all, text)
	}
	*f.text = text
	return nil
}

// collectIDs reads all IDs that the command line asks for, and checks them, before anything is sent.
func (s *session) collectIDs(args []string) error {
	number, notNumber := strconv.Atoi(s.column)
	err := cmp.Or(
		errorIf(len(args) > 0 && s.file != "", "IDs come from the arguments or from --file, not from both"),
		errorIf(s.file == "" && s.column != "", "--column is for the IDs of a --file"),
		errorIf(notNumber == nil && number < 1, "--column %d: columns are counted from 1, or named by their title", number),
		errorIf(s.file == "" && len(args) == 0 && s.demo, "no message IDs: those of --demo are %d to %d", sample(0), sample(demoSamples-1)),
		errorIf(s.file == "" && len(args) == 0, "no message IDs: give them as arguments, or --file F with one a line (- is standard input)"),
	)
	switch {
	case err != nil:
	case s.file != "":
		err = s.readIDs()
	default:
		s.ids, err = argumentIDs(args)
	}
	all := len(s.ids)
	s.ids = distinct(s.ids)
	s.repeated = all - len(s.ids)
	return err
}

// readIDs reads the IDs of a file, or of standard input.
func (s *session) readIDs() (err error) {
	name, in := "standard input", os.Stdin
	if s.file != "-" {
		name = s.file
		if in, err = os.Open(name); err != nil { //nolint:gosec // the file that the user asks for
			return err
		}
		defer func() { _ = in.Close() }()
	}
	file, err := idfile.Read(in, s.column)
	s.checked = err != nil // its content is wrong, and not how it is called
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case len(file.IDs) == 0:
		return fmt.Errorf("%s: there are no message IDs in it", name)
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
				return nil, fmt.Errorf("%s: a message ID is missing; is a variable unset?", display.Quoted(arg))
			}
			id, err := idfile.ParseID(text)
			if err != nil {
				return nil, err
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
