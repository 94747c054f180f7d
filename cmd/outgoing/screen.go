package main

import (
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// screen lets results, messages and a progress line share one terminal: what is written takes the line away first, and
// the next tick of the progress draws it again below.
type screen struct {
	mu             sync.Mutex
	stdout, stderr io.Writer
	drawn          bool // the progress line stands where the cursor is
}

func newScreen(stdout, stderr io.Writer) *screen { return &screen{stdout: stdout, stderr: stderr} }

func (s *screen) out() io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		n, err := s.write(s.stdout, p)
		if errors.Is(err, syscall.EPIPE) {
			err = errReaderGone
		}
		return n, err
	})
}

func (s *screen) err() io.Writer {
	return writerFunc(func(p []byte) (int, error) { return s.write(s.stderr, p) })
}

// draw puts the progress line where the cursor is, in place of the one before.
func (s *screen) draw(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = true
	_, _ = io.WriteString(s.stderr, "\r"+line+"\x1b[K")
}

func (s *screen) write(w io.Writer, p []byte) (int, error) {
	if !terminal.Is(w) {
		return w.Write(p) // without the lock: a pipe that nobody empties must not hold up what an interrupt has to say
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		s.wipe()
	}
	return w.Write(p)
}

// errReaderGone means that nobody reads standard output any more. It is no other broken pipe: a connection can break too.
var errReaderGone = errors.New("standard output was closed")

// clear takes the progress line away.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		s.wipe()
	}
}

func (s *screen) wipe() {
	s.drawn = false
	_, _ = io.WriteString(s.stderr, "\r\x1b[K")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
