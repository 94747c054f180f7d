//go:build unix

package terminal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ReaderGone returns a channel that is closed when standard output is a pipe that no one can read any more. A write would say
// so too, but there may be none for hours.
func (s *Screen) ReaderGone() <-chan struct{} {
	gone := make(chan struct{})
	f, ok := s.stdout.(*os.File)
	if !ok {
		return gone
	}
	if info, err := f.Stat(); err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return gone
	}
	go func() { // which is left behind at the end of the process
		fds := []unix.PollFd{{Fd: int32(f.Fd())}} //nolint:gosec // descriptors are small
		err := error(unix.EINTR)
		for errors.Is(err, unix.EINTR) {
			_, err = unix.Poll(fds, -1)
		}
		if err == nil && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
			close(gone)
		}
	}()
	return gone
}
