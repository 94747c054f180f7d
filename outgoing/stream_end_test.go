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

// A part that failed before does not stand in for the end: its error says nothing about the IDs that are left.
func TestB10_AStreamThatEndsEarlySaysSoInItsLastYield(t *testing.T) {
	for _, concurrency := range []int{1, 4, 16} {
		for name, test := range map[string]struct {
			fault  outgoingtest.Fault
			reason error
		}{
			"deadline in a slow loop": {outgoingtest.Fault{Match: outgoingtest.HasID(1), Status: 400}, context.DeadlineExceeded},
			"401 at once":             {outgoingtest.Fault{Match: outgoingtest.HasID(1), Status: 401}, outgoing.ErrUnauthorized},
			"403 later":               {outgoingtest.Fault{Match: outgoingtest.HasID(301), Status: 403}, outgoing.ErrForbidden},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := scheduled(5000)
					g.Inject(test.fault)
					ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
					defer cancel()
					seq := g.Client().StreamByIDs(ctx, slices.Values(ids(5000)), outgoing.WithConcurrency(concurrency))
					got := stream(seq, func(int) { time.Sleep(time.Second) })

					require.ErrorIs(t, got.last(), outgoing.ErrNotSent)
					require.ErrorIs(t, got.last(), test.reason)
					assert.Zero(t, got.parts[got.yields-1])
					assert.Equal(t, ids(len(got.ids)), got.ids, "what was taken for a request is accounted for")
					assert.Less(t, len(got.ids), 5000)
					assert.Len(t, got.ids, (got.yields-1)*50, "the other yields are one chunk each")
				})
			})
		}
	}
}

// Once each ID was sent, there is nothing left that the end of the context, or a refused token, keeps from being sent.
func TestB10_AStreamThatSentEverythingHasNoMoreToSay(t *testing.T) {
	for _, concurrency := range []int{1, 4, 16} {
		for _, n := range []int{1, 50, 51, 100, 120} {
			synctest.Test(t, func(t *testing.T) {
				chunks := (n + 49) / 50
				g := scheduled(n)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				seq := g.Client().StreamByIDs(ctx, slices.Values(ids(n)), outgoing.WithConcurrency(concurrency))
				got := stream(seq, func(yields int) {
					if yields == chunks {
						cancel()
					}
				})
				assert.Equal(t, make([]error, chunks), got.errs, "%d IDs", n)
				assert.Equal(t, ids(n), got.ids)

				g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(int64(n)), Status: 401})
				seq = g.Client().StreamByIDs(t.Context(), slices.Values(ids(n)), outgoing.WithConcurrency(concurrency))
				got = stream(seq, idle)
				assert.Len(t, got.errs, chunks, "%d IDs", n)
				assert.Equal(t, ids(n), got.ids)
				require.ErrorIs(t, got.last(), outgoing.ErrUnauthorized)
				require.NotErrorIs(t, got.last(), outgoing.ErrNotSent, "it was sent, and refused")
			})
		}
	}
}

// An iterator that ends because the context did has more to give than it gave.
func TestB10_AnIteratorThatHeedsTheContextDoesNotHideTheEnd(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		for _, n := range []int{0, 1, 50, 75, 100} {
			synctest.Test(t, func(t *testing.T) {
				g := scheduled(1000)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, cancel)
				heeding := func(yield func(int64) bool) {
					for id := range int64(n) {
						if !yield(id + 1) {
							return
						}
					}
					<-ctx.Done()
				}
				got := stream(g.Client().StreamByIDs(ctx, heeding, outgoing.WithConcurrency(concurrency)), idle)
				require.NotEmpty(t, got.errs, "%d IDs", n)
				require.ErrorIs(t, got.last(), outgoing.ErrNotSent, "%d IDs", n)
				require.ErrorIs(t, got.last(), context.Canceled, "%d IDs", n)
				assert.Len(t, got.ids, n, "those that were taken are named")
			})
		}
	}
}

// An iterator may wait for a long time for its next ID. A stream that is over does not ask it.
func TestB10_AStreamThatIsStoppedAsksForNoMoreIDs(t *testing.T) {
	for _, stop := range []string{"401", "cancel"} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(100)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if stop == "401" {
				g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(51), Status: 401})
			}
			waiting := func(yield func(int64) bool) {
				for _, id := range ids(101) {
					if !yield(id) {
						return
					}
				}
				time.Sleep(time.Hour)
				yield(102)
			}
			start := time.Now()
			seq := g.Client().StreamByIDs(ctx, waiting, outgoing.WithConcurrency(1))
			got := stream(seq, func(yields int) {
				if stop == "cancel" && yields == 2 {
					cancel()
				}
			})
			require.ErrorIs(t, got.last(), outgoing.ErrNotSent, stop)
			assert.Zero(t, time.Since(start), stop)
			assert.Equal(t, 2, count(g, http.MethodGet), stop)
		})
	}
}

func TestB10_NothingIsTakenOnceTheContextIsDone(t *testing.T) {
	g := scheduled(100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	taken := 0
	got := stream(g.Client().StreamByIDs(ctx, pulled(ids(100), &taken)), idle)
	assert.Zero(t, taken)
	require.ErrorIs(t, got.last(), context.Canceled)
	require.ErrorIs(t, got.last(), outgoing.ErrNotSent)
}

// The ID below 1 is where the stream ends, whatever became of the chunks before it.
func TestB10_IDBelowOneIsSaidLastWhateverFailedBefore(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(120)
			g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(1), Status: 400})
			seq := g.Client().StreamByIDs(t.Context(), slices.Values(append(ids(120), -7, 121)), outgoing.WithConcurrency(concurrency))
			got := stream(seq, idle)
			assert.Equal(t, ids(120), got.ids)
			require.Len(t, got.errs, 4)
			require.ErrorIs(t, got.last(), outgoing.ErrInvalidArgument)
			require.ErrorIs(t, got.last(), outgoing.ErrNotSent)
			require.ErrorContains(t, got.last(), "message ID -7")

			g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(1), Status: 401})
			taken := 0
			long := append(ids(1000), 0)
			got = stream(g.Client().StreamByIDs(t.Context(), pulled(long, &taken), outgoing.WithConcurrency(concurrency)), idle)
			require.ErrorIs(t, got.last(), outgoing.ErrUnauthorized, "which came first")
			require.ErrorIs(t, got.last(), outgoing.ErrNotSent)
			assert.Less(t, taken, 1000)
		})
	}
}
