package history_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/internal/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seeds returns how many histories of a kind a test walks over: the corners, or all of them in make ci.
func seeds(corners, all uint64) uint64 {
	if fewer.Full() {
		return all
	}
	return corners
}

// hint is what a gateway tells of its history, and how late.
type hint struct {
	name            string
	lag, old        int
	noTotal, noPage bool
	links           bool
}

var hints = []hint{
	{name: "current"},
	{name: "total 3 old", lag: 3},
	{name: "nothing", noTotal: true, noPage: true},
	{name: "total 3 old, links", lag: 3, links: true},
	{name: "links 3 old", lag: 3, links: true, noTotal: true},
	{name: "rows 2 old", old: 2},
	{name: "rows 3 old, links", old: 3, links: true},
}

func (g *gateway) tell(h hint) *gateway {
	g.lag, g.old, g.noTotal, g.noPage, g.links = h.lag, h.old, h.noTotal, h.noPage, h.links
	return g
}

func newestFirst(ids []int64) []int64 {
	all := slices.Clone(ids)
	slices.Reverse(all)
	return all
}

func TestH1_RowsThatStayAreDeliveredExactlyOnceWhileOthersComeAndGo(t *testing.T) {
	var runs, drifted int
	for _, churn := range []struct{ gain, lose int }{{0, 0}, {30, 0}, {0, 10}, {30, 10}, {3, 2}, {10, 30}} {
		for _, hint := range hints {
			for seed := range seeds(6, 40) {
				for _, concurrency := range []int{1, 4, 8} {
					g := newGateway(int(seed*137)%1500, seed).tell(hint)
					g.edit = g.churn(churn.gain, churn.lose)
					r := g.walk(t, concurrency)
					name := fmt.Sprintf("gains %d, loses %d, %s, seed %d, concurrency %d", churn.gain, churn.lose, hint.name, seed, concurrency)
					require.Zero(t, r.lost+r.twice+r.outOfOrder, name)
					runs++
					if errors.Is(r.err, history.ErrIncomplete) {
						// Nothing but an old Link says how long the history is: of rows that went with each request it names more.
						require.True(t, hint.links && hint.noTotal && churn.lose > 10, name)
						drifted++
					} else if r.err != nil {
						require.ErrorIs(t, r.err, history.ErrDrift, name)
						drifted++
					}
				}
			}
		}
	}
	assert.Less(t, float64(drifted), 0.01*float64(runs), "walks of %d that could not follow", runs)
}

func TestH1_ChangesOfModerateSizeAreFollowed(t *testing.T) {
	for _, change := range []struct {
		name                 string
		arrive, goFrom, goTo int
	}{
		{"200 arrive", 200, 0, 0},
		{"the newest 60 go", 0, 0, 60},
		{"40 rows around the reader go", 0, 500, 540},
		{"100 arrive and 30 go", 100, 100, 130},
		{"all after the reader goes", 0, 700, 2000},
		{"everything goes", 0, 0, 2000},
	} {
		for _, hint := range hints[:5] {
			for at := range int(seeds(4, 8)) {
				for _, concurrency := range []int{1, 8} {
					g := newGateway(2000, uint64(at)).tell(hint)
					g.edit = func(request int) {
						if request == 8+at {
							g.remove(change.goFrom, change.goTo)
							g.add(change.arrive)
						}
					}
					r := g.walk(t, concurrency)
					require.NoError(t, r.err, "%s, %s, after %d requests, concurrency %d", change.name, hint.name, 8+at, concurrency)
					require.Zero(t, r.lost+r.twice+r.outOfOrder)
				}
			}
		}
	}
}

// The reader is past the place where the history ends now. No total says where that is, so pages without rows have to.
func TestH1_TheEndIsFoundWhenItComesBeforeWhatWasDelivered(t *testing.T) {
	for _, gone := range []int{1, 50, 100, 150, 300} {
		for _, concurrency := range []int{1, 8} {
			g := newGateway(2000, 0).tell(hint{noTotal: true, links: true, lag: 3})
			var delivered atomic.Int64
			g.edit = func(int) {
				if n := int(delivered.Load()); n >= 800 && len(g.deleted) == 0 {
					g.remove(n-gone, 2000)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				err := walk(t.Context(), concurrency, g.fetch, func(int64) bool { delivered.Add(1); return true })
				require.NoError(t, err, "%d rows that were delivered go, and all after them; concurrency %d", gone, concurrency)
			})
		}
	}
}

func TestH3_OneRequestInFourIsSpentOnOverlap(t *testing.T) {
	for _, concurrency := range []int{1, 8} {
		g := newGateway(20_000, 1)
		r := g.walk(t, concurrency)
		require.NoError(t, r.err)
		assert.Equal(t, newestFirst(g.ids), r.ids)
		assert.LessOrEqual(t, r.requests, r.pages*5/4)
	}
}

// Whatever rows a gateway hides, however it rounds or cuts its pages: if the walk ends without an error, nothing is missing.
func TestH9_WithoutAnErrorNothingIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ rapid.TB }{t}, func(rt *rapid.T) { // t itself would be asked for its deadline, which a bubble does not allow
			g := newGateway(rapid.IntRange(0, 800).Draw(rt, "rows"), rapid.Uint64().Draw(rt, "seed"))
			g.links = rapid.Bool().Draw(rt, "links")
			round := rapid.SampledFrom([]int{1, 1, 5, 10, 25}).Draw(rt, "limits are multiples of")
			most := rapid.SampledFrom([]int{50, 50, 5, 20}).Draw(rt, "rows on a page")
			end := rapid.IntRange(0, 1600).Draw(rt, "result window")
			g.serve = func(page, limit, _ int) (int, int) {
				limit = max(round, limit/round*round)
				return min((page-1)*limit, end), min((page-1)*limit+min(limit, most), end)
			}
			from, length := rapid.Int64Range(0, 800).Draw(rt, "hidden from"), rapid.Int64Range(0, 120).Draw(rt, "in a line")
			hidden := rapid.SliceOf(rapid.Int64Range(0, 800)).Draw(rt, "hidden")
			g.hidden = func(id int64) bool { return id >= from && id < from+length || slices.Contains(hidden, id) }
			concurrency := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(rt, "concurrency")
			if r := g.read(t.Context(), concurrency); r.lost+r.twice+r.outOfOrder > 0 {
				rt.Fatalf("lost %d, twice %d, out of order %d: %v", r.lost, r.twice, r.outOfOrder, r.err)
			}
		})
	})
}

func TestH9_AnOrderOfChanceNeverEndsInSilence(t *testing.T) {
	for _, equal := range []int{2, 3, 5, 10, 50, 3000} {
		for seed := range seeds(20, 300) {
			g := newGateway(200+int(seed%60)*30, seed)
			g.equal = equal
			r := g.walk(t, []int{1, 4, 8}[seed%3])
			require.Zero(t, r.lost, "%d equal dates, seed %d: lost without an error", equal, seed)
		}
	}
}

func TestH9_AnEarlyEndSaysHowFarItGotAndWhy(t *testing.T) {
	tests := []struct {
		name  string
		setUp func(g *gateway)
		kind  error
		says  []string
	}{
		{"counts too many", func(g *gateway) { g.counts = func(total int) int { return total + 100 } },
			history.ErrIncomplete, []string{"500 messages", "ID 1,", "X-Total-Results says 600"}},
		{"names a next page", func(g *gateway) {
			g.counts, g.links, g.noTotal = func(total int) int { return total + 100 }, true, true
		}, history.ErrIncomplete, []string{"500 messages", "ID 1,", "Link has a next page"}},
		{"hides a row", func(g *gateway) { g.hidden = func(id int64) bool { return id == 200 } },
			history.ErrIncomplete, []string{"499 messages", "ID 1,", "X-Total-Results said 500 at first"}},
		{"forgets all that was delivered", func(g *gateway) { g.edit = func(int) { g.remove(0, 60); g.add(600) } },
			history.ErrDrift, []string{"50 messages", "ID 451"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGateway(500, 1)
			tt.setUp(g)
			r := g.walk(t, 1)
			require.ErrorIs(t, r.err, tt.kind)
			for _, said := range tt.says {
				require.ErrorContains(t, r.err, said)
			}
		})
	}
}

func TestH4_AnotherPageThanAskedForIsNotBelieved(t *testing.T) {
	requests := 0
	fetch := func(context.Context, int, int) (history.Page, error) {
		requests++
		return history.Page{IDs: []int64{3, 2, 1}, Current: new(7)}, nil
	}
	err := walk(t.Context(), 4, fetch, func(int64) bool { t.Error("delivered"); return true })
	require.ErrorIs(t, err, history.ErrDrift)
	assert.LessOrEqual(t, requests, 10)
}

func TestH2_NPagesAreInFlightAndNoMore(t *testing.T) {
	for _, n := range []int{1, 2, 8} {
		synctest.Test(t, func(t *testing.T) {
			g := newGateway(5000, 1)
			var now, most int
			fetch := func(ctx context.Context, page, limit int) (history.Page, error) {
				g.mu.Lock()
				now++
				most = max(most, now)
				g.mu.Unlock()
				defer func() { g.mu.Lock(); now--; g.mu.Unlock() }()
				return g.fetch(ctx, page, limit)
			}
			got := 0
			require.NoError(t, walk(t.Context(), n, fetch, func(int64) bool { got++; return true }))
			assert.Equal(t, 5000, got)
			assert.Equal(t, n, most)
		})
	}
}

func TestH5_AWalkThatIsStoppedIsNoErrorAndLeavesNothingRunning(t *testing.T) {
	for _, concurrency := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			g := newGateway(5000, 1)
			got := 0
			require.NoError(t, walk(t.Context(), concurrency, g.fetch, func(int64) bool { got++; return got < 700 }))
			assert.Equal(t, 700, got, "nothing comes after it")
			requests := g.requests
			synctest.Wait()
			assert.Equal(t, requests, g.requests)
		})
	}
}

func TestH6_AnErrorOfFetchEndsTheWalkAfterWhatCameBefore(t *testing.T) {
	for _, concurrency := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			g := newGateway(5000, 1)
			failed := errors.New("failed")
			fetch := func(ctx context.Context, page, limit int) (history.Page, error) {
				if (page-1)*limit >= 1000 {
					return history.Page{}, failed
				}
				return g.fetch(ctx, page, limit)
			}
			got := 0
			err := walk(t.Context(), concurrency, fetch, func(int64) bool { got++; return true })
			require.ErrorIs(t, err, failed)
			assert.GreaterOrEqual(t, got, 1000)
		})
	}
}

func TestU2_APanicOfFetchIsRaisedInTheCallersGoroutine(t *testing.T) {
	for _, concurrency := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			g := newGateway(5000, 1)
			fetch := func(ctx context.Context, page, limit int) (history.Page, error) {
				if (page-1)*limit >= 1000 {
					panic("mine")
				}
				return g.fetch(ctx, page, limit)
			}
			assert.PanicsWithValue(t, "mine", func() {
				_ = walk(t.Context(), concurrency, fetch, func(int64) bool { return true })
			})
		})
	}
}

func TestB9_RowsWithoutAnIDAreDeliveredInTheirPlaces(t *testing.T) {
	for _, churn := range []int{0, 3} {
		for seed := range seeds(10, 200) {
			g := newGateway(400, seed)
			g.noID = func(id int64) bool { return id%7 == 0 || id%50 < 3 }
			g.edit = g.churn(churn, 0)
			r := g.walk(t, []int{1, 4}[seed%2])
			require.NoError(t, r.err)
			require.Zero(t, r.lost+r.twice+r.outOfOrder, "seed %d", seed)
		}
	}
}

func TestB9_AHistoryWithoutAnyIDIsAnError(t *testing.T) {
	g := newGateway(200, 1)
	g.noID = func(int64) bool { return true }
	r := g.walk(t, 4)
	require.ErrorIs(t, r.err, history.ErrDrift)
	assert.Len(t, r.ids, 50, "no other page can be joined")
}
