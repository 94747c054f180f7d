package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func unlimited(time.Time) bool { return true }

// steadyCalls makes so many calls a second for a time, each with a deadline, and returns when each was made and whether it
// succeeded.
func steadyCalls(ctx context.Context, client *outgoing.Client, random *rand.Rand, rate int, length, deadline time.Duration) (made []time.Time, ok []bool) {
	var calls sync.WaitGroup
	defer calls.Wait()
	n := int(length.Seconds() * float64(rate))
	made, ok = make([]time.Time, n), make([]bool, n)
	gap := time.Second / time.Duration(rate)
	for i := range n {
		time.Sleep(gap/2 + time.Duration(random.Int64N(int64(gap))))
		made[i] = time.Now()
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, deadline)
			defer cancel()
			_, err := client.GetByIDs(ctx, []int64{int64(i + 1)})
			ok[i] = err == nil
		})
	}
	return made, ok
}

// recoveredAfter returns how long after end at least 95 of 100 calls succeed again in every 5 seconds.
func recoveredAfter(end time.Time, made []time.Time, ok []bool) time.Duration {
	const span = 5 * time.Second
	recovered := end
	for from := end; from.Add(span).Before(made[len(made)-1]); from = from.Add(time.Second) {
		all, good := 0, 0
		for i, at := range made {
			if !at.Before(from) && at.Before(from.Add(span)) {
				all++
				if ok[i] {
					good++
				}
			}
		}
		if good*100 < all*95 {
			recovered = from.Add(time.Second)
		}
	}
	return recovered.Sub(end)
}

// outage is a way to turn all requests away.
type outage struct {
	status     int
	retryAfter time.Duration
}

func TestR6_CallsSucceedAgainWithinAMinuteAfterAnOutage(t *testing.T) {
	t.Parallel()
	limits := []struct {
		name  string
		limit func(rate int) func(time.Time) bool
	}{{"none", func(int) func(time.Time) bool { return unlimited }}, {"window", fixedWindow}, {"bucket", tokenBucket}}
	lengths := []time.Duration{30 * time.Second, 5 * time.Second, 4 * time.Minute}
	outages := []outage{{429, 0}, {503, 10 * time.Second}, {429, time.Second}, {429, 10 * time.Second}}
	corners := fewer.Raced || !full()
	if corners {
		lengths, outages, limits = lengths[:1], outages[:2], limits[:2]
	}
	if fewer.Raced {
		limits = limits[1:]
	}
	random := seeded(t)
	var (
		mu    sync.Mutex
		table []string
	)
	t.Run("grid", func(t *testing.T) {
		for _, rate := range []int{2, 20} {
			for _, latency := range []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second} {
				for _, deadline := range []time.Duration{time.Second, 5 * time.Second} {
					if deadline < 2*latency || corners && (rate == 20) != (latency == 300*time.Millisecond) {
						continue
					}
					seed := random.Uint64()
					t.Run(fmt.Sprintf("%d a second, latency %v, deadline %v", rate, latency, deadline), func(t *testing.T) {
						t.Parallel()
						for _, length := range lengths {
							for _, o := range outages {
								for _, l := range limits {
									g := &overloaded{latency: latency, status: o.status, retryAfter: o.retryAfter}
									recovered, share := recovery(t, g, l.limit, rand.New(rand.NewPCG(seed, 0)), rate, length, deadline)
									row := fmt.Sprintf("%4v  %3.0f %%  %d a second, latency %v, deadline %v, %v of %d (Retry-After %v), limit: %s",
										recovered, 100*share, rate, latency, deadline, length, o.status, o.retryAfter, l.name)
									assert.LessOrEqual(t, recovered, time.Minute, row)
									mu.Lock()
									table = append(table, row)
									mu.Unlock()
								}
							}
						}
					})
				}
			}
		}
	})
	slices.Sort(table)
	for _, row := range table {
		t.Log(row)
	}
}

// recovery returns how long after an outage 95 of 100 calls succeed again, and the share of all calls after it that do.
func recovery(t *testing.T, g *overloaded, limit func(int) func(time.Time) bool, random *rand.Rand, rate int, length, deadline time.Duration) (recovered time.Duration, share float64) {
	synctest.Test(t, func(t *testing.T) {
		g.limit = limit(rate*3/2 + 1) // by the clock of this test
		g.from = time.Now().Add(10 * time.Second)
		g.until = g.from.Add(length)
		made, ok := steadyCalls(t.Context(), newClient(t, g), random, rate, 10*time.Second+length+90*time.Second, deadline)
		recovered = recoveredAfter(g.until, made, ok)
		all, good := 0, 0
		for i, at := range made {
			if at.After(g.until) {
				all++
				if ok[i] {
					good++
				}
			}
		}
		share = float64(good) / float64(all)
	})
	return recovered, share
}

func TestR6_SilenceAfterAnOutageIsEnough(t *testing.T) {
	random := seeded(t)
	lasts := raced(time.Minute, 4*time.Minute)
	synctest.Test(t, func(t *testing.T) {
		g := &overloaded{latency: 300 * time.Millisecond, from: time.Now(), until: time.Now().Add(lasts),
			status: http.StatusServiceUnavailable, retryAfter: 10 * time.Second, limit: unlimited}
		client := newClient(t, g)
		_, _ = steadyCalls(t.Context(), client, random, 20, lasts, 5*time.Second)
		time.Sleep(24 * time.Hour)
		var calls sync.WaitGroup
		start := time.Now()
		errs := make([]error, 64)
		for i := range errs {
			calls.Go(func() { _, errs[i] = client.GetByIDs(t.Context(), []int64{1}) })
		}
		calls.Wait()
		require.NoError(t, errors.Join(errs...))
		assert.Equal(t, g.latency, time.Since(start), "as fast as a new client")
	})
}

func TestR6_BulkJobsUseMostOfTheQuota(t *testing.T) {
	for name, limit := range map[string]func(int) func(time.Time) bool{"window": fixedWindow, "bucket": tokenBucket} {
		for _, rate := range []int{1, 20, 100} {
			if rate == 100 && (fewer.Raced || !full()) {
				continue
			}
			t.Run(fmt.Sprintf("%s of %d a second", name, rate), func(t *testing.T) {
				t.Parallel()
				requests := 100*rate + 100
				switch {
				case fewer.Raced && rate > 1:
					requests = 20 * rate
				case rate > 1 && !full():
					requests = 50 * rate
				}
				for _, latency := range []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second} {
					for _, retryAfter := range []time.Duration{0, time.Second} {
						for _, concurrency := range []int{4, 32, 250} {
							possible := float64(concurrency) / latency.Seconds()
							if !full() && (concurrency == 250 || latency == 300*time.Millisecond || (concurrency == 4) != (retryAfter > 0)) {
								continue
							}
							if possible < 1.2*float64(rate) || rate == 1 && concurrency > 32 || rate < 100 && concurrency == 250 { // the last would wait for too long
								continue
							}
							synctest.Test(t, func(t *testing.T) {
								g := &overloaded{latency: latency, retryAfter: retryAfter, limit: limit(rate)}
								client := newClient(t, g, outgoing.WithConcurrency(concurrency))
								start := time.Now()
								_, err := client.GetByIDs(t.Context(), ids(requests*outgoing.MaxIDs))
								used := float64(g.served) / float64(rate) / time.Since(start).Seconds()
								t.Logf("%3.0f %% used, %d of %d turned away: latency %v, Retry-After %v, %d at once", 100*used, g.turned, g.turned+g.served, latency, retryAfter, concurrency)
								require.NoError(t, err)
								if requests > 20*rate {
									assert.GreaterOrEqual(t, used, 0.8)
								}
							})
						}
					}
				}
			})
		}
	}
}
