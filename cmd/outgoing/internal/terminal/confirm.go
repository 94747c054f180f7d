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
	answers, done := s.stdin, func() {}
	if !Is(s.stdin) {
		tty, err := os.Open("/dev/tty")
		if err != nil {
			return false, ErrNoTerminal
		}
		answers, done = tty, func() { _ = tty.Close() }
	}
	type answer struct {
		line string
		err  error
	}
	given := make(chan answer, 1)
	answered := s.ask(question + " [y/N] ")
	go func() { // which is left behind if there is no answer: a read from a terminal cannot be ended
		defer done()
		line, err := bufio.NewReader(answers).ReadString('\n')
		given <- answer{line, err}
	}()
	var a answer
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case a = <-given:
	}
	if strings.HasSuffix(a.line, "\n") {
		answered()
	}
	if a.err != nil && !errors.Is(a.err, io.EOF) {
		return false, a.err
	}
	yes := strings.ToLower(strings.TrimSpace(a.line))
	return yes == "y" || yes == "yes", nil
}
