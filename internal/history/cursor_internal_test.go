package history

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestH1_LocateFindsWhereTheDeliveriesEnded(t *testing.T) {
	const fresh, older, short, full = true, false, true, false
	tests := []struct {
		name         string
		delivered    []int64
		window       []int64
		fresh, short bool
		from         int // if joined
		relation     relation
	}{
		{"the first window", nil, []int64{9, 8}, fresh, full, 0, joined},
		{"nothing there", nil, nil, fresh, short, 0, joined},
		{"the last row", []int64{9, 8, 7}, []int64{8, 7, 6, 5}, fresh, full, 2, joined},
		{"the last row, fetched ahead", []int64{9, 8, 7}, []int64{7, 6, 5}, older, full, 1, joined},
		{"the last row, at the end of the window", []int64{9, 8, 7}, []int64{9, 8, 7}, fresh, full, 3, joined},
		{"messages that arrived are passed over", []int64{9, 8, 7}, []int64{11, 10, 9, 8, 7, 6}, fresh, full, 5, joined},
		{"the last row is gone", []int64{9, 8, 7}, []int64{9, 8, 6, 5}, fresh, full, 2, joined},
		{"the last rows are gone", []int64{9, 8, 7}, []int64{9, 6, 5}, fresh, full, 1, joined},
		{"the last row is gone, fetched ahead: no proof", []int64{9, 8, 7}, []int64{9, 8, 6, 5}, older, full, 1, early},
		{"ends before the last row", []int64{9, 8, 7}, []int64{10, 9, 8}, fresh, full, 2, early},
		{"ends before the last row, fetched ahead", []int64{9, 8, 7}, []int64{9, 8}, older, full, 1, early},
		{"the history ends where the last row was", []int64{9, 8, 7}, []int64{9, 8}, fresh, short, 2, joined},
		{"only messages that arrived", []int64{9, 8, 7}, []int64{12, 11, 10}, fresh, full, 0, lost},
		{"only what is still to come", []int64{9, 8, 7}, []int64{5, 4, 3}, fresh, full, 0, lost},
		{"only what is still to come, to the end", []int64{9, 8, 7}, []int64{5, 4, 3}, fresh, short, 0, lost},
		{"everything is gone", []int64{9, 8, 7}, nil, fresh, short, 0, joined},
		{"everything was gone when it was fetched", []int64{9, 8, 7}, nil, older, short, 0, lost},
		{"a row without an ID was delivered", []int64{9, 8, 0}, []int64{8, 0, 6}, fresh, full, 2, joined},
		{"one of two without an ID", []int64{9, 8, 0}, []int64{8, 0, 0, 5}, fresh, full, 2, joined},
		{"a row without an ID is gone", []int64{9, 8, 0}, []int64{8, 6}, fresh, full, 1, joined},
		{"a row without an ID does not overlap", []int64{9, 8, 0}, []int64{0, 6}, fresh, full, 0, lost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := window{1, len(tt.window)}
			if tt.short {
				w.limit++
			}
			a := &answer{window: w, Page: Page{IDs: tt.window}, delivered: len(tt.delivered)}
			if !tt.fresh {
				a.delivered--
			}
			m := delivered(tt.delivered...).locate(a)
			assert.Equal(t, tt.relation, m.relation)
			if tt.relation < joined {
				tt.from = len(tt.window)
			}
			assert.Equal(t, tt.from, m.from)
			assert.False(t, m.reordered)
		})
	}
}

func TestH1_TheCursorRemembers512IDs(t *testing.T) {
	c := delivered()
	for id := int64(100_000); id > 0; id-- {
		assert.True(t, c.deliver(id))
	}
	assert.Equal(t, 100_000, c.delivered)
	assert.Len(t, c.recent, remembered)
	assert.LessOrEqual(t, cap(c.recent), 4*remembered, "memory does not grow with the history")

	last, _, _ := c.compare([]int64{513, 0})
	assert.Negative(t, last, "the 513th last is forgotten")
	last, behind, _ := c.compare([]int64{512, -1})
	assert.Zero(t, last, "the 512th last is not")
	assert.Equal(t, 511, behind)
}

func TestH1_ARepeatedRowIsDeliveredOnce(t *testing.T) {
	c := delivered(9, 8)
	assert.False(t, c.deliver(9))
	assert.False(t, c.deliver(8))
	assert.Equal(t, 2, c.delivered)
	assert.True(t, c.deliver(0), "rows without an ID cannot be told apart")
	assert.True(t, c.deliver(0))
	assert.Equal(t, int64(8), c.lastID)
}

func TestH1_SearchFollowsTheTotalAndThenLooksFurtherBack(t *testing.T) {
	tests := []struct {
		name       string
		was, total *int
		want       []int // the offsets aimed at, one window after another
	}{
		{"the total grew", new(5000), new(5030), []int{1030, 1030 - 12, 1030 - 36, 1030 - 84, 1030 - 180}},
		{"the total shrank", new(5000), new(4990), []int{990, 990 - 12, 990 - 36}},
		{"the total is the same", new(5000), new(5000), []int{1000 - 12, 1000 - 36, 1000 - 84}},
		{"no total", nil, nil, []int{1000 - 12, 1000 - 36}},
		{"the total is new", nil, new(7000), []int{1000 - 12, 1000 - 36}},
		{"the total is gone", new(5000), nil, []int{1000 - 12, 1000 - 36}},
		{"everything went", new(5000), new(0), []int{0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := delivered(1)
			c.place, c.total = 1001, tt.was
			for _, at := range tt.want {
				assert.Equal(t, aimed(at+1, slackOnceLost), c.search(full(tt.total)), "at %d", at)
			}
		})
	}
}

func TestH1_AnEmptyWindowLeadsToTheEndOfTheHistory(t *testing.T) {
	empty := func(total *int) *answer { return &answer{window: window{26, 28}, Page: Page{Total: total}} } // 700 to 727
	for _, total := range []*int{nil, new(2000)} {
		c := delivered(1)
		c.place, c.total = 722, total
		assert.Equal(t, aimed(700, slackOnceLost), c.search(empty(total)), "before it")
		assert.Equal(t, aimed(700-12, slackOnceLost), c.search(empty(total)))
	}
	c := delivered(1)
	c.place, c.total = 722, new(2000)
	assert.Equal(t, aimed(650, slackOnceLost), c.search(empty(new(650))), "where the total says")
}

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

func TestH1_WindowForShowsTheRowAndReachesFurthest(t *testing.T) {
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
		assert.Equal(t, tt.want, aimed(tt.at+1, tt.slack), "at %d, slack %d", tt.at, tt.slack)
	}
}

func TestH1_WindowForKeepsItsPromiseForEveryOffset(t *testing.T) {
	for at := range 5000 {
		for _, slack := range []int{0, 1, 12, 24} {
			w := aimed(at+1, slack)
			shown := w.start() <= at && at < w.end()
			require.True(t, shown && minLimit <= w.limit && w.limit <= maxLimit, "at %d, slack %d: %v", at, slack, w)
		}
		furthest := 0
		for limit := minLimit; limit <= maxLimit; limit++ {
			furthest = max(furthest, window{at/limit + 1, limit}.end())
		}
		require.Equal(t, furthest, aimed(at+1, 0).end(), "at %d", at)
	}
}

// Twelve rows before are seen wherever a window can show them and the row, so that a few deletions cost no miss.
func TestH1_WindowForKeepsSlackWhereItCan(t *testing.T) {
	for at := range 5000 {
		w := aimed(at+1, slackOnceLost)
		for limit := minLimit; limit <= maxLimit; limit++ {
			if possible := (window{max(at-slackOnceLost, 0)/limit + 1, limit}); possible.end() > at {
				require.LessOrEqual(t, w.start(), max(at-slackOnceLost, 0), "at %d: %v, but there is %v", at, w, possible)
			}
		}
	}
}

// Plain paging reads 100,000 messages in 2,000 requests. Each window here overlaps the one before it by a row or more.
func TestH3_WindowForNeedsAtMostAQuarterMoreWindows(t *testing.T) {
	windows := 1
	for w := (window{1, maxLimit}); w.end() < 100_000; windows++ {
		w = aimed(w.end(), 0)
	}
	t.Logf("%d windows, %.3f times plain paging", windows, float64(windows)/2000)
	assert.LessOrEqual(t, windows, 2500)
}

func TestH9_WindowPastEndShowsTheLastRowAndWhatComesAfterIt(t *testing.T) {
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
		{at: 1999, served: 50, want: window{55, 37}}, // 1998 to 2034
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, (&cursor{place: tt.at + 1, served: tt.served}).windowPastEnd(), "at %d, %d served", tt.at, tt.served)
	}
	for at := range 2000 {
		for _, served := range []int{0, 1, 2, 7, 8, 10, 29, 49, 50} {
			for _, slack := range []int{0, slackOnceLost} {
				w := (&cursor{place: at + 1, slack: slack, served: served}).windowPastEnd()
				require.True(t, w.start() <= at && at+1 < w.end(), "at %d: %v shows the row and what comes after it", at, w)
				if served >= 11 { // no offset here is a multiple of all smaller limits
					require.LessOrEqual(t, w.limit, served, "at %d: no more than the gateway is known to serve", at)
				}
			}
		}
	}
}
