package watch

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"time"
	"unique"
)

// schedule says which of the IDs to look up next, and when. An ID is its index in the list asked for, a time is how
// long the watch has lasted. It reads no clock and sends nothing.
type schedule struct {
	initial, longest time.Duration // the bounds of the wait between two looks
	perLook          int           // the most IDs of one look

	watched   []watchedID
	resting   indexHeap // those whose wait is not half over, by when it will be
	ready     indexHeap // the others, except those that are being looked up, by when they are due
	remaining int       // how many have not ended

	starts []time.Duration // of the last looks, the oldest first: as many as may begin within any initial interval

	failures  int           // looks in a row that were Unreachable, with no success between
	lastPause time.Duration // how long no look was to begin after the last of them, or after a rate limit
	resume    time.Duration // when looks may begin again
}

// watchedID is what is remembered of one ID.
type watchedID struct {
	code      unique.Handle[string] // of the status that was seen last; it keeps the few codes that there are once
	date      int64                 // of that status, in nanoseconds; none is the zero Time
	since     time.Duration         // when that status, or that the ID is unknown, was first seen
	halfOver  time.Duration         // when half of the wait is over
	due       time.Duration         // when all of it is
	unknown   int                   // how many looks in a row found no such message
	permanent int                   // how many looks in a row ended for a reason that will not pass
	ended     bool
}

const (
	maxFailedLooks     = 3   // looks in a row; then an ID is given up
	maxRequestsPercent = 130 // how many looks may begin within an initial interval, in percent of what all IDs take

	firstPause = 500 * time.Millisecond // after a rate limit
	maxPause   = 5 * time.Minute
)

// newSchedule returns a schedule on which n IDs are due at once.
func newSchedule(n, perLook int, initial, longest time.Duration) *schedule {
	s := &schedule{
		initial: initial, longest: longest, perLook: perLook,
		watched: make([]watchedID, n), remaining: n,
		starts: slices.Repeat([]time.Duration{-initial}, (n+perLook-1)/perLook*maxRequestsPercent/100),
	}
	s.resting = indexHeap{make([]int32, 0, n), func(i int32) time.Duration { return s.watched[i].halfOver }}
	s.ready = indexHeap{make([]int32, n), func(i int32) time.Duration { return s.watched[i].due }}
	for i := range s.ready.indexes {
		s.ready.indexes[i] = int32(i)
	}
	return s
}

// next returns the IDs of the next look, in the order asked: those that are due, filled up with those whose wait is at
// least half over, the ones due soonest first, and of equal ones those asked for first. It returns none if no ID is
// due, and while too many looks have begun: that happens only where answers take about as long as the waits, since IDs
// that are being looked up cannot fill the looks of others. Each of the IDs must be given to end or reschedule afterwards.
func (s *schedule) next(now time.Duration) []int32 {
	for s.resting.min() <= now {
		heap.Push(&s.ready, heap.Pop(&s.resting))
	}
	if s.wake() > now {
		return nil
	}
	s.starts = append(s.starts[1:], now)
	chosen := make([]int32, 0, min(s.perLook, s.ready.Len()))
	for len(chosen) < s.perLook && s.ready.Len() > 0 {
		chosen = append(chosen, heap.Pop(&s.ready).(int32))
	}
	slices.Sort(chosen)
	return chosen
}

// wake returns when to ask next again, or never if nothing waits.
func (s *schedule) wake() time.Duration {
	return max(min(s.ready.min(), s.resting.min()), s.starts[0]+s.initial)
}

// record takes in what a look found of an ID. It reports whether its status is another than before, and whether to give
// the ID up: after three looks in a row for a reason that will not pass, or that found no such message, but then not
// before twice the initial interval, since a message may appear late.
func (s *schedule) record(i int32, r Result, now time.Duration) (changed, giveUp bool) {
	w := &s.watched[i]
	switch r.Finding {
	case Found:
		code, date := unique.Make(r.Message.StatusCode), time.Time{}.UnixNano()
		if r.Message.StatusDate != nil {
			date = r.Message.StatusDate.UnixNano()
		}
		changed = w.code != code || w.date != date
		if changed || w.unknown > 0 {
			w.since = now
		}
		w.code, w.date, w.unknown, w.permanent = code, date, 0, 0
	case Missing:
		if w.unknown == 0 {
			w.since = now
		}
		w.unknown, w.permanent = w.unknown+1, 0
		giveUp = w.unknown >= maxFailedLooks && now-w.since >= 2*s.initial
	case Unreadable, Permanent:
		w.unknown, w.permanent = 0, w.permanent+1
		giveUp = w.permanent >= maxFailedLooks
	}
	return changed, giveUp
}

// reschedule makes an ID wait for its next look: as long as its state has been the same, within the bounds. One whose
// look is postponed is due now, after those that have been due before.
func (s *schedule) reschedule(i int32, now time.Duration, postponed bool) {
	w := &s.watched[i]
	wait := min(max(now-w.since, s.initial), s.longest)
	if postponed {
		wait = 0
	}
	w.halfOver, w.due = now+wait/2, now+wait
	heap.Push(&s.resting, i)
}

// end takes an ID out for good.
func (s *schedule) end(i int32) {
	s.watched[i].ended = true
	s.remaining--
}

// outage reports whether there is one. One failure is not an outage: it may have been about its own IDs.
func (s *schedule) outage() bool { return s.failures > 1 }

// pause takes in how a look ended. In an outage and after a rate limit no look begins for a while, each time twice as
// long, within bounds; a success ends that. What a rate limit asks for is the limiter's concern; a look that it turned
// away counts for nothing. It reports whether the look is postponed so, and whether it began together with another one
// that was.
func (s *schedule) pause(ended Finding, started, now time.Duration) (postponed, together bool) {
	shortest, longest := s.initial, max(s.initial, maxPause)
	switch ended {
	case Unreachable:
		s.failures++
		postponed = s.outage()
	case Throttled:
		postponed = true
		shortest, longest = firstPause, min(s.initial, maxPause)
		if at := slices.Index(s.starts, started); at >= 0 {
			s.starts = slices.Insert(slices.Delete(s.starts, at, at+1), 0, -s.initial)
		}
	case Permanent, Temporary:
	default:
		s.failures, s.lastPause, s.resume = 0, 0, 0
	}
	if !postponed {
		return false, false
	}
	together = started < s.resume
	if !together {
		s.lastPause *= 2
	}
	s.lastPause = min(max(s.lastPause, shortest), longest)
	s.resume = max(s.resume, now+s.lastPause)
	return true, together
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
