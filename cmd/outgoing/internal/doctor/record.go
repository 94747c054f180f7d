package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Recorder writes masked answers into a directory, each into a file that only its owner can read.
type Recorder struct{ dir string }

// NewRecorder makes the directory. It must not be there yet, or be empty: so nothing is ever overwritten.
func NewRecorder(dir string) (*Recorder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s: %w", dir, errNotEmpty)
	}
	return &Recorder{dir}, nil
}

var errNotEmpty = errors.New("the directory is not empty; give a new one")

// Write is a Config's Record.
func (r *Recorder) Write(name string, answer []byte) (err error) {
	f, err := os.OpenFile(filepath.Join(r.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the directory that the user asks for
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(answer)
	return err
}
