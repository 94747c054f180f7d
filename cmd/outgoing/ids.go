package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// withIDs does the work of get and cancel on what the command line asks for. Without IDs the demo takes the samples
// that the work is for.
func (a *app) withIDs(args []string, file string, f *flags, samples samples, work func(*session, *idList) error) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.demo && len(args) == 0 && file == "" {
		args = a.demoIDs(samples)
	}
	ids, err := a.ids(args, file)
	if err != nil {
		return err
	}
	defer ids.close()
	s, err := a.connect(f)
	if err != nil {
		return err
	}
	return work(s, ids)
}

// ids reads all IDs that the command line asks for, and checks them, before anything is sent.
func (a *app) ids(args []string, file string) (*idList, error) {
	list := new(idList)
	err := a.collectIDs(list, args, file)
	if err != nil {
		list.close()
		return nil, err
	}
	return list, nil
}

func (a *app) collectIDs(list *idList, args []string, file string) error {
	switch {
	case len(args) > 0 && file != "":
		return usage("IDs come from the arguments or from --file, not from both")
	case len(args) > 0:
		return argumentIDs(args, list.add)
	case file == "":
		return usage("no message IDs: give them as arguments, or --file F with one a line (- is standard input)")
	case file == "-":
		if isTerminal(a.stdin) {
			a.say("Reading IDs from the terminal, one a line; Ctrl-D ends them.")
		}
		return a.readIDs("standard input", a.stdin, list.add)
	}
	f, err := os.Open(file) //nolint:gosec // the file that the user asks for
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return a.readIDs(file, f, list.add)
}

// samples are messages of the demo gateway.
type samples struct {
	what string
	are  func(outgoing.Message) bool
}

var (
	anyMessage  = samples{"sample messages", func(outgoing.Message) bool { return true }}
	isScheduled = samples{"scheduled sample messages", func(m outgoing.Message) bool { return m.StatusCode == "SCHEDULED" }}
)

// demoIDs are a few that exist, for a first try: nobody knows yet which do.
func (a *app) demoIDs(wanted samples) []string {
	var ids []string
	all := outgoingtest.SampleMessages(demoSamples)
	for _, m := range all {
		if len(ids) < 10 && wanted.are(m) {
			ids = append(ids, strconv.FormatInt(m.ID, 10))
		}
	}
	a.say("No IDs given, so here are ten of the %s; all samples have the IDs %d to %d.", wanted.what, all[0].ID, all[demoSamples-1].ID)
	return ids
}

// argumentIDs takes "43456 43457", and "43456,43457", as the API's own paths have it.
func argumentIDs(args []string, add func(int64) error) error {
	for _, arg := range args {
		for text := range strings.SplitSeq(arg, ",") {
			id, err := parseID(text)
			if err != nil {
				return &usageError{err.Error()}
			}
			if err := add(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// readIDs reads one ID a line, or the first column of a CSV, whose first line may be a header. A spreadsheet may have
// written it: with a byte order mark, and with semicolons or tabs where its user's language has commas in numbers.
func (a *app) readIDs(name string, r io.Reader, add func(int64) error) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if start, _ := buffered.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = buffered.Discard(len(byteOrderMark))
	}
	start, _ := buffered.Peek(4 << 10)
	records := csv.NewReader(buffered)
	records.Comma = separator(start)
	records.TrimLeadingSpace = records.Comma != '\t'
	records.FieldsPerRecord = -1
	records.ReuseRecord = true

	for first := true; ; {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return fmt.Errorf("%s: line %d: %w", name, wrong.StartLine, wrong.Err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		text := strings.TrimSpace(record[0])
		if text == "" && len(record) == 1 {
			continue // a line of spaces
		}
		line, _ := records.FieldPos(0)
		id, err := parseID(text)
		switch {
		case err == nil:
			if err := add(id); err != nil {
				return err
			}
		case first && isHeader(text):
			a.say("%s: line %d is taken for a header: %s", name, line, quoted(text))
		default:
			return fmt.Errorf("%s: line %d: %w", name, line, err)
		}
		first = false
	}
}

const byteOrderMark = "\ufeff"

// separator is the first in the first line that could be one. Without any it does not matter.
func separator(start []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(start, "\r\n"), []byte("\n"))
	inQuotes := false
	for _, c := range line {
		switch {
		case c == '"':
			inQuotes = !inQuotes
		case !inQuotes && (c == ',' || c == ';' || c == '\t'):
			return rune(c)
		}
	}
	return ','
}

// isHeader tells a title from an ID with a mistake in it: a title starts like a word, and no ID hides in it.
func isHeader(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return (unicode.IsLetter(r) || r == '_') && strings.IndexFunc(text, unicode.IsDigit) < 0
}

func parseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63) // which takes no sign
	switch {
	case text == "":
		return 0, errors.New("there is no message ID")
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large for a message ID", quoted(text))
	case err != nil:
		return 0, fmt.Errorf("%s is no message ID", quoted(text))
	case id == 0:
		return 0, errors.New("0 is no message ID: they start at 1")
	}
	return int64(id), nil // 63 bits
}

// quoted shows what was read, however strange, in one short line.
func quoted(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return strconv.Quote(text)
}
