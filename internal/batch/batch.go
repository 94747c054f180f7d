// Package batch groups message IDs into requests. What it refuses is an ID below 1, since IDs start at 1.
package batch

import (
	"fmt"
	"iter"
	"slices"
)

// Distinct returns the IDs without repetitions, in the order of their first mention.
func Distinct(ids []int64) ([]int64, error) {
	seen := make(map[int64]struct{}, len(ids))
	kept := make([]int64, 0, len(ids))
	for _, id := range ids {
		if id < 1 {
			return nil, invalid(id)
		}
		if _, again := seen[id]; !again {
			seen[id] = struct{}{}
			kept = append(kept, id)
		}
	}
	return kept, nil
}

func invalid(id int64) error { return fmt.Errorf("message ID %d: IDs start at 1", id) }

// Source is a caller's iterator of IDs, and how far one loop over it got.
type Source struct {
	IDs     iter.Seq[int64]
	Size    int         // IDs in a request, at most
	Stopped func() bool // the call was stopped

	Next int64 // the first ID after the last full chunk; 0 if there was none
	Sent bool  // IDs ended before the call was stopped, and the last of them are in a chunk
	Bad  error // why IDs was left before its end, if it was
}

// Chunks groups IDs as they come into requests of distinct ones; at an ID < 1 it yields those before it. A chunk is yielded
// when the ID after it has been seen, or that there is none: so it is known, without asking the iterator again, whether a call
// that stops there leaves anything out. An iterator that is asked later may end because the call has.
func (s *Source) Chunks(yield func([]int64) bool) {
	chunk := make([]int64, 0, s.Size)
	for id := range s.IDs {
		if id < 1 {
			s.Bad = invalid(id)
			break
		}
		if slices.Contains(chunk, id) {
			continue
		}
		if len(chunk) == s.Size {
			s.Next = id
			if !yield(chunk) {
				return
			}
			chunk = make([]int64, 0, s.Size)
		}
		chunk = append(chunk, id)
	}
	if len(chunk) > 0 {
		s.Next = 0
		s.Sent = s.Bad == nil && !s.Stopped() // else IDs may have ended because the call has
		yield(chunk)
	}
}
