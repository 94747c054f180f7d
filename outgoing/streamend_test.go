package outgoing_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestB10_StreamEndsAfterARefusedToken(t *testing.T) {
	for _, code := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(10_000)
			g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(101), Delay: time.Second / 2, Status: code}, outgoingtest.Fault{Delay: time.Second, Times: 3})
			taken := 0
			var all []int64
			var last error
			for part, err := range g.Client().StreamByIDs(t.Context(), pulled(ids(10_000), &taken)) {
				all = append(all, settledBy(part, err)...)
				if err != nil {
					last = err
				}
			}
			assert.Equal(t, ids(200), all, "what was in flight is yielded, the refused chunk in its place")
			assert.Equal(t, 4, count(g, http.MethodGet))
			require.Error(t, last)
			assert.Equal(t, code == 401, errors.Is(last, outgoing.ErrUnauthorized))
			require.ErrorIs(t, last, outgoing.ErrNotSent)
			require.ErrorContains(t, last, "ID 201 and those after it were not sent")
			assert.Equal(t, 201, taken, "one more, to know whether there are more")
		})
	}
}

func TestB10_IDBelowOneEndsTheStreamAfterTheChunksBefore(t *testing.T) {
	for _, before := range []int{0, 1, 49, 50, 51, 120} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(200)
			var all []int64
			var errs []error
			for part, err := range g.Client().StreamByIDs(t.Context(), slices.Values(append(append(ids(before), 0), ids(200)...))) {
				all = append(all, settledBy(part, nil)...)
				errs = append(errs, err)
			}
			assert.Len(t, all, before)
			require.NotEmpty(t, errs)
			require.ErrorIs(t, errs[len(errs)-1], outgoing.ErrInvalidArgument)
			require.ErrorIs(t, errs[len(errs)-1], outgoing.ErrNotSent)
			require.ErrorContains(t, errs[len(errs)-1], "ID 0")
			for _, err := range errs[:len(errs)-1] {
				require.NoError(t, err)
			}
			assert.Len(t, g.Requests(), (before+49)/50)
		})
	}
}

func TestB10_DoneContextEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(10_000, outgoingtest.WithLatency(time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		start := time.Now()
		taken := 0
		var all []int64
		var last error
		for part, err := range g.Client().StreamByIDs(ctx, pulled(ids(10_000), &taken)) {
			all = append(all, settledBy(part, err)...)
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
		assert.Equal(t, 2500*time.Millisecond, time.Since(start))
		assert.GreaterOrEqual(t, len(all), 400, "two rounds of four chunks were answered")
		assert.Equal(t, ids(len(all)), all, "each ID once, in order")
		assert.Len(t, all, taken/50*50, "each ID that was taken for a request is accounted for")
	})
}

func TestB10_ContextDoneBeforehandIsSaidOnce(t *testing.T) {
	g := scheduled(100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	yields := 0
	for part, err := range g.Client().StreamByIDs(ctx, slices.Values(ids(100))) {
		yields++
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.Empty(t, part.Messages)
	}
	assert.Equal(t, 1, yields)
	assert.Empty(t, g.Requests())
}

func TestB10_LeavingTheLoopStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(10_000, outgoingtest.WithLatency(time.Second))
		taken, yields := 0, 0
		for _, err := range g.Client().StreamByIDs(t.Context(), pulled(ids(10_000), &taken)) {
			require.NoError(t, err)
			if yields++; yields == 2 {
				break
			}
		}
		sent, had := len(g.Requests()), taken
		time.Sleep(time.Hour)
		assert.Len(t, g.Requests(), sent)
		assert.Equal(t, had, taken)
		assert.LessOrEqual(t, sent, 8)
	})
}

func TestB10_PanicInTheIteratorReachesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000, outgoingtest.WithLatency(time.Second))
		assert.PanicsWithValue(t, "mine", func() {
			for _, err := range g.Client().StreamByIDs(t.Context(), func(yield func(int64) bool) {
				for id := int64(1); yield(id); id++ {
					if id == 275 {
						panic("mine")
					}
				}
			}) {
				require.NoError(t, err)
			}
		})
	})
}

func TestB10_RangingTwiceAsksTwice(t *testing.T) {
	g := scheduled(120)
	stream := g.Client().StreamByIDs(t.Context(), slices.Values(ids(120)))
	for round := 1; round <= 2; round++ {
		n := 0
		for part, err := range stream {
			require.NoError(t, err)
			n += len(part.Messages)
		}
		assert.Equal(t, 120, n)
		assert.Len(t, g.Requests(), 3*round)
	}
	stream = g.Client().StreamByIDs(t.Context(), slices.Values([]int64{1, 0}))
	for range 2 {
		var last error
		for _, err := range stream {
			last = err
		}
		require.ErrorIs(t, last, outgoing.ErrInvalidArgument)
	}
}

func TestB10_BadArgumentIsYielded(t *testing.T) {
	g := scheduled(1)
	for _, stream := range []iter.Seq2[outgoing.GetResult, error]{
		g.Client().StreamByIDs(t.Context(), nil),
		g.Client().StreamByIDs(t.Context(), slices.Values(ids(1)), outgoing.WithConcurrency(0)),
		g.Client().StreamByIDs(t.Context(), slices.Values(ids(1)), nil),
	} {
		yields := 0
		for _, err := range stream {
			yields++
			require.ErrorIs(t, err, outgoing.ErrInvalidArgument)
		}
		assert.Equal(t, 1, yields)
	}
	assert.Empty(t, g.Requests())
}

func TestB10_ContextThatEndsInTheTokenSourceIsFound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, err := outgoing.New("", outgoing.WithTokenSource(func(ctx context.Context) (string, error) {
		cancel()
		<-ctx.Done()
		return "", errors.New("aborted")
	}))
	require.NoError(t, err)
	_, err = client.GetByIDs(ctx, []int64{1})
	require.ErrorIs(t, err, context.Canceled)
}
