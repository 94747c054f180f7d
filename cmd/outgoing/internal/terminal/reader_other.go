//go:build !unix

package terminal

import (
	"errors"
	"syscall"
)

// OnReaderGone never calls f: here only a write says that the reader is gone.
func (s *Screen) OnReaderGone(func()) {}

// readerGone reports whether a write failed since no one reads any more, by the numbers of Windows: ERROR_BROKEN_PIPE,
// ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED.
func readerGone(err error) bool {
	number, ok := errors.AsType[syscall.Errno](err)
	return ok && (number == 109 || number == 232 || number == 233)
}
