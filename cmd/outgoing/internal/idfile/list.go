package idfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// List holds any number of IDs in bounded memory. All are checked before the first is sent, so each is needed twice,
// and a pipe can be read only once: what exceeds the memory goes to a temporary file, eight bytes an ID. That serves
// for regular files too, which might change between two readings.
type List struct {
	recent []int64 // those after the ones in the file
	spool  *os.File
	count  int
}

const idsInMemory = 1 << 16

// Add appends an ID.
func (l *List) Add(id int64) error {
	if len(l.recent) == idsInMemory {
		if err := l.spill(); err != nil {
			return fmt.Errorf("keeping the IDs in a temporary file: %w", err)
		}
	}
	l.recent = append(l.recent, id)
	l.count++
	return nil
}

func (l *List) spill() error {
	if l.spool == nil {
		f, err := os.CreateTemp("", "outgoing-ids-")
		if err != nil {
			return err
		}
		// Where a system allows it the file has no name from here on, and is gone whichever way the process ends.
		_ = os.Remove(f.Name())
		l.spool = f
	}
	block := make([]byte, 0, 8*len(l.recent))
	for _, id := range l.recent {
		block = binary.LittleEndian.AppendUint64(block, uint64(id)) //nolint:gosec // back and forth
	}
	l.recent = l.recent[:0]
	_, err := l.spool.Write(block)
	return err
}

// Len returns how many IDs there are, repetitions included.
func (l *List) Len() int { return l.count }

// All yields the IDs in their order. If they cannot be read back it ends early, with the error in failed.
func (l *List) All(failed *error) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for id, err := range l.spilled() {
			if err != nil {
				*failed = fmt.Errorf("reading the IDs back: %w", err)
				return
			}
			if !yield(id) {
				return
			}
		}
		for _, id := range l.recent {
			if !yield(id) {
				return
			}
		}
	}
}

// At returns the ID in a place, from 0 on; 0 if it cannot be read back.
func (l *List) At(place int) int64 {
	var unread error
	for id := range l.All(&unread) {
		if place--; place < 0 {
			return id
		}
	}
	return 0
}

func (l *List) spilled() iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		if l.spool == nil {
			return
		}
		if _, err := l.spool.Seek(0, io.SeekStart); err != nil {
			yield(0, err)
			return
		}
		r := bufio.NewReaderSize(l.spool, 64<<10)
		for block := make([]byte, 8); ; {
			_, err := io.ReadFull(r, block)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(int64(binary.LittleEndian.Uint64(block)), err) || err != nil { //nolint:gosec // back and forth
				return
			}
		}
	}
}

// Distinct returns the IDs without repetitions, in memory.
func (l *List) Distinct() ([]int64, error) {
	var (
		unread error
		ids    = make([]int64, 0, l.count)
		seen   = make(map[int64]bool, l.count)
	)
	for id := range l.All(&unread) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, unread
}

// Close gives the temporary file back.
func (l *List) Close() {
	if l.spool != nil {
		_ = l.spool.Close()
		_ = os.Remove(l.spool.Name())
	}
}
