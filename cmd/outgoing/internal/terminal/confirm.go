package terminal

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
)

// ErrNoTerminal means that a question cannot be asked.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// Confirm asks a person, and reports whether the answer is yes. The question goes to standard error, which must be a
// terminal to be seen; the answer comes from standard input, or from the process's terminal where standard input is
// something else, such as the IDs. If the context is done before there is an answer, Confirm returns its cause.
func (s *Screen) Confirm(ctx context.Context, question string) (bool, error) {
	if !Is(s.stderr) {
		return false, ErrNoTerminal
	}
	answers := s.stdin
	if !Is(answers) {
		tty, err := os.Open("/dev/tty") // which stays open: there is one question
		if err != nil {
			return false, ErrNoTerminal
		}
		answers = tty
	}
	s.show(question+" [y/N] ", "\n") // if there is no Enter, as before Ctrl-C, what is written next begins on a line below
	var line string
	var err error
	answered := make(chan struct{})
	go func() { // which is left behind if there is no answer: a read from a terminal cannot be ended
		line, err = bufio.NewReader(answers).ReadString('\n')
		close(answered)
	}()
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-answered:
	}
	if err == nil { // the Enter has ended the question's line
		s.mu.Lock()
		s.before = ""
		s.mu.Unlock()
	} else if !errors.Is(err, io.EOF) {
		return false, err
	}
	yes := strings.ToLower(strings.TrimSpace(line))
	return yes == "y" || yes == "yes", nil
}
