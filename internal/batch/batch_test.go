package batch_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/batch"
)

func TestB3_RepeatedIDsAreSentOnceInTheOrderOfFirstMention(t *testing.T) {
	ids, err := batch.Distinct([]int64{7, 3, 7, 1, 3})
	require.NoError(t, err)
	assert.Equal(t, []int64{7, 3, 1}, ids)
	_, err = batch.Distinct([]int64{7, 0})
	require.ErrorContains(t, err, "message ID 0")
}

// chunks returns the chunks of two of these IDs; the call is stopped after so many of them.
func chunks(stopAfter int, ids ...int64) ([][]int64, *batch.Source) {
	var all [][]int64
	s := &batch.Source{IDs: slices.Values(ids), Size: 2, Stopped: func() bool { return len(all) >= stopAfter }}
	for chunk := range s.Chunks {
		if all = append(all, chunk); len(all) == stopAfter {
			break
		}
	}
	return all, s
}

func TestB10_AStreamKnowsWhatItLeavesOut(t *testing.T) {
	all, s := chunks(9, 1, 2, 2, 3, 4, 5)
	assert.Equal(t, [][]int64{{1, 2}, {3, 4}, {5}}, all)
	assert.True(t, s.Sent)
	assert.Zero(t, s.Next)

	all, s = chunks(1, 1, 2, 3)
	assert.Equal(t, [][]int64{{1, 2}}, all)
	assert.False(t, s.Sent)
	assert.EqualValues(t, 3, s.Next)

	all, s = chunks(9, 1, 2, 3, -4, 5)
	assert.Equal(t, [][]int64{{1, 2}, {3}}, all, "what came before an ID that is none")
	require.ErrorContains(t, s.Bad, "message ID -4")
	assert.False(t, s.Sent)
}
