package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ErrNoTerminal means that a question cannot be asked.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// Confirm asks a person, and reports whether the answer is yes. The question goes to standard error, which must be a
// terminal to be seen; the answer comes from standard input, or from the process's terminal where standard input is
// something else, such as the IDs.
func (s *Screen) Confirm(question string) (bool, error) {
	if !Is(s.stderr) {
		return false, ErrNoTerminal
	}
	answers := s.stdin
	if !Is(s.stdin) {
		tty, err := os.Open("/dev/tty")
		if err != nil {
			return false, ErrNoTerminal
		}
		defer func() { _ = tty.Close() }()
		answers = tty
	}
	_, _ = fmt.Fprintf(s.Err(), "%s [y/N] ", question)
	line, err := bufio.NewReader(answers).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if !strings.HasSuffix(line, "\n") {
		_, _ = fmt.Fprintln(s.Err()) // the person pressed Ctrl-D, and the cursor is still on the question's line
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
