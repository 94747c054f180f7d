package outgoing_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// retriesLeft returns how many retries the quota of a client has, whose gateway must answer 502.
func retriesLeft(t *testing.T, client *outgoing.Client) int {
	t.Helper()
	page, err := client.GetByIDs(t.Context(), ids(1), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1000, MaxInterval: time.Millisecond}))
	require.ErrorIs(t, err, outgoing.ErrServer)
	return page.Attempts - 1
}

func TestR5_ACallThatIsEndedTakesNoRetryQuota(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, c *outgoing.Client){
		"a context that is cancelled": func(t *testing.T, c *outgoing.Client) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			_, err := c.GetByIDs(ctx, ids(5000))
			require.ErrorIs(t, err, context.Canceled)
		},
		"a loop that is left": func(t *testing.T, c *outgoing.Client) {
			for _, err := range c.StreamByIDs(t.Context(), func(yield func(int64) bool) {
				for id := int64(1); yield(id); {
					id++
				}
			}) {
				require.NoError(t, err)
				time.Sleep(time.Second)
				break
			}
		},
	} {
		for _, late := range []string{"", "503"} {
			synctest.Test(t, func(t *testing.T) {
				var down atomic.Bool
				log := new(bytes.Buffer)
				client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					switch {
					case down.Load():
						return answer(502, ""), nil
					case askedFor(req)[0] == 1:
						return answer(200, rowsFor(req)), pause(req.Context(), time.Second)
					case late != "":
						<-req.Context().Done()
						return answer(503, ""), nil
					}
					res := answer(200, "")
					res.Body = stuck{req}
					return res, nil
				}), outgoing.WithConcurrency(100), outgoing.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
				end(t, client)
				assert.NotContains(t, log.String(), "will be repeated", "%s %s", name, late)
				down.Store(true)
				assert.Equal(t, 100, retriesLeft(t, client), "%s %s", name, late)
			})
		}
	}
}

func TestB6_RequestsThatAreNotSentDoNotBeginTheCountAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, asked atomic.Int64
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return nil, errRefusedConnection
		}), once, outgoing.WithConcurrency(1), outgoing.WithLimiter(limiter(func(context.Context) error {
			if asked.Add(1)%15 == 0 {
				return errEmpty
			}
			return nil
		})))
		_, err := client.GetByIDs(t.Context(), ids(200*50))
		require.ErrorIs(t, err, errRefusedConnection)
		assert.EqualValues(t, 20, sent.Load())
	})
}

func TestB6_AGatewayThatAnsweredCanBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			if n++; n%2 == 1 {
				return answer(502, ""), nil
			}
			return nil, errRefusedConnection
		}), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2}), outgoing.WithConcurrency(1))
		result, err := client.GetByIDs(t.Context(), ids(40*50))
		require.NotErrorIs(t, err, outgoing.ErrNotSent)
		assert.Equal(t, 2*40, result.Attempts)
	})
}

func TestB6_NewTokensThatAreAllRefusedEndACallOfSingleAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var minted, arrived atomic.Int64
		client := sourced(t, roundTrip(func(*http.Request) (*http.Response, error) {
			arrived.Add(1)
			return answer(401, ""), nil
		}), func(context.Context) (string, error) {
			return "minted-token-" + strconv.FormatInt(minted.Add(1), 10), nil
		})
		result, err := client.CancelScheduled(t.Context(), ids(1000*50), once)
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		assert.Len(t, result.IDs(outgoing.NotSent), 1000*50)
		assert.LessOrEqual(t, arrived.Load(), int64(40))
	})
}

func TestR5_ARetryThatIsNotSentIsReturnedToTheQuota(t *testing.T) {
	for name, refused := range map[string]bool{"a limiter that refuses it": true, "a context that ends during its wait": false} {
		synctest.Test(t, func(t *testing.T) {
			var quiet atomic.Bool
			asked := 0
			client := newClient(t, status(502, "Retry-After", "5"), outgoing.WithLimiter(limiter(func(context.Context) error {
				if asked++; refused && asked%2 == 0 && !quiet.Load() {
					return errEmpty
				}
				return nil
			})))
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				if !refused {
					time.AfterFunc(time.Second, cancel)
				}
				result, err := client.GetByIDs(ctx, ids(1))
				require.ErrorIs(t, err, outgoing.ErrServer)
				assert.Equal(t, 1, result.Attempts)
				cancel()
			}
			quiet.Store(true)
			result, err := client.GetByIDs(t.Context(), ids(1), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1000, MaxElapsed: time.Hour}))
			require.ErrorIs(t, err, outgoing.ErrServer)
			assert.Equal(t, 101, result.Attempts, name)
		})
	}
}

func TestR10_HalvesAndReadBacksThatALimiterRefusesTakeNoRetryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quiet atomic.Bool
		asked := 0
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			switch {
			case quiet.Load():
				return answer(502, ""), nil
			case req.Method == http.MethodDelete:
				return nil, io.ErrUnexpectedEOF
			}
			return answer(400, ""), nil
		}), outgoing.WithLimiter(limiter(func(context.Context) error {
			if asked++; asked > 1 && !quiet.Load() {
				return errEmpty
			}
			return nil
		})), outgoing.WithConcurrency(1))
		for range 50 {
			asked = 0
			_, err := client.GetByIDs(t.Context(), ids(50))
			require.ErrorIs(t, err, outgoing.ErrBadRequest)
			asked = 0
			_, err = client.CancelScheduled(t.Context(), ids(50), once)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
		quiet.Store(true)
		assert.Equal(t, 100, retriesLeft(t, client))
	})
}

func TestR5_AHalfWhoseWaitTheContextEndsTakesNoRetryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quiet atomic.Bool
		asked := 0
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			if quiet.Load() {
				return answer(502, ""), nil
			}
			return answer(400, ""), nil
		}), outgoing.WithLimiter(limiter(func(ctx context.Context) error {
			if asked++; asked > 1 && !quiet.Load() {
				return pause(ctx, time.Hour)
			}
			return nil
		})))
		for range 50 {
			asked = 0
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			result, err := client.GetByIDs(ctx, ids(50))
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 1, result.Attempts)
		}
		quiet.Store(true)
		assert.Equal(t, 100, retriesLeft(t, client))
	})
}

func TestR3_E5_ARequestWhoseRetryWouldComeTooLateIsNotSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		client := newClient(t, status(500, "Retry-After", "30"))
		result, err := client.GetByIDs(ctx, ids(50))
		require.ErrorIs(t, err, outgoing.ErrServer)
		assert.Equal(t, 1, result.Attempts)
		result, err = client.GetByIDs(t.Context(), ids(50), outgoing.WithRetry(outgoing.Retry{MaxElapsed: 20 * time.Second}))
		require.ErrorIs(t, err, outgoing.ErrServer)
		assert.Equal(t, 1, result.Attempts)
	})
}

func TestB6_RequestsWhoseRetryALimiterRefusedWereNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, asked atomic.Int64
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return nil, io.ErrUnexpectedEOF
		}), outgoing.WithConcurrency(1), outgoing.WithLimiter(limiter(func(context.Context) error {
			if asked.Add(1)%2 == 0 {
				return errEmpty
			}
			return nil
		})))
		result, err := client.CancelScheduled(t.Context(), ids(100*50))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.EqualValues(t, 20, sent.Load())
		assert.Len(t, result.IDs(outgoing.Unknown), 20*50)
	})
}

func TestE5_W4_NoMessageIsGivenUpForAnotherOneThatBreaksItsRequest(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			breaking := []int64{7, 12, 20, 33, 45}
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				switch asked := askedFor(req); {
				case random.IntN(3) == 0:
					return answer(503, ""), nil
				case slices.ContainsFunc(asked, func(id int64) bool { return slices.Contains(breaking, id) }):
					return answer(400, ""), nil
				}
				return answer(200, rowsFor(req)), nil
			}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			request := outgoing.WatchRequest{IDs: ids(50), Until: func(outgoing.Message) bool { return false }}
			for m, err := range client.Watch(ctx, request) {
				if err != nil && m.ID != 0 {
					assert.Contains(t, breaking, m.ID)
				}
			}
		})
	}
}

func TestE5_AHalfThatIsHeldBackIsNotTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			switch {
			case down.Load():
				return answer(502, ""), nil
			case askedFor(req)[0] == 1:
				return answer(500, ""), pause(req.Context(), time.Second)
			}
			return answer(429, "", "Retry-After", "240"), pause(req.Context(), time.Second/2)
		}))
		_, err := client.GetByIDs(t.Context(), ids(100))
		require.ErrorIs(t, err, outgoing.ErrServer)
		time.Sleep(6 * time.Minute)
		down.Store(true)
		assert.GreaterOrEqual(t, retriesLeft(t, client), 99, "the one that was held back had taken its own")
	})
}

func TestR6_ALimitWhoseHoldsLastAMinuteIsMetByFewRequests(t *testing.T) {
	turned := map[time.Duration]int{}
	for _, hold := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			var (
				mu     sync.Mutex
				window time.Duration
			)
			used, start := 0, time.Now()
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				if now := time.Since(start) / hold; now != window {
					window, used = now, 0
				}
				if used++; used > 5 {
					turned[hold]++
					return answer(429, "", "Retry-After", strconv.Itoa(int(hold.Seconds()))), nil
				}
				return answer(200, rowsFor(req)), nil
			}), outgoing.WithRetry(outgoing.Retry{MaxElapsed: 10 * time.Hour}))
			_, err := client.GetByIDs(t.Context(), ids(100*50), outgoing.WithConcurrency(50))
			require.NoError(t, err)
		})
	}
	for hold, n := range turned {
		assert.LessOrEqual(t, n, 2*turned[30*time.Second], "turned away with holds of %v", hold)
	}
}

func TestH9_AGatewayThatIgnoresTheLimitIsAnError(t *testing.T) {
	client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		page, _ := strconv.Atoi(req.URL.Query().Get("page"))
		var rows []int64
		for i := (max(page, 1) - 1) * 50; i < min(max(page, 1)*50, 120); i++ {
			rows = append(rows, int64(1000-i))
		}
		return answer(200, rowsOf(http.MethodGet, rows)), nil
	}))
	var last error
	for _, err := range client.All(t.Context()) {
		last = err
	}
	require.ErrorIs(t, last, outgoing.ErrUnexpectedResponse)
	assertLine(t, last)
}

func TestB5_WhatWasNotSentForOneReasonIsOneFailure(t *testing.T) {
	for name, end := range map[string]func(cancel context.CancelFunc) roundTrip{
		"a refused token":     func(context.CancelFunc) roundTrip { return status(401) },
		"a context that ends": func(cancel context.CancelFunc) roundTrip { cancel(); return fails(context.Canceled) },
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				const n = 10_000
				client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) { return end(cancel)(req) }))
				var err error
				if method == http.MethodGet {
					_, err = client.GetByIDs(ctx, ids(n))
				} else {
					var result outgoing.CancelResult
					result, err = client.CancelScheduled(ctx, ids(n))
					assert.Len(t, result.Outcomes, n)
				}
				notSent := 0
				for _, f := range failures(err) {
					if isNotSent(f.Err) {
						notSent += len(f.IDs)
					}
				}
				assert.Greater(t, notSent, n-5*outgoing.MaxIDs, "%s: %s", name, method)
				assert.Less(t, len(failures(err)), 10, "%s: %s", name, method)
				assert.Equal(t, ids(n), batchIDs(t, err), "%s: %s", name, method)
			})
		}
	}
}

func TestB6_ATokenSourceThatFailsEndsTheCall(t *testing.T) {
	hang := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	for name, source := range map[string]func(context.Context) (string, error){
		"an error": func(context.Context) (string, error) { return "", errEmpty },
		"no end":   hang,
		"no token": func(context.Context) (string, error) { return "two words", nil },
	} {
		for _, concurrency := range []int{1, 4} {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				client, err := outgoing.New("", outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(echo)}),
					outgoing.WithTokenSource(func(ctx context.Context) (string, error) { asked.Add(1); return source(ctx) }))
				require.NoError(t, err)
				_, err = client.GetByIDs(t.Context(), ids(10_000), outgoing.WithConcurrency(concurrency))
				require.ErrorIs(t, err, outgoing.ErrNotSent)
				assert.Equal(t, ids(10_000), batchIDs(t, err))
				assert.Less(t, asked.Load(), int64(20+concurrency), name)
				result, err := client.CancelScheduled(t.Context(), ids(10_000), outgoing.WithConcurrency(concurrency))
				require.ErrorIs(t, err, outgoing.ErrNotSent)
				assert.Len(t, result.IDs(outgoing.NotSent), 10_000)
			})
		}
	}
}

func TestR5_B7_ThatTheGatewayKnowsNoneIsASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			if down.Load() {
				return answer(502, ""), nil
			}
			return answer(404, `{"title":"no"}`, "Content-Type", "application/problem+json"), nil
		}))
		assert.Equal(t, 100, retriesLeft(t, client))
		down.Store(false)
		for range 500 {
			_, err := client.GetByIDs(t.Context(), ids(1))
			require.NoError(t, err)
		}
		down.Store(true)
		assert.Equal(t, 100, retriesLeft(t, client))
	})
}

func TestR5_ARetryWithoutATokenIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failing atomic.Bool
		transport := roundTrip(func(*http.Request) (*http.Response, error) {
			failing.Store(true)
			return answer(502, ""), nil
		})
		client, err := outgoing.New("", outgoing.WithHTTPClient(&http.Client{Transport: transport}),
			outgoing.WithTokenSource(func(ctx context.Context) (string, error) {
				if a, _ := outgoing.AttemptFrom(ctx); a.Number > 1 && failing.Load() && a.IDCount == 2 {
					return "", errEmpty
				}
				return testToken, nil
			}))
		require.NoError(t, err)
		for range 100 {
			failing.Store(false)
			_, err := client.GetByIDs(t.Context(), ids(2))
			require.ErrorIs(t, err, errEmpty)
		}
		assert.Equal(t, 100, retriesLeft(t, client))
	})
}

func TestR6_ARequestsOwnWaitIsNoHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		limit := status(429, "Retry-After", "1")
		client := newClient(t, inTurn(limit, limit, echo, func(*http.Request) (*http.Response, error) {
			time.AfterFunc(time.Millisecond, cancel)
			return answer(502, ""), nil
		}))
		_, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err) // there is a pace now
		_, err = client.GetByIDs(ctx, ids(1), outgoing.WithRetry(outgoing.Retry{InitialInterval: time.Minute, MaxInterval: time.Minute}))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, outgoing.ErrServer)
		require.NotErrorIs(t, err, outgoing.ErrRateLimited)
	})
}

func TestR4_NoRetryIsAnnouncedOnceTheCallIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(bytes.Buffer)
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if askedFor(req)[0] == 1 {
				return answer(401, ""), nil
			}
			time.Sleep(time.Second)
			return answer(503, ""), nil
		}), outgoing.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
		_, err := client.GetByIDs(t.Context(), ids(200))
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		assert.NotContains(t, log.String(), "will be repeated")
	})
}
