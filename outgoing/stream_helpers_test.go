package outgoing_test

import (
	"errors"
	"iter"
	"slices"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// pulled is ids, and counts how many were taken.
func pulled(ids []int64, taken *int) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, id := range ids {
			*taken++
			if !yield(id) {
				return
			}
		}
	}
}

// settledBy are all IDs that a result or its error speak of, sorted.
func settledBy(part outgoing.GetResult, err error) []int64 {
	all := slices.Clone(part.Missing)
	for _, m := range part.Messages {
		all = append(all, m.ID)
	}
	if failed, ok := errors.AsType[*outgoing.BatchError](err); ok {
		all = append(all, failed.IDs()...)
	}
	slices.Sort(all)
	return all
}

// streamed is what a loop over a stream saw.
type streamed struct {
	ids    []int64 // that a result or its error speaks of
	parts  []outgoing.GetResult
	errs   []error
	yields int
}

func (s *streamed) last() error { return s.errs[len(s.errs)-1] }

// stream collects a stream; body runs in the loop.
func stream(seq iter.Seq2[outgoing.GetResult, error], body func(yields int)) (s streamed) {
	for part, err := range seq {
		s.yields++
		s.parts, s.errs = append(s.parts, part), append(s.errs, err)
		s.ids = append(s.ids, settledBy(part, err)...)
		body(s.yields)
	}
	return s
}

func idle(int) {}
