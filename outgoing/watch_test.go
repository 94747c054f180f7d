package outgoing_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestW1_EachStateIsYieldedOnceUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		moves(g, 1, 30*time.Second, "QUEUED", "SENT", "DONE")
		moves(g, 2, time.Second, "DONE")
		moves(g, 3, 45*time.Second, "QUEUED", "DONE")
		all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{1, 2, 3, 1}, Until: hasStatus("DONE")})
		assert.Empty(t, errorsOf(all))
		assert.Len(t, all, 6)
		assert.Equal(t, []string{"QUEUED", "SENT", "DONE"}, statusesOf(all, 1))
		assert.Equal(t, []string{"DONE"}, statusesOf(all, 2))
		assert.Equal(t, []string{"QUEUED", "DONE"}, statusesOf(all, 3))
	})
}

func TestW1_EachDistinctIDIsLookedUpAtOnceInTheOrderAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []int64
		start := time.Now()
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			assert.Zero(t, time.Since(start))
			asked = append(asked, askedFor(req)...)
			return answer(http.StatusOK, rowsFor(req)), nil
		}), outgoing.WithConcurrency(1))
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: append(ids(101), ids(60)...), Until: func(outgoing.Message) bool { return true }})
		assert.Equal(t, ids(101), asked)
		assert.Len(t, all, 101)
	})
}

func TestW1_WhatIsAChange(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	state := func(code string, date *time.Time) outgoing.Message {
		return outgoing.Message{ID: 1, StatusCode: code, StatusDate: date}
	}
	tests := []struct {
		name   string
		states []outgoing.Message // one for each look, the last one for all after it
		want   int
	}{
		{"none", []outgoing.Message{state("SENT", &now), state("SENT", &now)}, 1},
		{"another status", []outgoing.Message{state("QUEUED", &now), state("SENT", &now)}, 2},
		{"another date", []outgoing.Message{state("SENT", &now), state("SENT", new(now.Add(time.Nanosecond)))}, 2},
		{"a date where there was none", []outgoing.Message{state("SENT", nil), state("SENT", &now)}, 2},
		{"no status and no date, from the start", []outgoing.Message{state("", nil), state("", nil)}, 1},
		{"the same date in another zone", []outgoing.Message{state("SENT", &now), state("SENT", new(now.In(time.FixedZone("", 3600))))}, 1},
		{"back to a status before", []outgoing.Message{state("SENT", nil), state("QUEUED", nil), state("SENT", nil)}, 3},
		{"anything else", []outgoing.Message{state("SENT", &now), {ID: 1, StatusCode: "SENT", StatusDate: &now, Recipient: "+48999999999", StatusDescription: "x"}}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				left := test.states
				g.Inject(outgoingtest.Fault{Times: -1, Before: func(g *outgoingtest.Gateway) {
					g.Add(left[0])
					left = left[min(1, len(left)-1):]
				}})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				all := watch(ctx, g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")})
				assert.Len(t, statusesOf(all, 1), test.want)
				assert.Len(t, errorsOf(all), 1)
			})
		})
	}
}

func TestW1_UntilIsAskedAtEveryLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "SENT"))
		asked := 0
		all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: func(outgoing.Message) bool {
			asked++
			return asked == 5
		}})
		assert.Equal(t, []string{"SENT"}, statusesOf(all, 1), "its state has been yielded when it ends")
		assert.Len(t, all, 1)
		assert.Len(t, g.Requests(), 5)
	})
}

func TestW1_AMessageThatHasEndedIsNotLookedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "DONE"))
		moves(g, 2, time.Hour, "SENT", "DONE")
		all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{1, 2}, Until: hasStatus("DONE")})
		assert.Len(t, all, 3)
		requests := g.Requests()
		assert.Equal(t, []int64{1, 2}, requests[0].IDs)
		for _, request := range requests[1:] {
			assert.Equal(t, []int64{2}, request.IDs)
		}
	})
}

func TestW1_EachRangeIsANewWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "DONE"))
		asked := []int64{1}
		messages := g.Client().Watch(t.Context(), outgoing.WatchRequest{IDs: asked, Until: hasStatus("DONE")})
		asked[0] = 7 // the caller's slice is the caller's
		for range 2 {
			n := 0
			for m, err := range messages {
				require.NoError(t, err)
				assert.Equal(t, int64(1), m.ID)
				n++
			}
			assert.Equal(t, 1, n)
		}
	})
}

func TestW5_TheLastYieldNamesWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "QUEUED"), message(2, "DONE"), message(3, "QUEUED"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w := outgoing.WatchRequest{IDs: []int64{3, 2, 1}, Until: hasStatus("DONE")}
		all := watch(ctx, g.Client(), w)
		last := all[len(all)-1]
		assert.Len(t, errorsOf(all), 1)
		require.ErrorIs(t, last.err, context.DeadlineExceeded)
		assert.Equal(t, time.Hour, last.at)
		assert.Zero(t, last.id)
		assert.Equal(t, []int64{3, 1}, batchIDs(t, last.err))
		assertLine(t, last.err)

		g.Add(message(1, "DONE"), message(3, "DONE"))
		w.IDs = batchIDs(t, last.err)
		assert.Len(t, watch(t.Context(), g.Client(), w), 2, "the next watch begins with them")
	})
}

func TestW5_WhatTheContextBrokeOffIsInNoOtherYield(t *testing.T) {
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		},
		"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Minute, func() { cancel(&outgoing.APIError{StatusCode: http.StatusNotFound}) })
			return ctx, func() { cancel(nil) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					<-req.Context().Done()
					return nil, req.Context().Err()
				}), outgoing.WithAttemptTimeout(time.Hour))
				ctx, cancel := end(t.Context())
				defer cancel()
				all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(120), Until: hasStatus("DONE")})
				require.Len(t, all, 1)
				require.ErrorIs(t, all[0].err, ctx.Err())
				_, isAnswer := errors.AsType[*outgoing.APIError](all[0].err)
				assert.False(t, isAnswer, "a cause is text only")
				assert.Equal(t, ids(120), batchIDs(t, all[0].err))
				assert.Equal(t, time.Minute, all[0].at)
			})
		})
	}
}

func TestW5_AContextThatIsDoneSendsNothing(t *testing.T) {
	g := outgoingtest.NewGateway()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all := watch(ctx, g.Client(), outgoing.WatchRequest{IDs: ids(3), Until: hasStatus("DONE")})
	require.Len(t, all, 1)
	require.ErrorIs(t, all[0].err, context.Canceled)
	assert.Equal(t, ids(3), batchIDs(t, all[0].err))
	assert.Empty(t, g.Requests())
}

func TestW5_ADeadlineEndsAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Inject(outgoingtest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "200", Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		all := watch(ctx, g.Client(), outgoing.WatchRequest{IDs: ids(120), Until: hasStatus("DONE")})
		require.Len(t, all, 1)
		require.ErrorIs(t, all[0].err, context.DeadlineExceeded)
		assert.Equal(t, ids(120), batchIDs(t, all[0].err))
		assert.Equal(t, time.Minute, all[0].at)
	})
}

func TestW6_NoIDsMakeNoRequest(t *testing.T) {
	g := outgoingtest.NewGateway()
	assert.Empty(t, watch(t.Context(), g.Client(), outgoing.WatchRequest{Until: hasStatus("DONE")}))
	assert.Empty(t, g.Requests())
}

func TestW6_BadArgumentsSendNothing(t *testing.T) {
	until := hasStatus("DONE")
	tests := []struct {
		name string
		w    outgoing.WatchRequest
		opts []outgoing.Option
		says string
	}{
		{"no Until", outgoing.WatchRequest{IDs: ids(3)}, nil, "Until"},
		{"no Until and no IDs", outgoing.WatchRequest{}, nil, "Until"},
		{"an ID below 1", outgoing.WatchRequest{IDs: []int64{5, 0}, Until: until}, nil, "message ID 0"},
		{"a negative initial interval", outgoing.WatchRequest{IDs: ids(3), Until: until, InitialInterval: -1}, nil, "initial interval -1ns"},
		{"a negative max interval", outgoing.WatchRequest{IDs: ids(3), Until: until, MaxInterval: -1}, nil, "max interval -1ns"},
		{"a max interval below the initial one", outgoing.WatchRequest{IDs: ids(3), Until: until, InitialInterval: time.Minute, MaxInterval: time.Second}, nil, "1s: below the initial interval, 1m0s"},
		{"a max interval below the default of the initial one", outgoing.WatchRequest{IDs: ids(3), Until: until, MaxInterval: time.Second}, nil, "1s: below the initial interval, 10s"},
		{"a bad option", outgoing.WatchRequest{IDs: ids(3), Until: until}, []outgoing.Option{outgoing.WithConcurrency(-1)}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := outgoingtest.NewGateway()
			n := 0
			for m, err := range g.Client().Watch(t.Context(), test.w, test.opts...) {
				n++
				assert.Zero(t, m)
				require.ErrorIs(t, err, outgoing.ErrInvalidArgument)
				require.ErrorContains(t, err, test.says)
				assertLine(t, err)
			}
			assert.Equal(t, 1, n)
			assert.Empty(t, g.Requests())
		})
	}
	for _, err := range (*outgoing.Client)(nil).Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1), Until: until}) {
		require.ErrorIs(t, err, outgoing.ErrInvalidArgument)
	}
}

func TestW2_IntervalsMayBeOfAnyLength(t *testing.T) {
	for name, w := range map[string]outgoing.WatchRequest{
		"longer than the default of the other": {InitialInterval: time.Hour},
		"the longest there is":                 {InitialInterval: math.MaxInt64},
		"both":                                 {InitialInterval: math.MaxInt64, MaxInterval: math.MaxInt64},
		"the longest after the default":        {MaxInterval: math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				g.Add(message(1, "SENT"))
				ctx, cancel := context.WithTimeout(t.Context(), 59*time.Minute)
				defer cancel()
				w.IDs, w.Until = ids(2), hasStatus("DONE")
				all := watch(ctx, g.Client(), w)
				require.ErrorIs(t, all[len(all)-1].err, context.DeadlineExceeded)
				if w.InitialInterval > 0 {
					assert.Len(t, g.Requests(), 1, "the wait after the first look is not over")
				} else {
					assert.LessOrEqual(t, len(g.Requests()), 13)
				}
			})
		})
	}
}

func TestW7_AMessageScheduledForTomorrowIsLookedUpEveryMaxInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		moves(g, 1, 24*time.Hour, outgoing.StatusScheduled, "DONE")
		all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")})
		assert.Equal(t, []string{outgoing.StatusScheduled, "DONE"}, statusesOf(all, 1))
		requests := len(g.Requests())
		assert.GreaterOrEqual(t, requests, 24*4-8, "every 15 minutes, and a tenth longer at most")
		assert.LessOrEqual(t, requests, 24*4+8)
		assert.Less(t, all[1].at-24*time.Hour, 17*time.Minute)
	})
}

func TestW7_AStatusThatUntilDoesNotKnowIsWatchedUntilTheContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		moves(g, 1, time.Minute, "SENT", "UNDELIVERED")
		ctx, cancel := context.WithTimeout(t.Context(), 72*time.Hour)
		defer cancel()
		all := watch(ctx, g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DELIVERED")})
		assert.Equal(t, []string{"SENT", "UNDELIVERED"}, statusesOf(all, 1))
		assert.Equal(t, []int64{1}, batchIDs(t, all[len(all)-1].err))
	})
}
