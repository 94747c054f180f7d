package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Screen lets results, messages and a progress line share one terminal: what is written takes the line away first, and
// the next tick of the progress draws it again below.
type Screen struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	dumb           bool // the terminal cannot draw over what it shows
	colors         bool // are wanted, where there is a terminal

	lastWrite atomic.Int64 // Unix nanoseconds; to standard output

	mu    sync.Mutex
	drawn bool // the progress line stands where the cursor is
	asked bool // the cursor is after a question
}

// NewScreen returns the Screen of a process's streams and its environment, which is read as os.LookupEnv does.
func NewScreen(stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) *Screen {
	term, _ := env("TERM")
	noColor, _ := env("NO_COLOR") // https://no-color.org
	return &Screen{stdin: stdin, stdout: stdout, stderr: stderr, dumb: term == "dumb", colors: noColor == "" && term != "dumb"}
}

// Style returns how results are shown on standard output.
func (s *Screen) Style() Style {
	onTerminal := Is(s.stdout)
	return Style{Terminal: onTerminal, Width: width(s.stdout), Colors: onTerminal && s.colors}
}

// CanDraw reports whether there is a terminal on which a line can be drawn again and again.
func (s *Screen) CanDraw() bool { return Is(s.stderr) && !s.dumb }

// Out returns a writer to standard output. Its errors are [ErrReaderGone], or match [ErrUnwritten].
func (s *Screen) Out() io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		n, err := s.write(s.stdout, p)
		s.lastWrite.Store(time.Now().UnixNano())
		switch {
		case errors.Is(err, syscall.EPIPE):
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
	f, ok := s.stdout.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if r, err := os.Open(f.Name()); err == nil {
		defer func() { _ = r.Close() }()
		_, _ = r.ReadAt(last, info.Size()-1)
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = s.Out().Write([]byte("\n"))
	return err
}

// LastWrite returns when a write to standard output ended last.
func (s *Screen) LastWrite() time.Time { return time.Unix(0, s.lastWrite.Load()) }

// Err returns a writer to standard error.
func (s *Screen) Err() io.Writer {
	return writerFunc(func(p []byte) (int, error) { return s.write(s.stderr, p) })
}

// ErrReaderGone means that standard output was closed by its reader. It differs from other broken pipes: a connection can
// break too.
var ErrReaderGone = errors.New("standard output was closed")

// ErrUnwritten means that standard output cannot be written for another reason, such as a full disk.
var ErrUnwritten = errors.New("the results could not be written")

func (s *Screen) write(w io.Writer, p []byte) (int, error) {
	if !Is(w) {
		return w.Write(p) // without the lock: a pipe that is not read must not hold up what an interrupt has to say
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	return w.Write(p)
}

// draw puts the progress line where the cursor is, in place of the one before. Wrapping is off meanwhile, and the cursor goes
// back to the start of the line: in a window that becomes narrower, what a terminal wraps then is below the cursor, and erased.
func (s *Screen) draw(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = true
	_, _ = io.WriteString(s.stderr, erase+"\x1b[?7l"+line+"\x1b[?7h\r")
}

const erase = "\r\x1b[J" // the line that the cursor is in, and all below

// Clear takes the progress line away.
func (s *Screen) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

func (s *Screen) wipe() {
	if s.drawn {
		s.drawn = false
		_, _ = io.WriteString(s.stderr, erase)
	}
	if s.asked { // and not answered: the person pressed Ctrl-C or Ctrl-D
		s.asked = false
		_, _ = io.WriteString(s.stderr, "\n")
	}
}

// ask writes a question. Until it is answered, with the person's Enter, what is written next begins on a line below it.
func (s *Screen) ask(question string) (answered func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	_, _ = io.WriteString(s.stderr, question)
	s.asked = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = false
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
