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
		{"the total was old, and comes down to the end", append(repeated(4, shown{last, 2, new(130), false}), shown{last, 2, new(100), false}), false, false},
		{"so it does while more go", []shown{{last, 22, new(130), false}, {last, 12, new(120), false}}, false, false},
		{"the total was ahead, and the end came up to it", []shown{{last, 2, new(120), false}, {last, 22, new(140), false}}, false, false},
		{"the total never changed, and the end did", []shown{{last, 2, new(120), false}, {last, 22, new(120), false}}, true, false},
		{"the end is beyond a total that never changed", []shown{{last, 20, new(110), false}}, true, false}, // limits are rounded
		{"one of two ends is beyond a total that never changed", []shown{{last, 12, new(110), false}, {last, 20, new(110), false}}, true, false},
		{"an empty page is not where the history ends", []shown{{last, 2, new(1000), false}, {window{40, 50}, 0, new(1000), false}}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c counts
			for _, a := range tt.answers {
				c.observe(joins(a.window, a.rows, a.total, a.next))
			}
			c.inARow = 2 // so that nothing but a contradiction is against the end
			ended, contradiction := c.judge(delivered)
			assert.Equal(t, tt.contradict, !ended)
			assert.Equal(t, tt.incomplete, contradiction != "")
			c.reset()
			c.inARow = 2
			ended, _ = c.judge(delivered)
			assert.True(t, ended, "rows that were delivered show that the history went on")
		})
	}
}

func TestH9_ATotalThatWasDeliveredContradictsNothing(t *testing.T) {
	var c counts
	for range maxContradictions {
		c.observe(joins(window{1, 50}, 10, new(20), false))
	}
	_, contradiction := c.judge(19)
	assert.NotEmpty(t, contradiction)
	_, contradiction = c.judge(20)
	assert.Empty(t, contradiction, "10 of 20 were deleted after their delivery, and the total is old")
}

func TestH9_RowsInAnotherOrderAreSeen(t *testing.T) {
	tests := []struct {
		name              string
		delivered, window []int64
		reordered         bool
	}{
		{"as delivered", []int64{9, 8, 7}, []int64{9, 8, 7}, false},
		{"some are gone", []int64{9, 8, 7}, []int64{9, 7}, false},
		{"two swapped", []int64{9, 8, 7}, []int64{8, 9}, true},
		{"an unknown row between two", []int64{9, 8, 7}, []int64{9, 5, 7}, true},
		{"an unreadable row between two", []int64{9, 8, 7}, []int64{9, 0, 7}, false},
		{"one arrived", []int64{9, 8, 7}, []int64{10, 9, 8}, false},
		{"one arrived, and the first is gone, or they swapped", []int64{9, 8, 7}, []int64{10, 8, 7}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, reordered := delivered(tt.delivered...).compare(tt.window)
			assert.Equal(t, tt.reordered, reordered)
		})
	}
}

func TestH9_OneMorePageConfirmsTheEnd(t *testing.T) {
	var c counts
	observe := func(a *answer, m match) bool {
		c.observe(a, m)
		ended, contradiction := c.judge(20)
		assert.Empty(t, contradiction)
		return ended
	}
	short := func() (*answer, match) { return joins(window{1, 50}, 20, new(20), false) }
	assert.False(t, observe(short()), "the first")
	assert.True(t, observe(short()))
	assert.False(t, observe(joins(window{1, 20}, 20, new(20), false)), "another came between")
	assert.False(t, observe(short()))
	elsewhere, _ := short()
	assert.False(t, observe(elsewhere, match{relation: lost}), "it does not show the last row delivered")
	c.reset()
	assert.True(t, c.suspect, "what seemed the end was none")
}

func TestH9_AnEndOverReorderedRowsIsIncompleteIfRowsAreMissing(t *testing.T) {
	c := counts{first: new(20), varied: true}
	a, m := joins(window{1, 50}, 20, new(20), false)
	m.reordered = true
	c.observe(a, m)
	_, contradiction := c.judge(19)
	assert.Empty(t, contradiction, "they may still come")
	c.observe(a, m)
	_, contradiction = c.judge(19)
	assert.NotEmpty(t, contradiction)
	ended, contradiction := c.judge(20)
	assert.True(t, ended)
	assert.Empty(t, contradiction)
}

// joins is an answer that goes on where the deliveries ended.
func joins(w window, rows int, total *int, next bool) (*answer, match) {
	return &answer{window: w, Page: Page{IDs: make([]int64, rows), Total: total, HasNext: next}}, match{relation: joined}
}

func repeated(n int, a shown) []shown {
	var all []shown
	for range n {
		all = append(all, a)
	}
	return all
}
