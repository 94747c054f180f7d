package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

var errNobodyToAsk = errors.New("there is no terminal to ask on, so nothing was cancelled: --yes goes on without asking")

// confirm asks a person. The question goes to standard error, which must be a terminal, or nobody would see it; the answer
// comes from standard input, or from the process's terminal where standard input is something else, such as the IDs.
func (a *app) confirm(question string) (bool, error) {
	if !terminal.Is(a.screen.stderr) {
		return false, errNobodyToAsk
	}
	answers := a.stdin
	if !terminal.Is(a.stdin) {
		tty, err := os.Open("/dev/tty")
		if err != nil {
			return false, errNobodyToAsk
		}
		defer func() { _ = tty.Close() }()
		answers = tty
	}
	_, _ = fmt.Fprintf(a.screen.err(), "%s [y/N] ", question)
	line, err := bufio.NewReader(answers).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if !strings.HasSuffix(line, "\n") {
		a.say("") // the person pressed Ctrl-D, and the cursor still stands behind the question
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
