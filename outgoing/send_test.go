package outgoing_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestR2_WaitBetweenAttemptsStaysInItsRange(t *testing.T) {
	for name, fault := range map[string]roundTrip{"status": status(500), "dropped connection": fails(io.EOF)} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				at = append(at, time.Now())
				return fault(req)
			}), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 10, MaxElapsed: time.Hour}))
			_, err := client.GetByIDs(t.Context(), []int64{1})
			require.Error(t, err)
			require.Len(t, at, 10)
			for n := 1; n < 10; n++ {
				wait := at[n].Sub(at[n-1])
				assert.Positive(t, wait, "%s, after attempt %d", name, n)
				assert.LessOrEqual(t, wait, min(20*time.Second, 500*time.Millisecond<<(n-1)), "%s, after attempt %d", name, n)
			}
		})
	}
}

func TestR3_RetryAfterIsWaitedFor(t *testing.T) {
	for value, want := range map[string]time.Duration{"7": 7 * time.Second, "100": 100 * time.Second} {
		for _, code := range []int{408, 429, 500, 502, 503, 504} {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				attempts, err := getOrCancel(t.Context(), newClient(t, inTurn(status(code, "Retry-After", value))), http.MethodGet)
				require.NoError(t, err)
				assert.Equal(t, 2, attempts)
				assert.Equal(t, want, time.Since(start), "%d", code)
			})
		}
	}
}

func TestR3_UnusableRetryAfterLeavesTheOrdinaryBackoff(t *testing.T) {
	for _, value := range []string{"-5", "1.5", "soon", "0", "Thu, 01 Jan 1970 00:00:00 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			attempts, err := getOrCancel(t.Context(), newClient(t, inTurn(status(503, "Retry-After", value))), http.MethodGet)
			require.NoError(t, err)
			assert.Equal(t, 2, attempts)
			assert.Positive(t, time.Since(start), value)
			assert.LessOrEqual(t, time.Since(start), 500*time.Millisecond, value)
		})
	}
}

func TestR3_RetryAfterBeyondTheLimitStopsAtOnce(t *testing.T) {
	for _, value := range []string{"121", "3600", "1000000000000000000", "18446744074", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			attempts, err := getOrCancel(t.Context(), newClient(t, inTurn(status(503, "Retry-After", value))), http.MethodGet)
			var apiErr *outgoing.APIError
			require.ErrorAs(t, err, &apiErr, value)
			assert.Greater(t, apiErr.RetryAfter, 2*time.Minute, value)
			assert.Equal(t, 1, attempts)
			assert.Zero(t, time.Since(start))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := getOrCancel(ctx, newClient(t, inTurn(status(429, "Retry-After", "6"))), http.MethodGet)
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "it did not wait for the deadline")
	})
}

func TestR4_NeverSleepsPastMaxElapsedOrTheDeadline(t *testing.T) {
	for range 50 { // the waits are random
		synctest.Test(t, func(t *testing.T) {
			retry := outgoing.Retry{MaxAttempts: 1000, InitialInterval: 3 * time.Second, MaxInterval: 40 * time.Second}
			client := newClient(t, status(500), outgoing.WithRetry(retry))
			start := time.Now()
			_, err := client.GetByIDs(t.Context(), []int64{1})
			require.ErrorIs(t, err, outgoing.ErrServer)
			assert.LessOrEqual(t, time.Since(start), 2*time.Minute)

			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			start = time.Now()
			_, err = client.GetByIDs(ctx, []int64{1})
			require.ErrorIs(t, err, outgoing.ErrServer)
			require.NoError(t, ctx.Err(), "it stopped before the deadline, and not at it")
			assert.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

func TestR4_CancelledWaitReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, status(503, "Retry-After", "100"))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(errors.New("user went home")) })
		start := time.Now()
		_, err := client.GetByIDs(ctx, []int64{1})
		assert.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "user went home")
		var apiErr *outgoing.APIError
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, 503, apiErr.StatusCode)
	})
}

func TestR4_ContextThatEndsAnAttemptKeepsTheErrorBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Inject(outgoingtest.Fault{Status: 502}, outgoingtest.Fault{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := g.Client().GetByIDs(ctx, []int64{1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, outgoing.ErrServer)
	})
}

func TestR7_AttemptsAreCountedTruly(t *testing.T) {
	for most := 1; most <= 6; most++ {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					sent++
					return answer(500, ""), nil
				}), outgoing.WithRetry(outgoing.Retry{MaxAttempts: most}))
				var attempts int
				var err error
				if method == http.MethodGet {
					var result outgoing.GetResult
					result, err = client.GetByIDs(t.Context(), []int64{1})
					attempts = result.Attempts
				} else {
					var result outgoing.CancelResult
					result, err = client.CancelScheduled(t.Context(), []int64{1})
					attempts = result.Attempts
				}
				assert.Equal(t, sent, attempts, "all of them, the look at what is Unknown included")
				var apiErr *outgoing.APIError
				require.ErrorAs(t, err, &apiErr)
				assert.Equal(t, most, apiErr.Attempts)
				assert.Contains(t, err.Error(), strconv.Itoa(most)+" attempt")
				assert.Equal(t, strings.Contains(err.Error(), "attempts"), most > 1)
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, inTurn(status(500), fails(io.EOF), status(429)))
		result, err := client.GetByIDs(t.Context(), ids(120), outgoing.WithConcurrency(1))
		require.NoError(t, err)
		assert.Equal(t, 6, result.Attempts)
		assert.Equal(t, 3, result.Requests)
	})
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, fails(io.EOF))
		result, err := client.GetByIDs(t.Context(), []int64{1})
		require.ErrorContains(t, err, "(4 attempts)")
		assert.Equal(t, 4, result.Attempts)
		assert.Zero(t, result.Requests)
	})
}

func TestR7_AnAttemptWithoutATokenIsNone(t *testing.T) {
	client, err := outgoing.New("", outgoing.WithTokenSource(func(context.Context) (string, error) { return "", errors.New("sealed") }))
	require.NoError(t, err)
	result, err := client.CancelScheduled(t.Context(), []int64{1})
	require.ErrorIs(t, err, outgoing.ErrNotSent)
	assert.Equal(t, outgoing.NotSent, result.Outcomes[0].State)
	assert.Zero(t, result.Attempts)
}
