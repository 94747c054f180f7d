package outgoing_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// rotating is a gateway whose token is replaced when so many requests have arrived, and a source that knows the new one.
func rotating(t *testing.T, after int32) *outgoing.Client {
	t.Helper()
	var requests atomic.Int32
	current := func() string {
		if requests.Load() > after {
			return "the-new-token"
		}
		return "the-old-token"
	}
	client, err := outgoing.New("", outgoing.WithTokenSource(func(context.Context) (string, error) { return current(), nil }),
		outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			requests.Add(1)
			if req.Header.Get("Authorization") != "Bearer "+current() {
				return answer(http.StatusUnauthorized, ""), nil
			}
			return answer(http.StatusOK, rowsFor(req)), nil
		})}))
	require.NoError(t, err)
	return client
}

func TestB6_ATokenThatIsReplacedWhileACallRunsCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result, err := rotating(t, 7).GetByIDs(t.Context(), ids(1000))
		require.NoError(t, err)
		assert.Len(t, result.Messages, 1000)

		cancelled, err := rotating(t, 7).CancelScheduled(t.Context(), ids(1000))
		require.NoError(t, err)
		assert.Len(t, cancelled.IDs(outgoing.Cancelled), 1000)

		found := 0
		for part, err := range rotating(t, 7).StreamByIDs(t.Context(), func(yield func(int64) bool) {
			for _, id := range ids(1000) {
				if !yield(id) {
					return
				}
			}
		}) {
			require.NoError(t, err)
			found += len(part.Messages)
		}
		assert.Equal(t, 1000, found)
	})
}

func TestB6_ASourceThatAlwaysHasAnotherTokenEndsToo(t *testing.T) {
	var asked, sent atomic.Int32
	client, err := outgoing.New("", outgoing.WithTokenSource(func(context.Context) (string, error) {
		return "token-number-" + string(rune('a'+asked.Add(1)%26)), nil
	}), outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		sent.Add(1)
		return answer(http.StatusUnauthorized, ""), nil
	})}))
	require.NoError(t, err)
	_, err = client.GetByIDs(t.Context(), ids(10_000))
	require.ErrorIs(t, err, outgoing.ErrUnauthorized)
	assert.Len(t, batchIDs(t, err), 10_000)
	assert.LessOrEqual(t, sent.Load(), int32(16))
}

func TestB6_AnUnreachableGatewayEndsTheCall(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { dials.Add(1); return nil, refused }))
		_, err := client.GetByIDs(t.Context(), ids(100_000))
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.Equal(t, ids(100_000), batchIDs(t, err))
		assert.LessOrEqual(t, dials.Load(), int32(4*24))

		dials.Store(0)
		result, err := client.CancelScheduled(t.Context(), ids(100_000))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.Len(t, result.IDs(outgoing.NotSent), 100_000)
		assert.LessOrEqual(t, dials.Load(), int32(4*24))
	})
}

func TestB6_ASingleAnswerResetsTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if requests.Add(1)%10 != 0 {
				return nil, errors.New("connection lost")
			}
			return answer(http.StatusOK, rowsFor(req)), nil
		}), outgoing.WithConcurrency(1), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
		result, err := client.GetByIDs(t.Context(), ids(5000))
		require.NotErrorIs(t, err, outgoing.ErrNotSent)
		assert.Len(t, result.Messages, 500)
	})
}
