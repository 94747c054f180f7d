package outgoing_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// withholding are gateways that show less of their history than they count. The rows are too few, or moved, so that a
// page can look like the last one.
var withholding = []struct {
	name  string
	n     int
	setUp func(h *history)
	limit func(limit int) int // the limit that is served
	next  bool                // Link's next is there on the last answers, too
}{
	{"result window of 1,000", 2000, func(h *history) {
		h.serve = func(page, limit, _ int) (int, int) { return min((page-1)*limit, 1000), min(page*limit, 1000) }
	}, nil, true},
	{"limits rounded down to 10, 25 or 50", 2000, nil, func(limit int) int {
		return map[bool]int{limit >= 25: 25, limit < 25: 10, limit >= 50: 50}[true]
	}, true},
	{"limits rounded up to 10, 25 or 50", 2000, nil, func(limit int) int {
		switch {
		case limit <= 10:
			return 10
		case limit <= 25:
			return 25
		}
		return 50
	}, false},
	{"limits rounded down to a multiple of 10", 2000, nil, func(limit int) int { return max(10, limit/10*10) }, true},
	{"limits rounded down to a multiple of 5", 2000, nil, func(limit int) int { return max(5, limit/5*5) }, true},
	{"80 rows in a line hidden", 2000, hide(func(offset int64) bool { return offset >= 130 && offset < 210 }), nil, false},
	{"30 rows in a line hidden", 2000, hide(func(offset int64) bool { return offset >= 130 && offset < 160 }), nil, false},
	{"1 row hidden", 2000, hide(func(offset int64) bool { return offset == 1234 }), nil, false},
	{"80 rows here and there hidden", 2000, hide(func(offset int64) bool { return offset%25 == 7 }), nil, false},
	{"the last 80 rows hidden", 2000, hide(func(offset int64) bool { return offset >= 1920 }), nil, false},
	{"the last row hidden", 2000, hide(func(offset int64) bool { return offset == 1999 }), nil, false},
	{"all rows hidden", 30, hide(func(int64) bool { return true }), nil, false},
	{"2 equal dates", 1000, func(h *history) { h.equal = 2 }, nil, false},
	{"5 equal dates", 1000, func(h *history) { h.equal = 5 }, nil, false},
	{"10 equal dates", 1000, func(h *history) { h.equal = 10 }, nil, false},
	{"50 equal dates", 1000, func(h *history) { h.equal = 50 }, nil, false},
	{"all dates equal", 1000, func(h *history) { h.equal = 1000 }, nil, false},
	{"counts 1 more than there are", 500, func(h *history) { h.counts = func(total int) int { return total + 1 } }, nil, false},
	{"counts 700 more than there are", 500, func(h *history) { h.counts = func(total int) int { return total + 700 } }, nil, true},
	{"counts 3 where there is nothing", 0, func(h *history) { h.counts = func(int) int { return 3 } }, nil, false},
}

func hide(hidden func(offset int64) bool) func(h *history) {
	return func(h *history) { h.hidden = func(id int64) bool { return hidden(int64(len(h.ids)) - id) } }
}

func TestH9_AHistoryThatTheCountsContradictNeverEndsInSilence(t *testing.T) {
	t.Parallel()
	headers := []struct {
		name        string
		total, next bool
	}{{"total, next", true, true}, {"total", true, false}, {"next", false, true}, {"neither", false, false}}
	limits := []string{"as asked", "honest", "absent"}
	t.Logf("%-42s %-12s %-9s %11s %9s  %s", "gateway", "headers", "X-Limit", "delivered", "requests", "error")
	n := 0
	for _, gateway := range withholding {
		for _, header := range headers {
			for _, limit := range limits {
				if limit == "honest" && gateway.limit == nil {
					continue
				}
				if n++; n%raced(2, 1) > 0 {
					continue
				}
				for _, concurrency := range fewConcurrencies(n / 2) {
					h := newHistory(gateway.n, 1)
					h.silent = map[string]bool{"X-Total-Results": !header.total, "X-Limit": limit == "absent"}
					h.links = header.next
					if gateway.setUp != nil {
						gateway.setUp(h)
					}
					if served := gateway.limit; served != nil {
						h.serve = func(page, limit, _ int) (int, int) { return (page - 1) * served(limit), page * served(limit) }
						if limit == "honest" {
							h.says = func(page, limit, _ int) (int, int) { return page, served(limit) }
						}
					}
					r := walkHistory(t, h, concurrency)
					if concurrency == 8 {
						t.Logf("%-42s %-12s %-9s %5d/%-5d %9d  %v", gateway.name, header.name, limit, len(r.ids), gateway.n, r.requests, endedIn(r.err))
					}
					name := fmt.Sprintf("%s/%s/X-Limit %s/concurrency %d: %d of %d delivered", gateway.name, header.name, limit, concurrency, len(r.ids), gateway.n)
					assert.LessOrEqual(t, r.requests, 2*(gateway.n/25+1)+2*aFew+concurrency, name)
					assert.Zero(t, r.twice, name)
					switch {
					case limit == "honest":
						require.ErrorIs(t, r.err, outgoing.ErrUnexpectedResponse, name)
					case header.total && (r.lost > 0 || h.counts != nil), header.next && gateway.next:
						require.ErrorIs(t, r.err, outgoing.ErrIncomplete, name)
					case header.total && r.err == nil:
						assert.Len(t, r.ids, gateway.n, name)
					}
				}
			}
		}
	}
}

func endedIn(err error) string {
	switch {
	case err == nil:
		return "nil"
	case errors.Is(err, outgoing.ErrIncomplete):
		return "ErrIncomplete"
	case errors.Is(err, outgoing.ErrDrift):
		return "ErrDrift"
	case errors.Is(err, outgoing.ErrUnexpectedResponse):
		return "ErrUnexpectedResponse"
	}
	return err.Error()
}

// Whatever a gateway withholds: if the walk ends without an error, nothing is missing.
func TestH9_WithoutAnErrorNothingIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fewer.Checks()
		rapid.Check(struct{ rapid.TB }{t}, func(rt *rapid.T) {
			h := newHistory(rapid.IntRange(0, 800).Draw(rt, "messages"), rapid.Uint64().Draw(rt, "seed"))
			h.latency = 10 * time.Millisecond
			h.links = rapid.Bool().Draw(rt, "links")
			h.silent = map[string]bool{"X-Limit": true}
			round := rapid.SampledFrom([]int{1, 1, 5, 10, 25}).Draw(rt, "limits are multiples of")
			most := rapid.SampledFrom([]int{50, 50, 5, 20}).Draw(rt, "rows on a page")
			end := rapid.IntRange(0, 1600).Draw(rt, "result window")
			h.serve = func(page, limit, _ int) (int, int) {
				limit = max(round, limit/round*round)
				return min((page-1)*limit, end), min((page-1)*limit+min(limit, most), end)
			}
			hidden := rapid.SliceOf(rapid.Int64Range(0, 800)).Draw(rt, "hidden")
			h.hidden = func(id int64) bool { return slices.Contains(hidden, id) }
			from, length := rapid.Int64Range(0, 1600).Draw(rt, "hidden from"), rapid.Int64Range(0, 120).Draw(rt, "in a line")
			for id := from; id < from+length; id++ {
				hidden = append(hidden, id)
			}
			concurrency := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(rt, "concurrency")
			r := h.read(newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()))
			if r.lost+r.twice+r.outOfOrder > 0 {
				rt.Fatalf("lost %d, twice %d, out of order %d: %v", r.lost, r.twice, r.outOfOrder, r.err)
			}
			if r.requests > 3*(len(h.ids)/5+1)+2*aFew+concurrency {
				rt.Fatalf("%d requests", r.requests)
			}
		})
	})
}

// Rows that stand in an order of chance are missed by luck; the larger the group, the surer this is seen. So a walk over
// them says that it is incomplete, or has all.
func TestH9_AnOrderOfChanceNeverEndsInSilence(t *testing.T) {
	for _, equal := range []int{2, 3, 4, 5, 7, 10, 12, 20, 50, 200} {
		seeds, silent := uint64(6), 0
		if full() {
			seeds = 60
		}
		for seed := range seeds {
			h := newHistory(200+int(seed)*30, seed)
			h.equal = equal
			if r := walkHistory(t, h, concurrencies[seed%3]); r.lost > 0 {
				silent++
			}
		}
		assert.Zero(t, silent, "%d equal dates: walks of %d that lost rows in silence", equal, seeds)
	}
}

func TestH9_IncompleteSaysHowFarItGotAndWhatTheCountsSay(t *testing.T) {
	tests := []struct {
		name   string
		silent map[string]bool
		want   string
	}{
		{"total", nil, "X-Total-Results says 600"},
		{"only Link", map[string]bool{"X-Total-Results": true}, "Link has a next page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory(500, 1)
			h.links, h.silent = true, tt.silent
			h.counts = func(total int) int { return total + 100 }
			n := 0
			var last error
			for m, err := range newClient(t, h).All(t.Context()) {
				require.NoError(t, last, "the error comes last")
				if last = err; err != nil {
					assert.Zero(t, m)
					continue
				}
				n++
			}
			assert.Equal(t, 500, n, "after all was delivered")
			require.ErrorIs(t, last, outgoing.ErrIncomplete)
			require.NotErrorIs(t, last, outgoing.ErrDrift)
			assert.EqualError(t, last, "outgoing: the history is incomplete: 500 messages were delivered, the last one has ID 1, and "+tt.want)
		})
	}
}

// Messages that arrive or go while the loop runs change the total, and it may be old: nothing of that is an error.
func TestH9_AnHonestTotalIsNeverContradicted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 49, 50, 51, 300} {
		for _, edit := range []func(h *history){
			func(h *history) { h.add(1); h.remove(max(len(h.ids)-1, 0), len(h.ids)) }, // the oldest expire as others arrive
			func(h *history) { h.add(40) },
			func(h *history) { h.remove(max(len(h.ids)-1, 0), len(h.ids)) },
			func(h *history) { h.remove(0, 1) },
			func(h *history) { h.remove(0, 1); h.remove(max(len(h.ids)-1, 0), len(h.ids)) },
		} {
			for lag := 0; lag < 4; lag += raced(3, 1) {
				for _, links := range []bool{false, true} {
					h := newHistory(n, 1)
					h.lag, h.links = lag, links
					h.edit = func(int) { edit(h) }
					r := walkHistory(t, h, 4)
					require.NotErrorIs(t, r.err, outgoing.ErrIncomplete, "%d messages, %d old", n, lag)
					assert.Zero(t, r.lost+r.twice+r.outOfOrder)
				}
			}
		}
	}
}
