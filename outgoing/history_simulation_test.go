package outgoing_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// simulation sums up the runs of one kind.
type simulation struct {
	lost, twice, outOfOrder, drifted, runs, requests, pages int
}

func (s *simulation) run(t *testing.T, h *history, concurrency int) {
	h.latency = 10 * time.Millisecond
	r := h.read(newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()))
	if errors.Is(r.err, outgoing.ErrDrift) {
		s.drifted++
	} else {
		require.NoError(t, r.err)
	}
	s.runs++
	s.lost, s.twice, s.outOfOrder = s.lost+r.lost, s.twice+r.twice, s.outOfOrder+r.outOfOrder
	s.requests, s.pages = s.requests+r.requests, s.pages+r.pages
}

func TestH1_EachMessageExactlyOnceWhileTheHistoryChanges(t *testing.T) {
	t.Parallel()
	runs := raced(1, sized(2, 15))
	type kind struct {
		change, hint, concurrency int
		simulation
	}
	var kinds []*kind
	t.Run("simulation", func(t *testing.T) {
		for change := range changes {
			for hint := range hints {
				for _, concurrency := range fewConcurrencies(change + hint) {
					k := &kind{change: change, hint: hint, concurrency: concurrency}
					kinds = append(kinds, k)
					change, hint := changes[change], hints[hint]
					t.Run(fmt.Sprintf("%s/total %s/concurrency %d", change.name, hint.name, concurrency), func(t *testing.T) {
						t.Parallel()
						for seed := range uint64(runs) {
							synctest.Test(t, func(t *testing.T) {
								h := newHistory(1000+int(seed)*37, seed)
								h.gain, h.lose, h.lag, h.silent = change.gain, change.lose, hint.lag, hint.silent
								h.links, h.old = hint.links, hint.old
								k.run(t, h, concurrency)
							})
						}
						assert.Zero(t, k.lost, "lost")
						assert.Zero(t, k.twice, "twice")
						assert.Zero(t, k.outOfOrder, "out of order")
					})
				}
			}
		}
	})
	var drifted, total int
	t.Logf("%-23s %-17s %11s %5s %5s %6s %12s %6s %9s", "between two requests", "total", "concurrency", "runs", "lost", "twice", "out of order", "drift", "requests")
	for _, k := range kinds {
		t.Logf("%-23s %-17s %11d %5d %5d %6d %12d %6d %8.2fx", changes[k.change].name, hints[k.hint].name, k.concurrency,
			k.runs, k.lost, k.twice, k.outOfOrder, k.drifted, float64(k.requests)/float64(k.pages))
		drifted, total = drifted+k.drifted, total+k.runs
	}
	assert.Less(t, float64(drifted), 0.01*float64(total), "drift in %d of %d runs", drifted, total)
}

// The simulation changes histories at random places; this changes them in any way that a test may think of, and shows the
// shortest one that goes wrong.
func TestH1_AnyChangesBetweenRequestsAreFollowedOrSaid(t *testing.T) {
	type edit struct{ gain, from, lose int }
	edits := rapid.Custom(func(t *rapid.T) edit {
		return edit{
			gain: rapid.IntRange(0, 120).Draw(t, "gain"),
			from: rapid.IntRange(0, 700).Draw(t, "from"),
			lose: rapid.IntRange(0, 120).Draw(t, "lose"),
		}
	})
	synctest.Test(t, func(t *testing.T) {
		fewer.Checks()
		incomplete := 0                                        // walks that ended in ErrIncomplete, since the totals are some requests older or newer than the rows
		rapid.Check(struct{ rapid.TB }{t}, func(rt *rapid.T) { // t itself would be asked for its deadline, which a bubble does not allow
			h := newHistory(rapid.IntRange(0, 800).Draw(rt, "messages"), rapid.Uint64().Draw(rt, "seed"))
			h.latency = 10 * time.Millisecond
			h.lag = rapid.IntRange(0, 3).Draw(rt, "lag")
			hint := rapid.SampledFrom(hints).Draw(rt, "hint")
			h.silent, h.links, h.old = hint.silent, hint.links, hint.old
			script := rapid.SliceOfN(edits, 0, 30).Draw(rt, "edits")
			h.edit = func(answers int) {
				if answers <= len(script) {
					e := script[answers-1]
					h.remove(e.from, e.from+e.lose)
					h.add(e.gain)
				}
			}
			concurrency := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(rt, "concurrency")
			r := h.read(newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()))
			if r.lost+r.twice+r.outOfOrder > 0 {
				rt.Fatalf("lost %d, twice %d, out of order %d", r.lost, r.twice, r.outOfOrder)
			}
			switch {
			case hint.old > 0 && errors.Is(r.err, outgoing.ErrIncomplete):
				incomplete++
			case r.err != nil && !errors.Is(r.err, outgoing.ErrDrift):
				rt.Fatal(r.err)
			}
			if got := h.mostInFlight(); got > concurrency {
				rt.Fatalf("%d requests in flight", got)
			}
		})
		assert.LessOrEqual(t, incomplete, 3, "H9: rarely")
	})
}
