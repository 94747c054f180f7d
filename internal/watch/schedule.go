package watch

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"time"
	"unique"
)

// schedule says which of the IDs to look up next, and when. An ID is its index in the list asked for, and a time is how long
// the watch has lasted. It reads no clock and sends nothing.
type schedule struct {
	initial, longest time.Duration // the bounds of the wait between two looks
	perLook          int           // the most IDs of one look

	watched   []watchedID
	resting   indexHeap // those whose wait is not half over, by when it will be
	ready     indexHeap // the others, except those that are being looked up, by when they are due
	remaining int       // how many have not ended

	maxStarts int             // looks that may begin within any initial interval
	starts    []time.Duration // of those within the last one, the oldest first
}

// watchedID is what is remembered of one ID.
type watchedID struct {
	state     state         // what was seen last
	since     time.Duration // when that state, or that the ID is unknown, was first seen
	halfOver  time.Duration // when half of the wait is over
	due       time.Duration
	unknown   uint8 // how many looks in a row found no such message
	permanent uint8 // how many looks in a row ended for a reason that will not pass
	ended     bool
}

// state is what is compared of a message. The zero state is none.
type state struct {
	code unique.Handle[string] // 8 bytes, and the few codes that there are once
	date time.Time             // in UTC; zero for none
}

func stateOf(code string, date *time.Time) state {
	s := state{code: unique.Make(code)}
	if date != nil {
		s.date = date.UTC().Round(0)
	}
	return s
}

const (
	maxFruitless       = 3   // looks in a row; then an ID is given up
	maxRequestsPercent = 130 // of the looks that all IDs take: so many may begin within an initial interval
)

// newSchedule returns a schedule on which n IDs are due at once.
func newSchedule(n, perLook int, initial, longest time.Duration) *schedule {
	s := &schedule{
		initial: initial, longest: longest, perLook: perLook,
		watched: make([]watchedID, n), remaining: n,
		maxStarts: (n + perLook - 1) / perLook * maxRequestsPercent / 100,
	}
	s.resting = indexHeap{make([]int32, 0, n), func(i int32) time.Duration { return s.watched[i].halfOver }}
	s.ready = indexHeap{make([]int32, n), func(i int32) time.Duration { return s.watched[i].due }}
	for i := range s.ready.indexes {
		s.ready.indexes[i] = int32(i)
	}
	return s
}

// next returns the IDs of the next look, in the order asked: those that are due, filled up with those whose wait is at least
// half over, the ones due soonest first, and of equal ones those asked for first. It returns none if no ID is due, and while
// too many looks have begun: that happens only where answers take about as long as the waits, since IDs that are being looked
// up cannot fill the looks of others. Each of the IDs must be given to end, reschedule, retryAt or postpone afterwards.
func (s *schedule) next(now time.Duration) []int32 {
	for s.resting.min() <= now {
		heap.Push(&s.ready, heap.Pop(&s.resting))
	}
	for len(s.starts) > 0 && s.starts[0] <= now-s.initial {
		s.starts = s.starts[1:]
	}
	if s.ready.min() > now || s.full() {
		return nil
	}
	s.starts = append(s.starts, now)
	chosen := make([]int32, 0, min(s.perLook, s.ready.Len()))
	for len(chosen) < s.perLook && s.ready.Len() > 0 {
		chosen = append(chosen, heap.Pop(&s.ready).(int32))
	}
	slices.Sort(chosen)
	return chosen
}

// full reports whether as many looks have begun within an initial interval as may.
func (s *schedule) full() bool { return len(s.starts) >= s.maxStarts }

// wake returns when to ask next again, or never if nothing waits.
func (s *schedule) wake() time.Duration {
	at := min(s.ready.min(), s.resting.min())
	if s.full() {
		at = max(at, s.starts[0]+s.initial)
	}
	return at
}

// found records the state that a look found, and reports whether it is another than before.
func (s *schedule) found(i int32, state state, now time.Duration) (changed bool) {
	w := &s.watched[i]
	changed = w.state != state
	if changed || w.unknown > 0 {
		w.since = now
	}
	w.state, w.unknown, w.permanent = state, 0, 0
	return changed
}

// missing records that a look found no such message, and reports whether to give up: not before twice the initial interval,
// since a message may appear late.
func (s *schedule) missing(i int32, now time.Duration) (giveUp bool) {
	w := &s.watched[i]
	if w.unknown == 0 {
		w.since = now
	}
	w.unknown = min(w.unknown+1, maxFruitless)
	w.permanent = 0
	return w.unknown == maxFruitless && now-w.since >= 2*s.initial
}

// failed records that a look ended for a reason that will not pass, and reports whether to give up.
func (s *schedule) failed(i int32) (giveUp bool) {
	s.watched[i].permanent++
	return s.watched[i].permanent == maxFruitless
}

// reschedule makes an ID wait for its next look: as long as its state has been the same, within the bounds, and longer by the
// jitter, a fraction of the wait. IDs that are looked up together get the same jitter, so that they stay together.
func (s *schedule) reschedule(i int32, now time.Duration, jitter float64) {
	w := &s.watched[i]
	wait := min(max(now-w.since, s.initial), s.longest)
	wait += time.Duration(jitter * float64(wait))
	w.halfOver, w.due = now+wait/2, now+wait
	heap.Push(&s.resting, i)
}

// retryAt makes an ID due at a time, and no part of a look before.
func (s *schedule) retryAt(i int32, at time.Duration) {
	s.watched[i].halfOver, s.watched[i].due = at, at
	heap.Push(&s.resting, i)
}

// postpone makes IDs due again as if the look that began at a time had not been.
func (s *schedule) postpone(indexes []int32, started time.Duration) {
	for _, i := range indexes {
		heap.Push(&s.ready, i)
	}
	if at := slices.Index(s.starts, started); at >= 0 {
		s.starts = slices.Delete(s.starts, at, at+1)
	}
}

// end takes an ID out for good.
func (s *schedule) end(i int32) {
	s.watched[i].ended = true
	s.remaining--
}

// indexHeap is a heap of indexes, the least time first, and of equal ones the least index.
type indexHeap struct {
	indexes []int32
	at      func(index int32) time.Duration
}

const never time.Duration = math.MaxInt64

// min returns the least time, or never.
func (h *indexHeap) min() time.Duration {
	if len(h.indexes) == 0 {
		return never
	}
	return h.at(h.indexes[0])
}

func (h *indexHeap) Len() int { return len(h.indexes) }
func (h *indexHeap) Less(i, j int) bool {
	a, b := h.indexes[i], h.indexes[j]
	return cmp.Or(cmp.Compare(h.at(a), h.at(b)), cmp.Compare(a, b)) < 0
}
func (h *indexHeap) Swap(i, j int)  { h.indexes[i], h.indexes[j] = h.indexes[j], h.indexes[i] }
func (h *indexHeap) Push(index any) { h.indexes = append(h.indexes, index.(int32)) }
func (h *indexHeap) Pop() any {
	index := h.indexes[h.Len()-1]
	h.indexes = h.indexes[:h.Len()-1]
	return index
}
