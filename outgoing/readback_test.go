package outgoing_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestC3_NoLookAfterADoneContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{AfterWork: true, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := g.Client().CancelScheduled(ctx, []int64{1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Unknown))
		assert.Zero(t, count(g, http.MethodGet))
	})
}

func TestC3_NoLookWithATokenThatIsRefused(t *testing.T) {
	for _, code := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(200)
			g.Inject(
				outgoingtest.Fault{Method: http.MethodDelete, Match: outgoingtest.HasID(1), AfterWork: true, Truncate: -1},
				outgoingtest.Fault{Method: http.MethodDelete, Match: outgoingtest.HasID(51), Status: code},
			)
			got, err := g.Client().CancelScheduled(t.Context(), ids(200), outgoing.WithConcurrency(1))
			require.Error(t, err)
			assert.Equal(t, ids(50), got.IDs(outgoing.Unknown))
			assert.Equal(t, ids(200)[50:], got.IDs(outgoing.NotSent))
			assert.Zero(t, count(g, http.MethodGet))
		})
	}
}

func TestC3_FailedLookAddsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{AfterWork: true, Truncate: -1},
			outgoingtest.Fault{Method: http.MethodGet, Status: 418, Times: -1})
		got, err := g.Client().CancelScheduled(t.Context(), []int64{1})
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Unknown))
		assert.Nil(t, got.Outcomes[0].Message)
		var failed *outgoing.BatchError
		require.ErrorAs(t, err, &failed)
		require.Len(t, failed.Failures, 1)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.NotContains(t, err.Error(), "418")
		assert.Equal(t, 2, got.Attempts)
	})
}

func TestC3_UnknownIDsAreLookedUpOnceTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(500)
		g.Inject(outgoingtest.Fault{Method: http.MethodDelete, Times: -1, AfterWork: true, Omit: []int64{1, 51, 101, 151, 201}})
		g.Remove(101)
		got, err := g.Client().CancelScheduled(t.Context(), ids(500))
		require.Error(t, err)
		assert.Equal(t, []int64{1, 51, 101, 151, 201}, got.IDs(outgoing.Unknown))
		assert.Equal(t, 1, count(g, http.MethodGet))
		for _, id := range []int64{1, 51, 151, 201} {
			require.NotNil(t, got.Outcomes[id-1].Message, "%d", id)
			assert.Equal(t, id, got.Outcomes[id-1].Message.ID)
		}
		assert.Nil(t, got.Outcomes[100].Message, "which is gone")
		assert.True(t, strings.HasPrefix(err.Error(), "outgoing: 5 IDs not settled"))
	})
}

func TestC3_LookGoesOnWithoutABudgetWhileItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete {
				return answer(503, ""), nil
			}
			return answer(200, rowsFor(req)), nil
		}))
		result, err := client.CancelScheduled(t.Context(), ids(100*50))
		require.ErrorIs(t, err, outgoing.ErrServer)
		for _, o := range result.Outcomes {
			require.NotNil(t, o.Message, "ID %d", o.ID)
		}
	})
}
