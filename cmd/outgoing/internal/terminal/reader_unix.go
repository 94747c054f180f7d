//go:build unix

package terminal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// OnReaderGone calls f when standard output is a pipe that no one can read any more. A write would say so too, but there may
// be none for hours.
func (s *Screen) OnReaderGone(f func()) {
	if info, err := s.stdout.Stat(); err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	go func() { // which is left behind at the end of the process
		fds := []unix.PollFd{{Fd: int32(s.stdout.Fd())}} //nolint:gosec // descriptors are small
		_, err := unix.Poll(fds, -1)
		for errors.Is(err, unix.EINTR) {
			_, err = unix.Poll(fds, -1)
		}
		if err == nil && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
			f()
		}
	}()
}
