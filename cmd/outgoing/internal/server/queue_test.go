package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

func TestChangesAreGatheredForASecondOr50(t *testing.T) {
	var q queue
	_, wait, ok := q.take(noon)
	assert.False(t, ok)
	assert.Negative(t, wait, "nothing is known to come")
	q.add(make([]outgoing.Message, 3), noon)
	q.add(make([]outgoing.Message, 4), after(900*time.Millisecond))
	_, wait, ok = q.take(after(900 * time.Millisecond))
	assert.False(t, ok)
	assert.Equal(t, 100*time.Millisecond, wait)
	d, _, ok := q.take(after(time.Second))
	require.True(t, ok)
	assert.Len(t, d.msgs, 7)

	q.add(make([]outgoing.Message, 120), after(time.Minute))
	var sizes []int
	for {
		d, _, ok := q.take(after(time.Minute))
		if !ok {
			break
		}
		sizes = append(sizes, len(d.msgs))
	}
	assert.Equal(t, []int{50, 50}, sizes, "the last 20 wait for more")
	d, _, ok = q.take(after(time.Minute + time.Second))
	require.True(t, ok)
	assert.Len(t, d.msgs, 20)
}

func TestACallbackIsRepeatedAfterAWaitThatDoubles(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		1: 10 * time.Second, 2: 20 * time.Second, 3: 40 * time.Second, 5: 160 * time.Second, 6: 5 * time.Minute, 9: 5 * time.Minute, 10: 5 * time.Minute, 100_000: 5 * time.Minute,
	} {
		var q queue
		wait, ok := q.repeat(delivery{msgs: make([]outgoing.Message, 5), attempts: attempts}, noon)
		assert.True(t, ok)
		assert.Equal(t, want, wait)
		_, left, ok := q.take(after(want - time.Millisecond))
		assert.False(t, ok)
		assert.Equal(t, time.Millisecond, left)
		d, _, ok := q.take(after(want))
		assert.True(t, ok)
		assert.Equal(t, attempts, d.attempts)
		assert.Zero(t, q.left())
	}
}

func TestCallbacksAreRepeatedInTheOrderInWhichTheyAreDue(t *testing.T) {
	var q queue
	for _, attempts := range []int{3, 1, 2} {
		q.repeat(delivery{attempts: attempts}, noon)
	}
	q.add(make([]outgoing.Message, 1), noon)
	var order []int
	for range 4 {
		d, _, ok := q.take(after(time.Hour))
		require.True(t, ok)
		order = append(order, d.attempts)
	}
	assert.Equal(t, []int{0, 1, 2, 3}, order, "a new one first")
}

func TestTheQueueIsBounded(t *testing.T) {
	var q queue
	assert.Zero(t, q.add(make([]outgoing.Message, maxFresh-1), noon))
	assert.Equal(t, 4, q.add(make([]outgoing.Message, 5), noon))
	for range maxWaiting {
		_, ok := q.repeat(delivery{attempts: 1, msgs: make([]outgoing.Message, 2)}, noon)
		require.True(t, ok)
	}
	_, ok := q.repeat(delivery{attempts: 1}, noon)
	assert.False(t, ok)
	assert.Equal(t, maxFresh+2*maxWaiting, q.left())
}
