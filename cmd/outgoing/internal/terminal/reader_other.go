//go:build !unix

package terminal

// OnReaderGone never calls f: here only a write says that the reader is gone.
func (s *Screen) OnReaderGone(func()) {}
