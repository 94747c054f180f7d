package watch_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/internal/watch"
)

const maxPause = 5 * time.Minute

// downUntil lets looks end without an answer until a time, and finds all after it.
func downUntil(end time.Duration) func(time.Duration, []int64) watch.Look {
	return func(now time.Duration, ids []int64) watch.Look {
		if now < end {
			return unreachable(ids)
		}
		return each(ids, func(id int64) watch.Result { return found(message{ID: id, StatusCode: "DONE"}) })
	}
}

func TestW3_AnOutageIsProbedAfterPausesThatDouble(t *testing.T) {
	for _, n := range []int{1, 50, 51, 10_000} {
		for _, initial := range []time.Duration{time.Second, 10 * time.Second, time.Hour} {
			t.Run(fmt.Sprintf("%d IDs, %v", n, initial), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour+time.Second/2)
					defer cancel()
					w := &world{of: downUntil(48 * time.Hour)}
					all, left := w.run(ctx, n, func(c *watch.Config) {
						c.InitialInterval, c.MaxInterval, c.Concurrency = initial, max(c.MaxInterval, initial), 1
					})
					assert.Len(t, left, n)
					require.Len(t, all, 1, "the first failure")
					assert.Len(t, all[0].failed, min(n, 50))
					assert.Equal(t, len(w.looks)-1, w.lines(), "one line for each of the others")
					gaps, pause := w.gaps(), initial
					if n > 50 { // the second look showed that it was not about the IDs of the first
						assert.Zero(t, gaps[0])
					} else { // that was not known when the first had failed
						assert.InDelta(t, float64(initial), float64(gaps[0]), float64(initial)/10)
					}
					gaps = gaps[1:]
					for i, gap := range gaps {
						assert.GreaterOrEqual(t, gap, pause, "the pause after look %d", i)
						assert.LessOrEqual(t, gap, pause+pause/10, "the pause after look %d", i)
						pause = max(initial, min(2*pause, maxPause))
						if gap > pause { // it has a jitter
							pause = max(initial, min(2*gap*10/11, maxPause))
						}
					}
				})
			})
		}
	}
}

func TestW3_WhatIsDueFollowsTheFirstSuccess(t *testing.T) {
	lengths, sizes, latencies := []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute, 26 * time.Hour}, []int{1, 50, 51, 1000, 20_000}, []time.Duration{0, 50 * time.Millisecond, 20 * time.Second}
	if !full() {
		lengths, sizes, latencies = lengths[1:3], []int{51, 1000}, latencies[1:2]
	}
	for _, lasts := range lengths {
		for _, n := range sizes {
			for _, latency := range latencies {
				for _, concurrency := range []int{1, 4, 100} {
					synctest.Test(t, func(t *testing.T) {
						name := fmt.Sprintf("%d IDs, down for %v, latency %v, %d at once", n, lasts, latency, concurrency)
						w := &world{latency: latency, of: downUntil(lasts)}
						time.AfterFunc(lasts, w.forget)
						all, left := w.run(t.Context(), n, func(c *watch.Config) {
							c.Concurrency, c.MaxInterval = concurrency, 20*time.Second
						})
						require.Empty(t, left)
						messages, first, last := 0, time.Duration(0), time.Duration(0)
						for _, one := range all {
							if len(one.failed) == 0 {
								if messages++; messages == 1 {
									first = one.at
								}
								last = one.at
							}
						}
						assert.Equal(t, n, messages, name)
						assert.LessOrEqual(t, first-lasts, maxPause+30*time.Second+2*latency, name)
						looks := (n + 49) / 50
						// One wait for what failed last, and the bound of W2 if the latency is as long as a wait.
						assert.LessOrEqual(t, last-first, 33*time.Second+2*latency*time.Duration(1+looks/concurrency), name)
						if n >= 1000 && latency > 0 {
							assert.GreaterOrEqual(t, w.most, min(looks-1, concurrency), name)
						}
					})
				}
			}
		}
	}
}

// A look that fails among others that do not is about its own IDs.
func TestW3_PoisonIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: 100 * time.Millisecond, of: func(now time.Duration, ids []int64) watch.Look {
			if slices.Contains(ids, 51) {
				return unreachable(ids)
			}
			return downUntil(0)(now, ids)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		all, left := w.run(ctx, 2000, atOnce(1))
		assert.Equal(t, int64(51), left[0])
		assert.Len(t, left, 50)
		messages := 0
		for _, one := range all {
			if len(one.failed) == 0 {
				messages++
				assert.LessOrEqual(t, one.at, 4*time.Second, "there was no pause")
			}
		}
		assert.Equal(t, 1950, messages)
	})
}

// Some IDs cannot be looked up for a long time: the others have their turn all the same.
func TestW3_ProbesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{of: func(now time.Duration, ids []int64) watch.Look {
			if ids[0] <= 200 {
				return unreachable(ids)
			}
			return downUntil(0)(now, ids)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		all, left := w.run(ctx, 1000, atOnce(1))
		assert.Len(t, left, 200)
		messages := 0
		for _, one := range all {
			messages += 1 - min(1, len(one.failed))
		}
		assert.Equal(t, 800, messages)
	})
}

// A look that has hung since before the outage was known is one of those that are made one at a time.
func TestW3_ProbesBeginAfterALookThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w := &world{of: downUntil(2 * time.Hour)}
		c := config(w, 1000)
		c.Concurrency = 3
		w.start = time.Now()
		var begun atomic.Int32
		c.LookUp = func(ctx context.Context, ids []int64) watch.Look {
			if begun.Add(1) == 3 {
				wait(ctx, 75*time.Second)
			}
			return w.lookUp(ctx, ids)
		}
		assert.Len(t, watch.Run(ctx, c), 1000)
		gaps := w.gaps()[3:] // from the one that hung on
		for i, pause := range []time.Duration{10, 20, 40, 80, 160, 300, 300} {
			assert.InDelta(t, float64(pause*time.Second), float64(gaps[i]), float64(pause*time.Second)/10)
		}
	})
}

// TestW1_W2_W3_W4_W5_WhateverEndsHowEachIDEndsInOneOfThree lets looks end in any way until some time.
func TestW1_W2_W3_W4_W5_WhateverEndsHowEachIDEndsInOneOfThree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var (
			seed        = rapid.Uint64().Draw(rt, "seed")
			n           = rapid.SampledFrom([]int{1, 49, 50, 51, 120, 500, 1999}).Draw(rt, "IDs")
			concurrency = rapid.SampledFrom([]int{1, 2, 4, 64}).Draw(rt, "concurrency")
			initial     = rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second, 10 * time.Minute}).Draw(rt, "initial")
			latency     = rapid.SampledFrom([]time.Duration{0, 20 * time.Millisecond, 3 * time.Second, 30 * time.Second}).Draw(rt, "latency")
			share       = rapid.Float64Range(0, 1).Draw(rt, "share of trouble")
			trouble     = rapid.SampledFrom([]time.Duration{0, time.Minute, 3 * time.Hour}).Draw(rt, "trouble until")
			timeout     = rapid.SampledFrom([]time.Duration{0, 30 * time.Second, time.Hour, 48 * time.Hour}).Draw(rt, "timeout")
			refusedAt   = rapid.SampledFrom([]int{0, 0, 0, 1, 20}).Draw(rt, "refused at look")
			random      = rand.New(rand.NewPCG(seed, 0))
			calls       int
			counted     []time.Duration // looks that were not turned away
		)
		synctest.Test(t, func(t *testing.T) {
			w := &world{latency: latency}
			w.of = func(now time.Duration, ids []int64) watch.Look {
				if calls++; calls == refusedAt {
					return all(ids, watch.Refused, slog.Attr{})
				}
				troubled := now < trouble && random.Float64() < share
				if troubled && random.IntN(3) == 0 {
					return all(ids, watch.Throttled, slog.Int("status", 429))
				}
				counted = append(counted, now)
				if troubled && random.IntN(2) == 0 {
					return unreachable(ids)
				}
				look := each(ids, func(id int64) watch.Result {
					switch {
					case id%97 == 0:
						return lost(id, watch.Missing, errPoison)
					case id%89 == 0, troubled && id%7 == 0:
						return lost(id, watch.Unreadable, errPoison)
					case troubled && id%3 == 0:
						return unsettled(id)
					case now >= trouble || random.IntN(4) == 0:
						return found(message{ID: id, StatusCode: "DONE"})
					}
					return found(message{ID: id, StatusCode: "SENT", StatusDate: new(time.Unix(random.Int64N(2), 0))})
				})
				if troubled && random.IntN(4) == 0 {
					look = each(ids, unsettled)
				}
				return look
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			all, left := w.run(ctx, n, func(c *watch.Config) {
				c.Concurrency, c.InitialInterval, c.MaxInterval = concurrency, initial, max(c.MaxInterval, initial)
			})
			ends := map[int64]int{}
			last := map[int64]message{}
			for _, one := range all {
				switch {
				case one.givenUp:
					ends[one.failed[0].ID]++
				case len(one.failed) == 0:
					before, seen := last[one.message.ID]
					same := seen && before.StatusCode == one.message.StatusCode && (before.StatusDate == nil) == (one.message.StatusDate == nil) && (before.StatusDate == nil || before.StatusDate.Equal(*one.message.StatusDate))
					assert.False(rt, same, "the same state twice")
					last[one.message.ID] = one.message
					if done(one.message) {
						ends[one.message.ID]++
					}
				}
			}
			for _, id := range left {
				ends[id]++
			}
			assert.True(rt, slices.IsSorted(left))
			assert.Len(rt, ends, n)
			for id, times := range ends {
				assert.Equal(rt, 1, times, "ID %d", id)
			}
			assert.LessOrEqual(rt, w.most, concurrency)
			if ctx.Err() != nil && timeout > trouble+3*time.Hour {
				assert.Empty(rt, left, "all are well %v after the trouble", timeout-trouble)
			}
			most := float64((n+49)/50) * 1.3
			from := 0
			for to, at := range counted {
				for counted[from] <= at-initial {
					from++
				}
				require.LessOrEqual(rt, float64(to-from+1), most, "looks within %v, until %v", initial, at)
			}
		})
	})
}
