package watch

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
)

const perLook = 50

var sent = Result{Finding: Found, Message: &gen.Message{StatusCode: "SENT"}}

// waiting is n IDs from index first on, whose wait is half over, and over, at these seconds.
type waiting struct{ first, n, halfOver, due int }

// scheduleOf is a schedule after the first look at its IDs.
func scheduleOf(waits ...waiting) *schedule {
	n := 0
	for _, w := range waits {
		n = max(n, w.first+w.n)
	}
	s := newSchedule(n, perLook, 10*time.Second, time.Hour)
	s.ready.indexes = s.ready.indexes[:0]
	for _, w := range waits {
		for i := range w.n {
			index := int32(w.first + i)
			s.watched[index].halfOver = time.Duration(w.halfOver) * time.Second
			s.watched[index].due = time.Duration(w.due) * time.Second
			heap.Push(&s.resting, index)
		}
	}
	return s
}

// numbers are those of [from, to).
func numbers(from, to int32) []int32 {
	var all []int32
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func TestW2_WhichIDsARequestNames(t *testing.T) {
	const now = 100 * time.Second
	tests := []struct {
		name  string
		waits []waiting
		want  [][]int32 // the requests of now
		wake  int       // when to ask again, in seconds; 0 is not
	}{
		{"none, if no wait is half over", []waiting{{0, 2, 101, 111}, {2, 1, 105, 108}}, nil, 101},
		{"none, if no wait is over", []waiting{{0, 2, 90, 110}, {2, 1, 95, 105}}, nil, 105},
		{"one that is due now", []waiting{{0, 1, 95, 100}}, [][]int32{{0}}, 0},
		{"one that is due, and those that are half over", []waiting{{0, 1, 90, 99}, {1, 1, 100, 110}, {2, 1, 101, 110}}, [][]int32{{0, 1}}, 110},
		{"in the order asked, whichever is due first", []waiting{{0, 1, 99, 120}, {1, 1, 50, 60}, {2, 1, 10, 70}}, [][]int32{{0, 1, 2}}, 0},
		{"50, those that are due first", []waiting{{0, 20, 99, 120}, {20, 10, 99, 110}, {30, 40, 90, 99}}, [][]int32{numbers(20, 70)}, 120},
		{"the 51st that is due in a second one", []waiting{{0, 1, 90, 99}, {1, 50, 90, 98}}, [][]int32{numbers(1, 51), {0}}, 0},
		{"a second one that is filled up too", []waiting{{0, 50, 90, 98}, {50, 1, 90, 99}, {51, 49, 100, 111}, {100, 1, 100, 112}}, [][]int32{numbers(0, 50), numbers(50, 100)}, 112},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := scheduleOf(test.waits...)
			var got [][]int32
			for indexes := s.next(now); indexes != nil; indexes = s.next(now) {
				got = append(got, indexes)
			}
			assert.Equal(t, test.want, got)
			want := never
			if test.wake > 0 {
				want = time.Duration(test.wake) * time.Second
			}
			assert.Equal(t, want, s.wake())
		})
	}
}

func TestW2_TheWaitIsAsLongAsTheStateHasBeenTheSame(t *testing.T) {
	const initial, longest = 10 * time.Second, time.Minute
	tests := []struct {
		name          string
		since, looked time.Duration
		want          time.Duration
	}{
		{"at least the initial interval", 0, 0, 10 * time.Second},
		{"after a look that was early", 0, 5 * time.Second, 10 * time.Second},
		{"as long as the state", 100 * time.Second, 125 * time.Second, 25 * time.Second},
		{"at most the longest interval", 0, time.Hour, time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSchedule(1, perLook, initial, longest)
			s.next(0)
			s.record(0, sent, test.since)
			s.reschedule(0, test.looked, false)
			assert.Equal(t, test.looked+test.want, s.watched[0].due)
			assert.Equal(t, test.looked+test.want/2, s.watched[0].halfOver)
		})
	}
}

// looksAt returns when an ID by itself is looked at until a time, if each answer comes at once. state says what it shows.
func looksAt(s *schedule, until time.Duration, code func(now time.Duration) string) []time.Duration {
	var looks []time.Duration
	for now := time.Duration(0); now <= until; now = s.wake() {
		for _, i := range s.next(now) {
			looks = append(looks, now)
			s.record(i, Result{Finding: Found, Message: &gen.Message{StatusCode: code(now)}}, now)
			s.reschedule(i, now, false)
		}
	}
	return looks
}

func TestW2_TheWaitDoublesAndIsShortAfterAChange(t *testing.T) {
	s := newSchedule(1, perLook, 10*time.Second, time.Minute)
	looks := looksAt(s, 300*time.Second, func(now time.Duration) string {
		if now >= 100*time.Second {
			return "DONE"
		}
		return "SENT"
	})
	var seconds []int
	for _, at := range looks {
		seconds = append(seconds, int(at/time.Second))
	}
	assert.Equal(t, []int{0, 10, 20, 40, 80, 140, 150, 160, 180, 220, 280}, seconds)
}

func TestW4_WhenAnIDIsGivenUp(t *testing.T) {
	tests := []struct {
		name  string
		looks string // u: unknown, k: known, p: a failure that will not pass, f: another failure
		apart time.Duration
		want  int // after so many looks; 0 is never
	}{
		{"unknown at the third look", "uuu", 10 * time.Second, 3},
		{"not before twice the initial interval", "uuuu", 9 * time.Second, 4},
		{"nor long before that", "uuuuu", 5 * time.Second, 5},
		{"not in a row", "uukuuku", 10 * time.Second, 0},
		{"from the first of those in a row on", "kkkkuuu", 10 * time.Second, 7},
		{"a failure says nothing about it", "uffuffu", 10 * time.Second, 7},
		{"three failures that will not pass", "ppp", time.Second, 3},
		{"not in a row either", "ppkppupp", time.Second, 0},
		{"nor beside other lasting failures", "uppuupuu", 10 * time.Second, 0},
		{"no number of other failures", "ffffffffff", time.Minute, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSchedule(1, perLook, 10*time.Second, time.Minute)
			givenUp := 0
			for n, look := range test.looks {
				now := time.Duration(n) * test.apart
				var giveUp bool
				switch look {
				case 'u':
					_, giveUp = s.record(0, Result{Finding: Missing}, now)
				case 'k':
					_, giveUp = s.record(0, sent, now)
				case 'p':
					_, giveUp = s.record(0, Result{Finding: Permanent}, now)
				case 'f':
					_, giveUp = s.record(0, Result{Finding: Temporary}, now)
				}
				if giveUp && givenUp == 0 {
					givenUp = n + 1
				}
			}
			assert.Equal(t, test.want, givenUp)
		})
	}
}

// Answers that take as long as the waits keep IDs apart that would share a request otherwise.
func TestW2_ARequestTooManyWaits(t *testing.T) {
	s := scheduleOf(waiting{0, 1, 95, 100}, waiting{1, 1, 101, 106})
	require.Equal(t, []int32{0}, s.next(100*time.Second))
	require.Nil(t, s.next(106*time.Second), "one request for two IDs within 10s")
	at := s.wake()
	require.Equal(t, 110*time.Second, at)
	require.Equal(t, []int32{1}, s.next(at))
}

func TestW2_NoMoreThanOnePointThreeTimesTheRequests(t *testing.T) {
	var waits []waiting
	for second := range 500 { // each of them is due by itself
		waits = append(waits, waiting{second, 1, 1000 + second, 1000 + second})
	}
	s := scheduleOf(waits...)
	s.initial = 100 * time.Second
	requests := 0
	for second := range 100 {
		if s.next(time.Duration(1000+second)*time.Second) != nil {
			requests++
		}
	}
	assert.Equal(t, 13, requests, "500 IDs take 10")
}

func TestW2_AnIDThatWasUnknownBeginsAnew(t *testing.T) {
	s := newSchedule(1, perLook, 10*time.Second, time.Hour)
	s.next(0)
	s.record(0, sent, 0)
	s.record(0, Result{Finding: Missing}, time.Minute)
	s.record(0, sent, 2*time.Minute)
	s.reschedule(0, 2*time.Minute, false)
	assert.Equal(t, 2*time.Minute+10*time.Second, s.watched[0].due)
}

func TestW3_WhatIsTriedAgainComesAfterWhatHasBeenDue(t *testing.T) {
	s := newSchedule(100, perLook, 10*time.Second, time.Hour)
	require.Equal(t, numbers(0, 50), s.next(0))
	for i := range int32(50) {
		s.reschedule(i, time.Second, true)
	}
	require.Equal(t, numbers(50, 100), s.next(time.Second))
	require.Equal(t, numbers(0, 50), s.next(10*time.Second))
}

func TestW2_ARequestThatWasPostponedCostsNothing(t *testing.T) {
	s := newSchedule(1, perLook, 10*time.Second, time.Minute)
	for n := range 5 {
		now := time.Duration(n) * time.Second
		require.Equal(t, []int32{0}, s.next(now))
		s.pause(Throttled, now, now)
		s.reschedule(0, now, true)
	}
}

// answered is a request of a schedule, and when its answer comes.
type answered struct {
	indexes []int32
	started time.Duration
	at      time.Duration
}

// TestW2_NoMoreRequestsThanTheIDsNeed runs a schedule against answers that are late, fail, are turned away and bring changes
// at random.
func TestW2_NoMoreRequestsThanTheIDsNeed(t *testing.T) {
	const initial = 10 * time.Second
	fewer.Checks()
	rapid.Check(t, func(t *rapid.T) {
		var (
			seed        = rapid.Uint64().Draw(t, "seed")
			n           = rapid.OneOf(rapid.IntRange(2, 50), rapid.IntRange(1, 400)).Draw(t, "IDs")
			concurrency = rapid.IntRange(2, 8).Draw(t, "concurrency")
			longest     = rapid.SampledFrom([]time.Duration{initial, 20 * time.Second, time.Minute, 15 * time.Minute}).Draw(t, "longest")
			random      = rand.New(rand.NewPCG(seed, 0))
			latency     = time.Duration(random.Int64N(int64(2 * initial))) // as long as the waits: then IDs do not stay together
			spread      = time.Duration(1 + random.Int64N(int64(2*initial)))
			changes     = random.Float64()
			fails       = max(0, random.Float64()-0.5)
			away        = max(0, random.Float64()-0.5)
			s           = newSchedule(n, perLook, initial, longest)
			least       = (n + perLook - 1) / perLook
			inFlight    []answered
			starts      []time.Duration
			lastLook    = make([]time.Duration, n)
			seen        = make([]gen.Message, n)
		)
		for now := time.Duration(0); now < 20*time.Minute; {
			for len(inFlight) < concurrency {
				indexes := s.next(now)
				if indexes == nil {
					break
				}
				for _, i := range indexes {
					require.GreaterOrEqual(t, now-lastLook[i], min(now, initial/2), "ID %d is looked at again at %v", i, now)
				}
				starts = append(starts, now)
				inFlight = append(inFlight, answered{indexes, now, now + latency + time.Duration(random.Int64N(int64(spread)))})
			}
			at := s.wake()
			ok := at < never && len(inFlight) < concurrency
			slices.SortFunc(inFlight, func(a, b answered) int { return int(a.at - b.at) })
			if ok && (len(inFlight) == 0 || at < inFlight[0].at) {
				require.Greater(t, at, now, "it asks to be asked again at once")
				now = at
				continue
			}
			request := inFlight[0]
			inFlight = inFlight[1:]
			now = request.at
			if random.Float64() < away {
				s.pause(Throttled, request.started, now)
				for _, i := range request.indexes {
					s.reschedule(i, now, true)
				}
				at := slices.Index(starts, request.started)
				starts = slices.Delete(starts, at, at+1)
				continue
			}
			failed := random.Float64() < fails
			for _, i := range request.indexes {
				if seen[i].StatusCode == "" || random.Float64() < changes {
					seen[i] = gen.Message{StatusCode: "SENT", StatusDate: new(time.Unix(0, int64(now)))}
				}
				if !failed {
					s.record(i, Result{Finding: Found, Message: &seen[i]}, now)
				}
				s.reschedule(i, now, false)
				lastLook[i] = now
			}
		}
		from := 0
		for to, start := range starts {
			for starts[from] <= start-initial {
				from++
			}
			require.LessOrEqual(t, float64(to-from+1), 1.3*float64(least), "until %v", start)
		}
	})
}

func TestW4_WhatCountsIsWhenALookBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gaveUp []int64
		w := &watch{
			Config: Config{IDs: []int64{7}, HeldUntil: func() time.Time { return time.Time{} }, GivenUp: func(r Result) bool {
				gaveUp = append(gaveUp, r.ID)
				return true
			}},
			start: time.Now(), schedule: newSchedule(1, perLook, 10*time.Second, time.Hour),
		}
		handle := func(started, handled time.Duration) {
			time.Sleep(handled - time.Since(w.start))
			w.handle(t.Context(), &look{Look{Results: []Result{{ID: 7, Finding: Missing}}}, []int32{0}, started})
		}
		handle(0, time.Second)
		handle(10*time.Second, 11*time.Second)
		handle(19*time.Second, time.Minute) // its answer came late, or the loop's body took long
		assert.Empty(t, gaveUp)
		handle(61*time.Second, 62*time.Second)
		assert.Equal(t, []int64{7}, gaveUp)
	})
}
