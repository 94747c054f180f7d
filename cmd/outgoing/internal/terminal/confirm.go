package terminal

import (
	"bufio"
	"context"
	"errors"
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
	answered := make(chan string, 1)
	go func() { // which is left behind if there is no answer: a read from a terminal cannot be ended
		line, _ := bufio.NewReader(answers).ReadString('\n')
		answered <- line
	}()
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case line := <-answered:
		answer, entered := strings.CutSuffix(line, "\n")
		if entered { // the Enter has ended the question's line
			s.mu.Lock()
			s.before = ""
			s.mu.Unlock()
		}
		answer = strings.ToLower(strings.TrimSpace(answer))
		return entered && (answer == "y" || answer == "yes"), nil
	}
}
