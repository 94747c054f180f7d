package outgoing_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// passing are requests that fail for reasons that may pass, or be another server's.
var passing = map[string]outgoingtest.Fault{
	"500":             {Status: 500},
	"503":             {Status: 503},
	"408":             {Status: 408},
	"404, no problem": {Status: 404, Body: new("<html>"), Header: http.Header{"Content-Type": {"text/html"}}},
	"301":             {Status: 301},
	"204":             {Status: 204},
	"HTML":            {Body: new("<html>")},
	"half a body":     {Truncate: 5},
	"no answer":       {Drop: true},
	"no answer yet":   {Delay: time.Hour},
}

func TestW3_ARequestThatFailsEndsNothing(t *testing.T) {
	for name, fault := range passing {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				moves(g, 1, time.Minute, "SENT", "DONE")
				moves(g, 51, 0, "DONE")
				fault.Match, fault.Times = outgoingtest.HasID(1), 4
				unsettled := ids(50)
				if name == "500" || name == "HTML" { // E5: down to ID 1, which fails three times more
					fault.Times, unsettled = 10, ids(1)
				}
				g.Inject(fault)
				all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: ids(51), Until: hasStatus("DONE")})
				assert.Equal(t, []string{"DONE"}, statusesOf(all, 51), "the other request is not its concern")
				assert.Contains(t, statusesOf(all, 1), "DONE")
				failed := errorsOf(all)[0]
				assert.Equal(t, unsettled, batchIDs(t, failed), "those of the request")
				assertLine(t, failed)
				for _, one := range all {
					if one.err == failed { //nolint:errorlint // the same value
						assert.Zero(t, one.id)
						assert.Empty(t, one.status)
					}
				}
			})
		})
	}
}

func TestW3_TheFirstFailureIsYieldedAndThoseAfterItAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "SENT"))
		outages := 0
		down := func(n int) {
			outages++
			g.Inject(outgoingtest.Fault{Status: 500, Times: n})
		}
		down(10)
		var log bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		failed := 0
		w := outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE"), MaxInterval: time.Minute}
		for m, err := range g.Client(outgoing.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))).Watch(ctx, w) {
			switch {
			case ctx.Err() != nil:
			case err != nil:
				failed++
				require.ErrorIs(t, err, outgoing.ErrServer)
				assert.Zero(t, m)
			case outages < 3:
				time.AfterFunc(time.Hour, func() { down(10) })
			}
			if outages < 3 && err == nil {
				time.AfterFunc(3*time.Hour, func() { g.Add(message(1, "STILL SENT")) })
			}
		}
		assert.Equal(t, outages, failed)
		assert.Equal(t, 3, outages)
		assert.Equal(t, 3*9, strings.Count(log.String(), "the look failed"), log.String())
		assert.NotContains(t, log.String(), "will be repeated", "a look has no retry")
	})
}

func TestW3_AFailedLookWaitsAsIfNothingHadChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "SENT"))
		g.Inject(outgoingtest.Fault{Status: http.StatusRequestTimeout, Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		watch(ctx, g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE"), MaxInterval: time.Minute})
		requests := g.Requests()
		require.Greater(t, len(requests), 10)
		for i, request := range requests[1:] {
			since := requests[i].Time.Sub(requests[0].Time)
			wait := min(max(since, 10*time.Second), time.Minute)
			assert.GreaterOrEqual(t, request.Time.Sub(requests[i].Time), wait)
			assert.LessOrEqual(t, request.Time.Sub(requests[i].Time), wait+wait/10)
		}
	})
}

func TestW3_WatchingUsesUpNoRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Inject(outgoingtest.Fault{Status: 500, Times: -1})
		client := g.Client(outgoing.WithRetry(outgoing.Retry{MaxAttempts: 11, MaxElapsed: time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		watch(ctx, client, outgoing.WatchRequest{IDs: ids(500), Until: hasStatus("DONE"), MaxInterval: time.Minute})
		require.Greater(t, len(g.Requests()), 250)
		for range 10 {
			result, err := client.GetByIDs(t.Context(), []int64{1})
			require.ErrorIs(t, err, outgoing.ErrServer)
			assert.Equal(t, 11, result.Attempts, "the budget is full: 100 retries")
		}
	})
}

func TestW3_AHoldPostponesLooks(t *testing.T) {
	for name, test := range map[string]struct {
		fault outgoingtest.Fault
		hold  time.Duration
	}{
		"429":                     {outgoingtest.Fault{Status: 429}, 250 * time.Millisecond},
		"429 that says how long":  {outgoingtest.Fault{Status: 429, RetryAfter: "100"}, 100 * time.Second},
		"503 that says how long":  {outgoingtest.Fault{Status: 503, RetryAfter: "100"}, 100 * time.Second},
		"429 that lasts an hour":  {outgoingtest.Fault{Status: 429, RetryAfter: "3600"}, 5 * time.Minute},
		"429, five times":         {outgoingtest.Fault{Status: 429, RetryAfter: "20", Times: 5}, 100 * time.Second},
		"429 for longer than 2m":  {outgoingtest.Fault{Status: 429, RetryAfter: "100", Times: 20}, 2000 * time.Second},
		"503 for 100 minutes":     {outgoingtest.Fault{Status: 503, RetryAfter: "300", Times: 20}, 6000 * time.Second},
		"429 without end in view": {outgoingtest.Fault{Status: 429, Times: 30}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				g.Add(message(1, "SENT"))
				g.Inject(test.fault)
				var times []time.Duration
				start := time.Now()
				for m, err := range g.Client().Watch(t.Context(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")}) {
					require.NoError(t, err)
					times = append(times, time.Since(start))
					if m.StatusCode == "SENT" {
						time.AfterFunc(time.Second, func() { g.Add(message(1, "DONE")) })
					}
				}
				require.Len(t, times, 2)
				assert.GreaterOrEqual(t, times[0], test.hold)
				assert.LessOrEqual(t, times[0], 2*test.hold+11*time.Minute)
				assert.GreaterOrEqual(t, times[1]-times[0], 10*time.Second)
				assert.LessOrEqual(t, times[1]-times[0], 11*time.Second, "the wait after a look is no longer for a hold before it")
			})
		})
	}
}

func TestW3_AHoldOfAnotherCallPostponesLooksToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "DONE"))
		g.Inject(outgoingtest.Fault{Status: 429, RetryAfter: "100"})
		client := g.Client()
		_, err := client.GetByIDs(t.Context(), []int64{2}, once)
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")})
		require.Empty(t, errorsOf(all))
		assert.GreaterOrEqual(t, all[0].at, 100*time.Second)
		assert.Len(t, g.Requests(), 2)
	})
}

func TestW3_ARefusedTokenEndsTheWatch(t *testing.T) {
	for status, sentinel := range map[int]error{401: outgoing.ErrUnauthorized, 403: outgoing.ErrForbidden} {
		for _, looks := range []int{0, 1, 5} { // before it is refused
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway(outgoingtest.WithLatency(time.Second))
				g.Add(message(60, "SENT"), message(120, "SENT"), message(110, "DONE"))
				refused := outgoingtest.HasID(60)
				var left atomic.Int64 // looks at 60 until then
				left.Store(int64(looks))
				g.Inject(outgoingtest.Fault{Status: status, Match: func(req *http.Request) bool {
					if refused(req) {
						left.Add(-1)
					}
					return left.Load() < 0
				}, Times: -1})
				start := time.Now()
				all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: ids(120), Until: hasStatus("DONE"), MaxInterval: 10 * time.Second})
				last := all[len(all)-1]
				require.ErrorIs(t, last.err, sentinel)
				assert.Zero(t, last.id)
				assertLine(t, last.err)
				named := batchIDs(t, last.err)
				assert.IsIncreasing(t, named)
				ended := len(statusesOf(all, 110))
				for _, err := range errorsOf(all[:len(all)-1]) {
					require.ErrorIs(t, err, outgoing.ErrNotFound)
					ended++
				}
				assert.Len(t, named, 120-ended, "each that is left")
				for _, request := range g.Requests() {
					assert.LessOrEqual(t, request.Time.Sub(start), last.at, "nothing is sent after it")
				}
			})
		}
	}
}

func TestW4_AnUnknownIDIsGivenUpAtTheThirdLook(t *testing.T) {
	for name, known := range map[string][]int64{"all unknown": nil, "one of two": {1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				for _, id := range known {
					moves(g, id, time.Hour, "SENT", "DONE")
				}
				all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{7, 1}[:1+len(known)], Until: hasStatus("DONE")})
				require.Len(t, errorsOf(all), 1)
				for _, one := range all {
					if one.err == nil {
						continue
					}
					require.ErrorIs(t, one.err, outgoing.ErrNotFound)
					assertLine(t, one.err)
					assert.Equal(t, int64(7), one.id)
					assert.Equal(t, []int64{7}, batchIDs(t, one.err))
					assert.GreaterOrEqual(t, one.at, 20*time.Second)
					assert.LessOrEqual(t, one.at, 24*time.Second, "10s, and then as long as it was unknown, and a tenth longer")
				}
				looks := 0
				for _, request := range g.Requests() {
					for _, id := range request.IDs {
						if id == 7 {
							looks++
						}
					}
				}
				assert.Equal(t, 3, looks)
			})
		})
	}
}

func TestW4_AMessageMayAppearLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		time.AfterFunc(15*time.Second, func() { g.Add(message(1, "DONE")) })
		all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")})
		assert.Empty(t, errorsOf(all))
		assert.Equal(t, []string{"DONE"}, statusesOf(all, 1))
	})
}

func TestW4_AMessageThatIsDeletedIsGivenUpToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "SENT"))
		time.AfterFunc(time.Hour, func() { g.Remove(1) })
		all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")})
		require.Len(t, all, 2)
		require.ErrorIs(t, all[1].err, outgoing.ErrNotFound)
		assert.GreaterOrEqual(t, all[1].at, time.Hour+20*time.Second)
		assert.Less(t, all[1].at, 2*time.Hour)
	})
}

// rowFor answers for one ID with a row that is read, or not, and leaves the others as they are.
func rowFor(id int64, broken func(look int) bool) roundTrip {
	look := 0
	return func(req *http.Request) (*http.Response, error) {
		body := rowsFor(req)
		for _, asked := range askedFor(req) {
			if asked == id {
				if look++; broken(look) {
					body = strings.Replace(body, `{"id":3`, `{"id":"three"`, 1)
				}
			}
		}
		return answer(http.StatusOK, body), nil
	}
}

func TestW4_ARowThatCannotBeReadIsGivenUpAtTheThirdLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		client := newClient(t, rowFor(3, func(int) bool { return true }))
		all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(5), Until: hasStatus("DONE")})
		require.Len(t, all, 4+2)
		require.ErrorIs(t, all[4].err, outgoing.ErrUnexpectedResponse)
		require.ErrorContains(t, all[4].err, "/id")
		assert.Equal(t, int64(3), all[4].id)
		assert.Equal(t, []int64{3}, batchIDs(t, all[4].err))
		assert.GreaterOrEqual(t, all[4].at, 20*time.Second)
		assert.Equal(t, []int64{1, 2, 4, 5}, batchIDs(t, all[5].err))
	})
}

func TestW4_ARowThatIsReadAgainIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		client := newClient(t, rowFor(3, func(look int) bool { return look%3 != 0 }))
		all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(5), Until: hasStatus("DONE"), MaxInterval: 10 * time.Second})
		assert.Len(t, errorsOf(all), 1)
		assert.Equal(t, ids(5), batchIDs(t, all[len(all)-1].err))
	})
}

func TestW4_ARefusedRequestIsGivenUpAtTheThirdLook(t *testing.T) {
	for _, status := range []int{400, 402, 405, 410, 414, 422, 451} {
		synctest.Test(t, func(t *testing.T) {
			g := outgoingtest.NewGateway()
			g.Inject(outgoingtest.Fault{Status: status, Times: -1})
			all := watch(t.Context(), g.Client(), outgoing.WatchRequest{IDs: ids(2), Until: hasStatus("DONE")})
			require.Len(t, all, 3, "%d: one for the failure, and then one for each ID", status)
			assert.Zero(t, all[0].id)
			assert.Equal(t, ids(2), batchIDs(t, all[0].err))
			for i, one := range all[1:] {
				assert.Equal(t, int64(i+1), one.id)
				assert.Equal(t, []int64{int64(i + 1)}, batchIDs(t, one.err))
				require.ErrorContains(t, one.err, http.StatusText(status))
				assertLine(t, one.err)
			}
			requests := 3
			if slices.Contains([]int{400, 414, 422}, status) {
				requests = 9 // E5: each look asks for both, and then for each
			}
			assert.Len(t, g.Requests(), requests)
		})
	}
}

func TestW4_WhatMayPassIsNeverGivenUp(t *testing.T) {
	t.Parallel()
	hours := raced(2, sized(6, 24))
	for name, fault := range passing {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				g.Add(message(1, "SENT"), message(2, "SENT"))
				fault.Times = -1
				g.Inject(fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(hours)*time.Hour)
				defer cancel()
				all := watch(ctx, g.Client(), outgoing.WatchRequest{IDs: ids(2), Until: hasStatus("DONE"), MaxInterval: time.Minute})
				require.Len(t, all, 2, "the first failure, and the end")
				least := 20 * hours
				if fault.Status >= 500 || fault.Drop || fault.Delay > 0 { // an outage, which is probed every 5 minutes
					least = 10 * hours
				}
				assert.Greater(t, len(g.Requests()), least)
				assert.Equal(t, ids(2), batchIDs(t, all[0].err))
				require.ErrorIs(t, all[1].err, context.DeadlineExceeded)
				assert.Equal(t, ids(2), batchIDs(t, all[1].err))
			})
		})
	}
}

func TestW3_ATokenSourceThatFailsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(message(1, "DONE"))
		calls := 0
		client := g.Client(outgoing.WithTokenSource(func(context.Context) (string, error) {
			if calls++; calls <= 5 {
				return "", io.ErrClosedPipe
			}
			return testToken, nil
		}))
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: []int64{1}, Until: hasStatus("DONE")})
		require.Len(t, all, 2)
		require.ErrorIs(t, all[0].err, io.ErrClosedPipe)
		assert.Equal(t, []string{"DONE"}, statusesOf(all, 1))
	})
}

func TestW3_ARateLimitThatGoesOnIsLoggedAndAskedMoreSeldom(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{10 * time.Second, time.Minute, 15 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var arrivals []time.Duration
			var log bytes.Buffer
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				arrivals = append(arrivals, time.Since(start))
				return answer(http.StatusTooManyRequests, "", "Retry-After", "1"), nil
			}), outgoing.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			ctx, cancel := context.WithTimeout(t.Context(), raced(3*time.Hour, sized(6*time.Hour, 24*time.Hour)))
			defer cancel()
			all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(1), Until: never, InitialInterval: interval})
			assert.Len(t, all, 1, "only what is left")
			assert.Equal(t, len(arrivals), strings.Count(log.String(), "level=WARN"), "each is logged")
			assert.Contains(t, log.String(), "status=429 wait=")
			// The pause doubles up to the interval, and is at least half of that.
			assert.LessOrEqual(t, busiest(arrivals, min(interval, 5*time.Minute), 12), 2, "%v", interval)
		})
	}
}

func TestW3_APauseIsNoLongerThanAHoldMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var arrivals []time.Duration
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			arrivals = append(arrivals, time.Since(start))
			if len(arrivals) == 1 {
				return answer(http.StatusTooManyRequests, "", "Retry-After", "1"), nil
			}
			return answer(http.StatusOK, rowsFor(req)), nil
		}), outgoing.WithRetry(outgoing.Retry{InitialInterval: time.Hour, MaxInterval: time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		watch(ctx, client, outgoing.WatchRequest{IDs: ids(1), Until: never})
		require.Greater(t, len(arrivals), 1)
		assert.LessOrEqual(t, arrivals[1], 5*time.Minute)
	})
}
