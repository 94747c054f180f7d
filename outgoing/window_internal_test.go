package outgoing

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestH1_WindowIsAPageTakenAsOffsets(t *testing.T) {
	tests := []struct {
		window
		start, end int
	}{
		{window{page: 1, limit: 50}, 0, 50},
		{window{page: 2, limit: 49}, 49, 98},
		{window{page: 5, limit: 25}, 100, 125},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.start, tt.window.start(), tt.window)
		assert.Equal(t, tt.end, tt.window.end(), tt.window)
	}
}

func TestH1_AimShowsTheRowAndReachesFurthest(t *testing.T) {
	tests := []struct {
		at, slack int
		want      window
	}{
		{at: -1, want: window{1, 50}},            // nothing delivered
		{at: 0, want: window{1, 50}},             // 0 to 49
		{at: 49, want: window{2, 49}},            // the last row of the first page: 49 to 97
		{at: 97, want: window{3, 48}},            // 96 to 143
		{at: 100, want: window{3, 50}},           // 100 to 149
		{at: 49, slack: 12, want: window{2, 37}}, // 37 to 73
		{at: 5, slack: 12, want: window{1, 50}},
		{at: 20, slack: 24, want: window{1, 50}},
		{at: -70, slack: 12, want: window{1, 50}},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, aim(tt.at, tt.slack), "at %d, slack %d", tt.at, tt.slack)
	}
}

func TestH1_AimKeepsItsPromiseForEveryOffset(t *testing.T) {
	for at := range 5000 {
		for _, slack := range []int{0, 1, 12, 24} {
			w := aim(at, slack)
			shown := w.start() <= at && at < w.end()
			require.True(t, shown && leastLimit <= w.limit && w.limit <= MaxLimit, "at %d, slack %d: %v", at, slack, w)
		}
		furthest := 0
		for limit := leastLimit; limit <= MaxLimit; limit++ {
			furthest = max(furthest, window{at/limit + 1, limit}.end())
		}
		require.Equal(t, furthest, aim(at, 0).end(), "at %d", at)
	}
}

// Twelve rows before are seen wherever a window can show them and the row, so that a few deletions cost no miss.
func TestH1_AimKeepsSlackWhereAWindowCan(t *testing.T) {
	for at := range 5000 {
		w := aim(at, slackAfterMiss)
		for limit := leastLimit; limit <= MaxLimit; limit++ {
			if possible := (window{max(at-slackAfterMiss, 0)/limit + 1, limit}); possible.end() > at {
				require.LessOrEqual(t, w.start(), max(at-slackAfterMiss, 0), "at %d: %v, but there is %v", at, w, possible)
			}
		}
	}
}

// Plain paging reads 100,000 messages in 2,000 requests. Each window here overlaps the one before it by a row or more.
func TestH3_AimNeedsAtMostAQuarterMoreWindows(t *testing.T) {
	windows := 1
	for w := (window{1, MaxLimit}); w.end() < 100_000; windows++ {
		w = aim(w.end()-1, 0)
	}
	t.Logf("%d windows, %.3f times plain paging", windows, float64(windows)/2000)
	assert.LessOrEqual(t, windows, 2500)
}

func TestH9_AimAtEndShowsTheLastRowAndLooksBehindIt(t *testing.T) {
	tests := []struct {
		at, served int
		want       window
	}{
		{at: -1, served: 0, want: window{1, 2}},      // an empty history
		{at: 0, served: 1, want: window{1, 2}},       // one message
		{at: 1, served: 2, want: window{1, 3}},       // two messages: no page of 2 shows what follows them
		{at: 9, served: 10, want: window{2, 9}},      // 9 to 17
		{at: 49, served: 1, want: window{17, 3}},     // 48 to 50
		{at: 49, served: 50, want: window{2, 49}},    // 49 to 97
		{at: 419, served: 7, want: window{53, 8}},    // no page of 2 to 7 shows rows on both sides of 420
		{at: 419, served: 50, want: window{10, 46}},  // 414 to 459
		{at: 1999, served: 60, want: window{55, 37}}, // 1998 to 2034; never more than MaxLimit
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, aimAtEnd(tt.at, 0, tt.served), "at %d, %d served", tt.at, tt.served)
	}
	for at := range 2000 {
		for _, served := range []int{0, 1, 2, 7, 8, 10, 29, 49, 50} {
			for _, slack := range []int{0, slackAfterMiss} {
				w := aimAtEnd(at, slack, served)
				require.True(t, w.start() <= at && at+1 < w.end(), "at %d: %v shows the row and looks behind it", at, w)
				if served >= 11 { // no offset here is a multiple of all smaller limits
					require.LessOrEqual(t, w.limit, served, "at %d: no more than the gateway is known to serve", at)
				}
			}
		}
	}
}
