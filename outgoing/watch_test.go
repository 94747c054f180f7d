package outgoing_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func message(id int64, code string) outgoing.Message {
	return outgoing.Message{ID: id, StatusCode: code, StatusDate: new(time.Now())}
}

func TestW1_EachStateIsYieldedOnceUntilItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "QUEUED"), message(2, "DONE"), message(3, "QUEUED"))
		for i, change := range []outgoing.Message{message(1, "SENT"), message(3, "DONE"), message(1, "DONE")} {
			time.AfterFunc(time.Duration(i+1)*30*time.Second, func() { g.Add(change) })
		}
		var got []string
		for m, err := range g.Client().Watch(t.Context(), outgoing.WatchRequest{IDs: []int64{1, 2, 3, 1}, Until: hasStatus("DONE")}) {
			require.NoError(t, err)
			got = append(got, m.StatusCode)
		}
		assert.Equal(t, []string{"QUEUED", "DONE", "QUEUED", "SENT", "DONE", "DONE"}, got)
	})
}

func TestW4_UnknownIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		start := time.Now()
		var waited time.Duration
		for m, err := range g.Client().Watch(t.Context(), outgoing.WatchRequest{IDs: []int64{7}, Until: hasStatus("DONE")}) {
			require.ErrorIs(t, err, outgoing.ErrNotFound)
			assert.Equal(t, int64(7), m.ID)
			assert.Equal(t, []int64{7}, batchIDs(t, err))
			waited = time.Since(start)
		}
		assert.GreaterOrEqual(t, waited, 20*time.Second)
		assert.LessOrEqual(t, waited, 22*time.Second)
		assert.Len(t, g.Requests(), 3)
	})
}

func TestW5_TheLastYieldNamesWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "QUEUED"), message(2, "DONE"), message(3, "QUEUED"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var last error
		for _, err := range g.Client().Watch(ctx, outgoing.WatchRequest{IDs: []int64{3, 2, 1}, Until: hasStatus("DONE")}) {
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
		assert.Equal(t, []int64{3, 1}, batchIDs(t, last))
	})
}

func TestW3_AHoldIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "DONE"))
		g.Inject(outgoingtest.Fault{Status: http.StatusTooManyRequests, Times: 5}, outgoingtest.Fault{Status: http.StatusServiceUnavailable, RetryAfter: "100", Times: 2})
		var got []string
		for m, err := range g.Client().Watch(t.Context(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")}) {
			require.NoError(t, err)
			got = append(got, m.StatusCode)
		}
		assert.Equal(t, []string{"DONE"}, got)
		assert.Len(t, g.Requests(), 8)
	})
}
