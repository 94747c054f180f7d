//go:build !unix

package terminal

// ReaderGone returns a channel that is never closed: here only a write says that the reader is gone.
func (s *Screen) ReaderGone() <-chan struct{} { return nil }
