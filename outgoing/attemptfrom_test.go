package outgoing_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestAttemptFrom_EveryRequestTellsWhichAttemptItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []outgoing.Attempt
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			attempt, ok := outgoing.AttemptFrom(r.Context())
			require.True(t, ok)
			seen = append(seen, attempt)
			if attempt.Number < 3 {
				return answer(http.StatusServiceUnavailable, ""), nil
			}
			return answer(http.StatusOK, `[{"id":1,"status":204},{"id":2,"status":204}]`), nil
		}))

		_, err := client.GetByIDs(t.Context(), ids(2))
		require.NoError(t, err)
		_, err = client.CancelScheduled(t.Context(), ids(2))
		require.NoError(t, err)
		_, err = client.List(t.Context(), outgoing.PageRequest{})
		require.NoError(t, err)

		var want []outgoing.Attempt
		for _, request := range []outgoing.Attempt{
			{Method: "GET", Path: "/messages/{ids}", IDCount: 2},
			{Method: "DELETE", Path: "/messages/{ids}", IDCount: 2},
			{Method: "GET", Path: "/messages"},
		} {
			for request.Number = 1; request.Number <= 3; request.Number++ {
				want = append(want, request)
			}
		}
		assert.Equal(t, want, seen)
	})
}

func TestAttemptFrom_OfAnotherContextIsNone(t *testing.T) {
	attempt, ok := outgoing.AttemptFrom(context.Background())
	assert.False(t, ok)
	assert.Zero(t, attempt)
}
