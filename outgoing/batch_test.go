package outgoing_test

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestB1_NoIDsAreNoRequest(t *testing.T) {
	g := outgoingtest.NewGateway()
	for _, none := range [][]int64{nil, {}} {
		found, err := g.Client().GetByIDs(t.Context(), none)
		require.NoError(t, err)
		assert.Equal(t, outgoing.GetResult{}, found)
		cancelled, err := g.Client().CancelScheduled(t.Context(), none)
		require.NoError(t, err)
		assert.Equal(t, outgoing.CancelResult{}, cancelled)
		for _, err := range g.Client().StreamByIDs(t.Context(), slices.Values(none)) {
			t.Error("the stream must be empty", err)
		}
	}
	assert.Empty(t, g.Requests())
}

func TestB2_IDBelowOneIsRefusedBeforeAnythingIsSent(t *testing.T) {
	g := outgoingtest.NewGateway()
	for _, bad := range []int64{0, -1, -9223372036854775808} {
		all := append(ids(120), bad)
		found, err := g.Client().GetByIDs(t.Context(), all)
		require.ErrorIs(t, err, outgoing.ErrInvalidArgument)
		require.ErrorContains(t, err, strconv.FormatInt(bad, 10))
		assert.Equal(t, outgoing.GetResult{}, found)
		cancelled, err := g.Client().CancelScheduled(t.Context(), all)
		require.ErrorIs(t, err, outgoing.ErrInvalidArgument)
		require.ErrorContains(t, err, strconv.FormatInt(bad, 10))
		assert.Equal(t, outgoing.CancelResult{}, cancelled)
	}
	assert.Empty(t, g.Requests())
}

func TestB3_RequestsHaveFiftyDistinctIDs(t *testing.T) {
	for n, want := range map[int]int{1: 1, 49: 1, 50: 1, 51: 2, 100: 2, 101: 3, 1000: 20} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			synctest.Test(t, func(t *testing.T) {
				g := scheduled(n)
				all := slices.Concat(ids(n), ids(n), ids(n))
				var requests int
				if method == http.MethodGet {
					got, err := g.Client().GetByIDs(t.Context(), all)
					require.NoError(t, err)
					assert.Len(t, got.Messages, n)
					assert.Equal(t, n, *got.SuccessCount)
					requests = got.Requests
				} else {
					got, err := g.Client().CancelScheduled(t.Context(), all)
					require.NoError(t, err)
					assert.Equal(t, ids(n), got.IDs(outgoing.Cancelled))
					requests = got.Requests
				}
				assert.Equal(t, want, requests)
				var sent []int64
				for _, r := range g.Requests() {
					assert.LessOrEqual(t, len(r.IDs), outgoing.MaxIDs)
					sent = append(sent, r.IDs...)
				}
				slices.Sort(sent)
				assert.Equal(t, ids(n), sent, "each once")
			})
		}
	}
}

func TestB3_ResultsHaveTheOrderAsked(t *testing.T) {
	odd := func(id int64) bool { return id%2 == 1 }
	random := seeded(t)
	for _, concurrency := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, shuffled(random, odd), outgoing.WithConcurrency(concurrency))
			asked := ids(1000)
			random.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
			twice := append(slices.Clone(asked), ids(1000)...)

			found, err := client.GetByIDs(t.Context(), twice)
			require.NoError(t, err)
			var got []int64
			for _, m := range found.Messages {
				got = append(got, m.ID)
			}
			assert.Equal(t, slices.DeleteFunc(slices.Clone(asked), func(id int64) bool { return !odd(id) }), got)
			assert.Equal(t, slices.DeleteFunc(slices.Clone(asked), odd), found.Missing)

			cancelled, err := client.CancelScheduled(t.Context(), twice)
			got = nil
			for _, o := range cancelled.Outcomes {
				got = append(got, o.ID)
			}
			assert.Equal(t, asked, got)
			var failed *outgoing.BatchError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, cancelled.IDs(outgoing.Unknown), failed.IDs())
		})
	}
}

func TestB4_NoMoreRequestsAreInFlightThanAllowed(t *testing.T) {
	gateway := shuffled(seeded(t), func(int64) bool { return true })
	for _, concurrency := range []int{1, 2, 4, 16, 100} {
		synctest.Test(t, func(t *testing.T) {
			var now, most atomic.Int64
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				n := now.Add(1)
				defer now.Add(-1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				return gateway(req)
			}))
			use := outgoing.WithConcurrency(concurrency)
			_, err := client.GetByIDs(t.Context(), ids(60*50), use)
			require.NoError(t, err)
			assert.EqualValues(t, min(60, concurrency), most.Swap(0))
			_, err = client.CancelScheduled(t.Context(), ids(60*50), use)
			require.NoError(t, err)
			assert.EqualValues(t, min(60, concurrency), most.Swap(0))
			for _, err := range client.StreamByIDs(t.Context(), slices.Values(ids(60*50)), use) {
				require.NoError(t, err)
			}
			assert.EqualValues(t, min(60, concurrency), most.Load())
		})
	}
}

func TestB4_FourRequestsAreInFlightByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000, outgoingtest.WithLatency(time.Second))
		start := time.Now()
		_, err := g.Client().GetByIDs(t.Context(), ids(1000))
		require.NoError(t, err)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestB5_ChunkThatFailsCostsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(500, outgoingtest.WithLatency(time.Second))
		g.Remove(1, 499)
		g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(101), Status: 418, Times: -1})
		found, err := g.Client().GetByIDs(t.Context(), ids(500))
		var failed *outgoing.BatchError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, ids(150)[100:], failed.IDs())
		assert.Equal(t, []int64{1, 499}, found.Missing)
		assert.Len(t, found.Messages, 448)

		cancelled, err := g.Client().CancelScheduled(t.Context(), ids(500))
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, ids(150)[100:], failed.IDs())
		assert.Len(t, cancelled.IDs(outgoing.Cancelled), 448)
		assert.Len(t, cancelled.IDs(outgoing.Rejected), 52)
	})
}

func TestB6_RefusedTokenStopsTheCall(t *testing.T) {
	for _, code := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(1000)
			g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(101), Delay: time.Second / 2, Status: code}, outgoingtest.Fault{Delay: time.Second, Times: 3})
			found, err := g.Client().GetByIDs(t.Context(), ids(1000))
			var failed *outgoing.BatchError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, 4, count(g, http.MethodGet), "what was in flight is finished, and nothing more is started")
			assert.Len(t, found.Messages, 150)
			assert.Equal(t, append(ids(150)[100:], ids(1000)[200:]...), failed.IDs())
			for _, f := range failed.Failures {
				assert.Equal(t, f.IDs[0] != 101, isNotSent(f.Err), "%v", f.Err)
				var apiErr *outgoing.APIError
				require.ErrorAs(t, f.Err, &apiErr, "the reason is told for what was not started, too")
				assert.Equal(t, code, apiErr.StatusCode)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(1000)
			g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(201), Status: code})
			got, err := g.Client().CancelScheduled(t.Context(), ids(1000), outgoing.WithConcurrency(1))
			require.ErrorIs(t, err, outgoing.ErrNotSent)
			assert.Equal(t, 5, count(g, http.MethodDelete))
			assert.Equal(t, ids(200), got.IDs(outgoing.Cancelled))
			assert.Equal(t, ids(1000)[200:], got.IDs(outgoing.NotSent))
			assert.Equal(t, code, got.Outcomes[249].Status)
			assert.Zero(t, got.Outcomes[250].Status, "the gateway said nothing about it")
			var failed *outgoing.BatchError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, ids(1000)[200:], failed.IDs())
		})
	}
}

func TestB6_OtherCallsOfTheClientGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(50)
		g.Inject(outgoingtest.Fault{Status: 401})
		client := g.Client()
		_, err := client.GetByIDs(t.Context(), ids(50))
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		_, err = client.GetByIDs(t.Context(), ids(50))
		require.NoError(t, err)
	})
}

// A slow chunk at the head does not keep the others from going on for some rounds, and is waited for.
func TestB3_SlowRequestHoldsUpOnlyTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(500, outgoingtest.WithLatency(time.Second))
		g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(1), Delay: 4 * time.Second})
		start := time.Now()
		got, err := g.Client().GetByIDs(t.Context(), ids(500), outgoing.WithConcurrency(4))
		require.NoError(t, err)
		assert.Equal(t, int64(1), got.Messages[0].ID)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestB6_RequestsThatWaitAreNotSentAfterARefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var deleted []int64
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			asked := askedFor(req)
			switch {
			case asked[0] == 1:
				time.Sleep(time.Millisecond) // until the other one has left, too
				return answer(429, "", "Retry-After", "60"), nil
			case asked[0] == 51:
				time.Sleep(time.Second)
				return answer(401, ""), nil
			}
			mu.Lock()
			defer mu.Unlock()
			deleted = append(deleted, asked...)
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithConcurrency(2))
		start := time.Now()
		result, err := client.CancelScheduled(t.Context(), ids(250))
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		assert.Equal(t, time.Second, time.Since(start), "nothing waits any longer")
		assert.Empty(t, deleted)
		assert.Equal(t, ids(250), result.IDs(outgoing.NotSent), "C1: a 429 and a 401 touch nothing, either")
	})
}
