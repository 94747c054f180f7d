package outgoing_test

import (
	"net/http"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestB10_StreamYieldsEachChunkInOrder(t *testing.T) {
	random := seeded(t)
	for _, concurrency := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, shuffled(random, func(id int64) bool { return id%7 != 0 }), outgoing.WithConcurrency(concurrency))
			want := int64(1)
			for part, err := range client.StreamByIDs(t.Context(), slices.Values(ids(1020))) {
				require.NoError(t, err)
				assert.Equal(t, 1, part.Requests)
				for _, id := range settledBy(part, err) {
					assert.Equal(t, want, id)
					want++
				}
				assert.True(t, slices.IsSortedFunc(part.Messages, func(a, b outgoing.Message) int { return int(a.ID - b.ID) }))
			}
			assert.EqualValues(t, 1021, want)
		})
	}
}

func TestB10_IDsAreDeduplicatedWithinAChunk(t *testing.T) {
	g := scheduled(100)
	repeated := slices.Concat(ids(30), ids(30), ids(60))
	var sizes []int
	for part, err := range g.Client().StreamByIDs(t.Context(), slices.Values(repeated)) {
		require.NoError(t, err)
		sizes = append(sizes, len(part.Messages))
	}
	assert.Equal(t, []int{50, 10}, sizes)
	for _, r := range g.Requests() {
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(r.IDs))), len(r.IDs))
	}
}

func TestB10_MemoryDoesNotGrowWithTheLength(t *testing.T) {
	notForRaces(t)
	client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		return answer(http.StatusOK, rowsFor(req)), nil
	}), outgoing.WithConcurrency(8))
	many := sized(100_000, 1_000_000)
	sequence := func(yield func(int64) bool) {
		for id := int64(1); id <= int64(many) && yield(id); id++ {
		}
	}
	var start, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	found, most := 0, uint64(0)
	for part, err := range client.StreamByIDs(t.Context(), sequence) {
		require.NoError(t, err)
		found += len(part.Messages)
		if found%(many/5) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
	assert.Equal(t, many, found)
	assert.Less(t, int64(most)-int64(start.HeapAlloc), int64(4<<20))
}

// IDs are taken as there is room for a request: while the first is slow, a few rounds are taken, and no more.
func TestB10_IDsAreTakenAsThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(1), Delay: 20 * time.Second})
		taken := 0
		for _, err := range g.Client().StreamByIDs(t.Context(), pulled(ids(100_000), &taken)) {
			require.NoError(t, err)
			assert.LessOrEqual(t, taken, 20*50)
			break
		}
	})
}

func TestB10_StreamGoesOnAfterAFailedChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000)
		g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(201), Status: 418})
		var bad, good []int64
		for part, err := range g.Client().StreamByIDs(t.Context(), slices.Values(ids(1000))) {
			if err != nil {
				var failed *outgoing.BatchError
				require.ErrorAs(t, err, &failed)
				assert.Empty(t, part.Messages)
				assert.Equal(t, 1, part.Attempts)
				bad = append(bad, failed.IDs()...)
				continue
			}
			good = append(good, settledBy(part, nil)...)
		}
		assert.Equal(t, ids(250)[200:], bad)
		assert.Len(t, good, 950)
	})
}
