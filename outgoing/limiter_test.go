package outgoing_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestR5_RetriesStopWhileMostRequestsFail(t *testing.T) {
	chunks := sized(400, 2000)
	for _, concurrency := range []int{1, 4, 32} {
		synctest.Test(t, func(t *testing.T) {
			var sent atomic.Int64
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				sent.Add(1)
				return answer(503, ""), nil
			}), outgoing.WithConcurrency(concurrency))
			result, err := client.GetByIDs(t.Context(), ids(chunks*50))
			require.ErrorIs(t, err, outgoing.ErrServer)
			assert.LessOrEqual(t, sent.Load(), int64(chunks+100))
			assert.GreaterOrEqual(t, sent.Load(), int64(chunks), "each chunk has its first attempt")
			assert.EqualValues(t, sent.Load(), result.Attempts)
		})
	}
}

func TestR5_RateLimitsTakeNothingFromTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := make(map[string]int)
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if attempts[req.URL.Path]++; attempts[req.URL.Path] <= 2 {
				return answer(429, ""), nil
			}
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithConcurrency(1))
		result, err := client.GetByIDs(t.Context(), ids(300*50)) // 600 retries, of which the budget allows some 160
		require.NoError(t, err)
		assert.Equal(t, 900, result.Attempts)
	})
}

func TestR5_BudgetIsTheClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, status(500))
		_, _ = client.GetByIDs(t.Context(), ids(100*50))
		result, err := client.CancelScheduled(t.Context(), []int64{1})
		require.ErrorIs(t, err, outgoing.ErrServer)
		assert.Equal(t, 2, result.Attempts, "one DELETE, and one look")
	})
}

func TestR6_HoldKeepsAllRequestsOfTheClientBack(t *testing.T) {
	for _, code := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var mu sync.Mutex
			var others []time.Duration
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if askedFor(req)[0] == 1 && time.Since(start) < time.Second {
					return answer(code, "", "Retry-After", "30"), nil
				}
				mu.Lock()
				defer mu.Unlock()
				others = append(others, time.Since(start))
				return answer(200, rowsFor(req)), nil
			}))
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := client.GetByIDs(t.Context(), []int64{1})
				assert.NoError(t, err)
			})
			synctest.Wait()
			for id := range int64(10) {
				wg.Go(func() {
					_, err := client.CancelScheduled(t.Context(), []int64{id + 2})
					assert.NoError(t, err)
				})
			}
			wg.Wait()
			require.Len(t, others, 11)
			for _, at := range others {
				assert.Equal(t, 30*time.Second, at, "%d: nothing left before", code)
			}
		})
	}
}

func TestR6_OtherFailuresHoldNothingBack(t *testing.T) {
	for _, fault := range []roundTrip{status(503), status(500, "Retry-After", "30"), status(408, "Retry-After", "30"), fails(io.EOF)} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, inTurn(fault))
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = client.GetByIDs(t.Context(), []int64{1}) })
			synctest.Wait()
			start := time.Now()
			_, err := client.GetByIDs(t.Context(), []int64{2})
			require.NoError(t, err)
			assert.Zero(t, time.Since(start))
			wg.Wait()
		})
	}
}

func TestR6_RequestThatCannotWaitForTheHoldFailsAtOnceNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			sent++
			return inTurn(status(429, "Retry-After", "200"))(req)
		}))
		_, err := client.GetByIDs(t.Context(), []int64{1})
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		require.NotErrorIs(t, err, outgoing.ErrNotSent, "this one was sent")

		start := time.Now()
		result, err := client.CancelScheduled(t.Context(), ids(120))
		assert.Zero(t, time.Since(start))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		var apiErr *outgoing.APIError
		require.ErrorAs(t, err, &apiErr, "what put the hold on")
		assert.Equal(t, 200*time.Second, apiErr.RetryAfter)
		assert.Equal(t, ids(120), result.IDs(outgoing.NotSent))
		assert.Zero(t, result.Attempts)
		assert.Equal(t, 1, sent)

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = client.GetByIDs(ctx, []int64{1}, outgoing.WithRetry(outgoing.Retry{MaxElapsed: time.Hour}))
		require.ErrorIs(t, err, outgoing.ErrNotSent, "nor after the context's deadline")
		assert.Zero(t, time.Since(start))
	})
}

func TestR6_AbsurdRetryAfterHoldsForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, inTurn(status(429, "Retry-After", "1000000000000000000")),
			outgoing.WithRetry(outgoing.Retry{MaxElapsed: time.Hour}))
		_, err := client.GetByIDs(t.Context(), []int64{1})
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		start := time.Now()
		_, err = client.GetByIDs(t.Context(), []int64{1})
		require.NoError(t, err)
		assert.Equal(t, 5*time.Minute, time.Since(start))
	})
}

// A hold is not enough: all at once after it, requests would meet the same limit until their attempts are used up.
func TestR6_BulkJobsSettleAtTheRateOfTheGateway(t *testing.T) {
	many := raced(10_000, sized(20_000, 100_000))
	concurrencies := raced([]int{4, 32}, sized([]int{4, 32}, []int{4, 32, 8, 16}))
	least := time.Duration(many/outgoing.MaxIDs) * time.Second / 10
	limits := map[string]func(int) func(time.Time) bool{"fixed window": fixedWindow, "token bucket": tokenBucket}
	for name, limit := range limits {
		for _, concurrency := range concurrencies {
			t.Run(fmt.Sprintf("%s, %d at once", name, concurrency), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					g := &overloaded{latency: 20 * time.Millisecond, limit: limit(10)}
					client := newClient(t, g, outgoing.WithConcurrency(concurrency))

					start := time.Now()
					found, err := client.GetByIDs(t.Context(), ids(many))
					require.NoError(t, err)
					assert.Len(t, found.Messages, many)
					t.Logf("%d GETs took %v and %d attempts", found.Requests, time.Since(start), found.Attempts)
					assert.Less(t, time.Since(start), least*3/2)
					assert.Less(t, found.Attempts, found.Requests*11/10+2*concurrency)

					start = time.Now()
					cancelled, err := client.CancelScheduled(t.Context(), ids(many/5))
					require.NoError(t, err)
					assert.Len(t, cancelled.IDs(outgoing.Cancelled), many/5)
					t.Logf("%d DELETEs took %v and %d attempts", cancelled.Requests, time.Since(start), cancelled.Attempts)
					assert.Less(t, time.Since(start), least/5*3/2)
					assert.Less(t, cancelled.Attempts, cancelled.Requests*11/10+2*concurrency)
				})
			})
		}
	}
}

func TestR5_CancelDuringAnOutageStopsLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return answer(503, ""), nil
		}))
		result, err := client.CancelScheduled(t.Context(), ids(2000*50))
		require.ErrorIs(t, err, outgoing.ErrServer)
		assert.Len(t, result.IDs(outgoing.Unknown), 2000*50)
		assert.LessOrEqual(t, sent.Load(), int64(2100+4*4), "no more looks than are under way when the first one fails")
	})
}
