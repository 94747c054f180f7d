// Package terminal lets results, messages, a progress line and a question share one terminal.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// Screen lets results, messages and a progress line share one terminal: what is written takes the line away first, and
// the next tick of the progress draws it again below.
type Screen struct {
	stdin, stdout, stderr *os.File

	mu     sync.Mutex
	before string // what is to be written before anything else
}

// NewScreen returns the Screen of a process's streams.
func NewScreen(stdin, stdout, stderr *os.File) *Screen {
	return &Screen{stdin: stdin, stdout: stdout, stderr: stderr}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// CanDraw reports whether there is a terminal on which a line can be drawn again and again.
func (s *Screen) CanDraw() bool { return isTerminal(s.stderr) && os.Getenv("TERM") != "dumb" }

// Out returns a writer to standard output. Its errors are [ErrReaderGone], or match [ErrUnwritten].
func (s *Screen) Out() io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		n, err := s.write(s.stdout, p)
		switch number, _ := errors.AsType[syscall.Errno](err); {
		case slices.Contains(readerGone, number):
			err = ErrReaderGone
		case err != nil:
			err = fmt.Errorf("%w: %w", ErrUnwritten, err)
		}
		return n, err
	})
}

// BeginLine ends what standard output's file ends with, if it is not a whole line: the rest of one, written when a disk was
// full. A file that cannot be read gets an empty line, which loses nothing.
func (s *Screen) BeginLine() error {
	info, err := s.stdout.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if r, err := os.Open(s.stdout.Name()); err == nil {
		defer func() { _ = r.Close() }()
		_, _ = r.ReadAt(last, info.Size()-1)
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = s.Out().Write([]byte("\n"))
	return err
}

// Err returns a writer to standard error.
func (s *Screen) Err() io.Writer {
	return writerFunc(func(p []byte) (int, error) { return s.write(s.stderr, p) })
}

// ErrReaderGone means that standard output was closed by its reader. It differs from other broken pipes: a connection can
// break too.
var ErrReaderGone = errors.New("standard output was closed")

// readerGone are EPIPE, and how Windows says it: ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED.
var readerGone = []syscall.Errno{syscall.EPIPE, 109, 232, 233}

// ErrUnwritten means that standard output cannot be written for another reason, such as a full disk.
var ErrUnwritten = errors.New("the results could not be written")

func (s *Screen) write(w *os.File, p []byte) (int, error) {
	if !isTerminal(w) {
		return w.Write(p) // without the lock: a pipe that is not read must not hold up what an interrupt has to say
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.stderr, s.before)
	s.before = ""
	return w.Write(p)
}

// show writes what other writes are to follow: before the next one comes before.
func (s *Screen) show(text, before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.stderr, s.before+text)
	s.before = before
}

// draw puts the progress line where the cursor is, in place of the one before. Wrapping is off meanwhile, and the cursor goes
// back to the start of the line: in a window that becomes narrower, what a terminal wraps then is below the cursor, and erased.
func (s *Screen) draw(line string) { s.show(erase+"\x1b[?7l"+line+"\x1b[?7h\r", erase) }

const erase = "\r\x1b[J" // the line that the cursor is in, and all below

// Clear takes the progress line away.
func (s *Screen) Clear() { s.show("", "") }

// ErrNoTerminal means that a question cannot be asked.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// Confirm asks a person, and reports whether the answer is yes. The question goes to standard error, which must be a
// terminal to be seen; the answer comes from standard input, or from the process's terminal where standard input is
// something else, such as the IDs. If the context is done before there is an answer, Confirm returns its cause.
func (s *Screen) Confirm(ctx context.Context, question string) (bool, error) {
	if !isTerminal(s.stderr) {
		return false, ErrNoTerminal
	}
	answers := s.stdin
	if !isTerminal(answers) {
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

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Style is how results are shown where they go. The zero value is for a file or a pipe.
type Style struct {
	Terminal bool
	Width    int // characters in a line of the terminal; 0 if it has no bound
	Colors   bool
}

// Style returns how results are shown on standard output.
func (s *Screen) Style() Style {
	if !isTerminal(s.stdout) {
		return Style{}
	}
	columns, _, _ := term.GetSize(int(s.stdout.Fd()))
	colors := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" // https://no-color.org
	return Style{Terminal: true, Width: max(columns, 0), Colors: colors}
}

// The colors, as ECMA-48 has them (SGR).
const (
	Bold   = "1"
	Faint  = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
)

// Paint returns the text in a color, if the style has colors.
func (s Style) Paint(color, text string) string {
	if !s.Colors || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// Progress is how far the work is, for people: what it is doing and to what things, such as "get" and "IDs". The total is 0 if
// it is unknown.
type Progress struct {
	Doing, Things string
	Total         int
	Done, Failed  atomic.Int64 // things
	Sent          func() (requests, attempts int)
}

// Line returns the progress after a time as one line: "get  40% (200/500, 50 IDs/s, 6s left), 1 retry, 50 failed [4s]".
func (p *Progress) Line(elapsed time.Duration) string {
	done := int(p.Done.Load())
	rate := float64(done) / max(elapsed, time.Millisecond).Seconds()
	line := fmt.Sprintf("%s (%d", p.Doing, done)
	if p.Total > 0 {
		line = fmt.Sprintf("%s %3d%% (%d/%d", p.Doing, done*100/p.Total, done, p.Total)
	}
	switch {
	case rate >= 1:
		line += fmt.Sprintf(", %.0f %s/s", rate, p.Things)
	case rate > 0:
		line += fmt.Sprintf(", %.0f %s/min", rate*60, p.Things)
	}
	if rate > 0 && done < p.Total {
		line += fmt.Sprintf(", %v left", (time.Duration(float64(p.Total-done)/rate) * time.Second))
	}
	line += ")"
	if requests, attempts := p.Sent(); attempts > requests {
		line += ", " + display.Plural(attempts-requests, "retry", "retries")
	}
	if n := p.Failed.Load(); n > 0 {
		line += fmt.Sprintf(", %d failed", n)
	}
	return fmt.Sprintf("%s [%v]", line, elapsed.Truncate(time.Second))
}

// Live draws, on a terminal, a line that is always up to date, until the returned function is called. It asks for the line
// in its own goroutine.
func (s *Screen) Live(line func(elapsed time.Duration) string) (end func()) {
	if !s.CanDraw() {
		return func() {}
	}
	begun, stop := time.Now(), make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(250 * time.Millisecond): // what is over sooner needs no progress
				s.draw(line(time.Since(begun)))
			}
		}
	}()
	return func() {
		stop <- struct{}{} // so that no line is being drawn any more
		s.Clear()
	}
}
