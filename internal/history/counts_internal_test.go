package history

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// shown is an answer: the window asked for, and what came.
type shown struct {
	window
	rows  int
	total *int
	next  bool
}

func TestH9_CountsContradictTheEnd(t *testing.T) {
	const delivered = 100
	last := window{3, 49} // 98 to 146
	tests := []struct {
		name                   string
		answers                []shown
		contradict, incomplete bool
	}{
		{"nothing said", []shown{{last, 2, nil, false}}, false, false},
		{"the total fits", []shown{{last, 2, new(100), false}}, false, false},
		{"the total is too small", []shown{{last, 2, new(40), false}}, false, false},
		{"a full page says nothing", []shown{{last, 49, new(2000), true}}, false, false},
		{"the total goes on", []shown{{last, 2, new(101), false}}, true, false},
		{"Link goes on", []shown{{last, 2, nil, true}}, true, false},
		{"Link goes on, and the total does not", []shown{{last, 2, new(100), true}}, true, false},
		{"Link goes on in one of two", []shown{{last, 2, nil, true}, {last, 2, nil, false}}, false, false},
		{"the total goes on five times", repeated(5, shown{last, 2, new(101), false}), true, true},
		{"Link goes on five times", repeated(5, shown{last, 2, nil, true}), true, true},
		{"Link goes on once, then other pages come", append([]shown{{last, 2, nil, true}}, repeated(5, shown{window{1, 50}, 50, nil, true})...), true, false},
		{"more rows than asked for, five times", repeated(5, shown{last, 50, new(2000), false}), true, true},
		{"the total was old, and comes down to the end", append(repeated(4, shown{last, 2, new(130), false}), shown{last, 2, new(100), false}), false, false},
		{"so it does while more go", []shown{{last, 22, new(130), false}, {last, 12, new(120), false}}, false, false},
		{"the total was ahead, and the end came up to it", []shown{{last, 2, new(120), false}, {last, 22, new(140), false}}, false, false},
		{"the total never changed, and the end did", []shown{{last, 2, new(120), false}, {last, 22, new(120), false}}, true, false},
		{"the end is beyond a total that never changed", []shown{{last, 20, new(110), false}}, true, false}, // limits are rounded
		{"an empty page after the end proves nothing", []shown{{window{40, 50}, 0, new(1000), false}}, false, false},
		{"an empty page is not where the history ends", []shown{{last, 2, new(1000), false}, {window{40, 50}, 0, new(1000), false}}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c counts
			for _, a := range tt.answers {
				c.observe(view{window: a.window, ids: make([]int64, a.rows), total: a.total}, a.next)
			}
			assert.Equal(t, tt.contradict, c.contradict(delivered))
			assert.Equal(t, tt.incomplete, c.incomplete(delivered))
			c.reset()
			assert.False(t, c.contradict(delivered), "rows that were delivered show that the history went on")
		})
	}
}

func TestH9_ATotalThatWasDeliveredContradictsNothing(t *testing.T) {
	var c counts
	for range maxContradictions {
		c.observe(view{window: window{1, 50}, ids: make([]int64, 10), total: new(20)}, false)
	}
	assert.True(t, c.incomplete(19))
	assert.False(t, c.incomplete(20), "10 of 20 were deleted after their delivery, and the total is old")
}

func TestH9_RowsInAnotherOrderAreSeen(t *testing.T) {
	tests := []struct {
		name              string
		delivered, window []int64
		altered, unsure   bool
	}{
		{"as delivered", []int64{9, 8, 7}, []int64{9, 8, 7}, false, false},
		{"some are gone", []int64{9, 8, 7}, []int64{9, 7}, false, false},
		{"two swapped", []int64{9, 8, 7}, []int64{8, 9}, true, false},
		{"an unknown row between two", []int64{9, 8, 7}, []int64{9, 5, 7}, true, false},
		{"an unreadable row between two", []int64{9, 8, 7}, []int64{9, 0, 7}, false, false},
		{"one arrived", []int64{9, 8, 7}, []int64{10, 9, 8}, false, false},
		{"one arrived, and the first is gone, or they swapped", []int64{9, 8, 7}, []int64{10, 8, 7}, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			altered, unsure := delivered(tt.delivered...).compare(tt.window)
			assert.Equal(t, tt.altered, altered)
			assert.Equal(t, tt.unsure, unsure)
		})
	}
}

func TestH9_ARowThatMovedIsLookedAtWithSlack(t *testing.T) {
	c := delivered(9, 8, 7)
	c.at, c.total = 2, new(100)
	w := window{2, 2} // 2 and 3
	assert.Equal(t, overlaps, c.locate(view{w, []int64{7, 6}, new(100), true}).overlap)
	assert.Equal(t, doubtful, c.locate(view{w, []int64{8, 7}, new(100), true}).overlap, "7 was at 2, and the total is the same")
	assert.Equal(t, overlaps, c.locate(view{w, []int64{8, 7}, new(101), true}).overlap, "one arrived")
	assert.Equal(t, overlaps, c.locate(view{w, []int64{8, 7}, nil, true}).overlap, "nothing is known")
	c.slack = slackAfterMiss
	assert.Equal(t, overlaps, c.locate(view{w, []int64{8, 7}, new(100), true}).overlap)
}

func repeated(n int, a shown) []shown {
	var all []shown
	for range n {
		all = append(all, a)
	}
	return all
}
