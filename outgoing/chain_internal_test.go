package outgoing

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// delivered is a chain that ends in these rows.
func delivered(ids ...int64) *chain {
	c := newChain()
	for _, id := range ids {
		c.deliver(id)
	}
	return c
}

func TestH1_LookJoinsWhereTheDeliveriesEnded(t *testing.T) {
	const fresh, older, short, full = true, false, true, false
	tests := []struct {
		name         string
		delivered    []int64
		window       []int64
		fresh, short bool
		from         int // if joined
		sighting     sighting
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
		{"behind the end", []int64{9, 8, 7}, nil, fresh, short, 0, lost},
		{"a row without an ID was delivered", []int64{9, 8, 0}, []int64{8, 0, 6}, fresh, full, 2, joined},
		{"one of two without an ID", []int64{9, 8, 0}, []int64{8, 0, 0, 5}, fresh, full, 2, joined},
		{"a row without an ID is gone", []int64{9, 8, 0}, []int64{8, 6}, fresh, full, 1, joined},
		{"a row without an ID is no place to join at", []int64{9, 8, 0}, []int64{0, 6}, fresh, full, 0, lost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := window{1, len(tt.window)}
			if tt.short {
				w.limit++
			}
			m := delivered(tt.delivered...).look(w, tt.window, tt.fresh, nil)
			assert.Equal(t, tt.sighting, m.sighting)
			if m.sighting == joined {
				assert.Equal(t, tt.from, m.from)
			}
			assert.False(t, m.altered)
		})
	}
}

func TestH1_TheChainRemembers512IDs(t *testing.T) {
	c := newChain()
	for id := int64(100_000); id > 0; id-- {
		assert.True(t, c.deliver(id))
	}
	assert.Equal(t, 100_000, c.delivered)
	assert.Len(t, c.recent, remembered)
	assert.Len(t, c.known, remembered)
	assert.LessOrEqual(t, cap(c.recent), 4*remembered, "memory does not grow with the history")

	assert.Equal(t, lost, c.look(window{1, 2}, []int64{513, 0}, true, nil).sighting, "the 513th last is forgotten")
	assert.Equal(t, match{sighting: joined, last: 0, from: 1}, c.look(window{1, 2}, []int64{512, -1}, true, nil), "the 512th last is not")
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

func TestH1_SearchFollowsTheTotalAndThenLooksOnBothSides(t *testing.T) {
	tests := []struct {
		name       string
		was, total *int
		want       []int // the offsets aimed at, one window after another
	}{
		{"the total grew", new(5000), new(5030), []int{1030, 1030 - 12, 1030 + 24, 1030 - 48, 1030 + 96}},
		{"the total shrank", new(5000), new(4990), []int{990, 990 - 12, 990 + 24}},
		{"the total is the same", new(5000), new(5000), []int{1000 - 12, 1000 + 24, 1000 - 48, 1000 + 96}},
		{"no total", nil, nil, []int{1000 - 12, 1000 + 24}},
		{"the total is new", nil, new(7000), []int{1000 - 12, 1000 + 24}},
		{"the total is gone", new(5000), nil, []int{1000 - 12, 1000 + 24}},
		{"everything went", new(5000), new(0), []int{0, 0, 24, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := delivered(1)
			c.at, c.total = 1000, tt.was
			for _, at := range tt.want {
				assert.Equal(t, aim(at, slackAfterMiss), c.search(window{1, 50}, 50, tt.total), "at %d", at)
			}
		})
	}
}

func TestH1_AnEarlyWindowSaysHowFarToStepOn(t *testing.T) {
	c := delivered(9, 8, 7, 6, 5)
	c.at = 4
	w := c.stepOn(40, 8, new(45)) // 7, 6 and 5 are behind it
	assert.Equal(t, 43, c.at)
	assert.Equal(t, aim(43, 3), w, "with slack for those that may have gone")
	assert.Equal(t, 1, c.misses)
}

func TestH1_EightFruitlessWindowsAreEnough(t *testing.T) {
	c := delivered(9)
	for range mostMisses - 1 {
		c.search(window{1, 50}, 50, nil)
	}
	assert.False(t, c.exhausted())
	c.arrived(49, nil, false)
	assert.True(t, c.exhausted(), "a window that shows nothing new is fruitless, too")
	c.arrived(49, nil, true)
	assert.False(t, c.exhausted(), "news start the count again")
}

func TestH1_AnEmptyWindowLeadsToTheEndOfTheHistory(t *testing.T) {
	c := newChain()
	c.deliver(1)
	c.arrived(721, new(2000), true)
	assert.Equal(t, aim(699, slackAfterMiss), c.search(window{26, 28}, 0, new(700)), "where the total says")
	assert.Equal(t, aim(699-slackAfterMiss, slackAfterMiss), c.search(window{26, 28}, 0, new(2000)), "before the window, if the total lags")
}
