package outgoing_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// What of P1 to P4 can be tested without a clock, and so without noise. The benchmarks measure the rest.

func TestP1_AllocationsStayNearTheFloor(t *testing.T) {
	if fewer.Raced {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	for _, c := range contests(t) {
		ratio := c.allocations()
		t.Logf("%s: %.2f times the floor's allocations", c.name, ratio)
		assert.LessOrEqual(t, ratio, allocationsLimit, c.name)
	}
}

// slowly answers after the latency of P2 and P4, in virtual time.
func slowly(answer roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		select {
		case <-time.After(latency):
			return answer(req)
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

func TestP2_RequestsOverlapPerfectly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, slowly(echo), outgoing.WithConcurrency(8))
		start := time.Now()
		result, err := client.GetByIDs(t.Context(), ids(10_000))
		require.NoError(t, err)
		assert.Len(t, result.Messages, 10_000)
		assert.Equal(t, 25*latency, time.Since(start), "200 requests, 8 at once")
	})
}

func TestP3_MemoryDoesNotGrowWithAStream(t *testing.T) {
	notForRaces(t)
	n := sized(100_000, 300_000) // of which 100,000 would take more than the limit, if they were kept
	heap := streamHeap(t, newClient(t, roundTrip(echo)), n)
	t.Logf("%d IDs: the heap rose by %.1f MiB", n, float64(heap)/(1<<20))
	assert.LessOrEqual(t, heap, uint64(heapLimit<<20))
}

func TestP4_WindowsOverlapNearlyPerfectly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(raced(20_000, 100_000), 1)
		start := time.Now()
		r := h.read(newClient(t, slowly(h.RoundTrip), outgoing.WithConcurrency(8)).All(t.Context()))
		require.NoError(t, r.err)
		took, ideal := time.Since(start), time.Duration(r.requests)*latency/8
		t.Logf("%d requests took %v, ideally %v: %.3f times", r.requests, took, ideal, float64(took)/float64(ideal))
		assert.LessOrEqual(t, float64(took), historyLimit*float64(ideal))
	})
}
