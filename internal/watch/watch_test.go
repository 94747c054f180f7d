package watch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/internal/watch"
)

// full reports whether grids and simulations run whole, and not only at their corners.
var full = fewer.Full

type message = gen.Message

func done(m message) bool { return m.StatusCode == "DONE" }

var (
	errDown   = errors.New("no answer")
	errPoison = errors.New("it cannot be told what this is")
)

// world is what is looked up, and what was seen of the looks.
type world struct {
	latency time.Duration
	of      func(now time.Duration, ids []int64) watch.Look // how a look ends; nil finds all, done

	mu     sync.Mutex
	start  time.Time
	looks  []time.Duration // when they began
	asked  [][]int64
	active int
	most   int // looks at once
	log    bytes.Buffer
}

// lookUp decides when a look begins how it ends.
func (w *world) lookUp(ctx context.Context, ids []int64) watch.Look {
	w.mu.Lock()
	now := time.Since(w.start)
	w.looks, w.asked = append(w.looks, now), append(w.asked, ids)
	w.active++
	w.most = max(w.most, w.active)
	look := each(ids, func(id int64) watch.Result { return found(message{ID: id, StatusCode: "DONE"}) })
	if w.of != nil {
		look = w.of(now, ids)
	}
	w.mu.Unlock()
	wait(ctx, w.latency)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active--
	return look
}

// forget begins to count anew how many looks there are at once.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = 0
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func each(ids []int64, of func(int64) watch.Result) watch.Look {
	var look watch.Look
	for _, id := range ids {
		look.Results = append(look.Results, of(id))
	}
	return look
}

func found(m message) watch.Result {
	return watch.Result{ID: m.ID, Finding: watch.Found, Message: &m}
}

// lost is what is found of an ID that was not Found.
func lost(id int64, finding watch.Finding, err error) watch.Result {
	return watch.Result{ID: id, Finding: finding, Err: err}
}

func unsettled(id int64) watch.Result { return lost(id, watch.Temporary, errDown) }

// all is a look that ended in one way for each ID.
func all(ids []int64, finding watch.Finding, attr slog.Attr) watch.Look {
	look := each(ids, func(id int64) watch.Result { return lost(id, finding, errDown) })
	look.Attr = attr
	return look
}

// unreachable is a look that ended without an answer.
func unreachable(ids []int64) watch.Look {
	return all(ids, watch.Unreachable, slog.Any("error", errDown))
}

// told is what was told, and when.
type told struct {
	message message
	givenUp bool
	failed  []watch.Result // that is what is given up, too
	at      time.Duration
}

// run watches IDs 1 to n to the end.
func (w *world) run(ctx context.Context, n int, change func(*watch.Config)) (all []told, left []int64) {
	c := config(w, n)
	if change != nil {
		change(&c)
	}
	w.start = time.Now()
	tell := func(one told) bool {
		one.at = time.Since(w.start)
		all = append(all, one)
		return true
	}
	c.Changed = func(m message) bool { return tell(told{message: m}) }
	c.GivenUp = func(r watch.Result) bool { return tell(told{givenUp: true, failed: []watch.Result{r}}) }
	c.Failed = func(failed []watch.Result) bool { return tell(told{failed: failed}) }
	return all, watch.Run(ctx, c)
}

// config watches IDs 1 to n.
func config(w *world, n int) watch.Config {
	c := watch.Config{
		Until:           done,
		InitialInterval: 10 * time.Second, MaxInterval: 15 * time.Minute,
		IDsPerLook: 50, Concurrency: 4,
		LookUp:    w.lookUp,
		Changed:   func(message) bool { return true },
		GivenUp:   func(watch.Result) bool { return true },
		Failed:    func([]watch.Result) bool { return true },
		HeldUntil: func() time.Time { return time.Time{} },
		Logger:    slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	for id := range int64(n) {
		c.IDs = append(c.IDs, id+1)
	}
	return c
}

func (w *world) lines() int { return strings.Count(w.log.String(), "\n") }

// gaps are the times between two looks.
func (w *world) gaps() []time.Duration {
	var all []time.Duration
	for i, at := range w.looks[1:] {
		all = append(all, at-w.looks[i])
	}
	return all
}

func atOnce(n int) func(*watch.Config) {
	return func(c *watch.Config) { c.Concurrency = n }
}

func TestW1_EachStateIsToldOnceUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		states := []message{{StatusCode: "QUEUED"}, {StatusCode: "QUEUED"}, {StatusCode: "SENT"}, {StatusCode: "SENT", StatusDate: new(time.Unix(0, 0))}, {StatusCode: "SENT", StatusDate: &day}, {StatusCode: "SENT", StatusDate: new(day.Local())}, {StatusCode: ""}, {StatusCode: "DONE"}}
		w := &world{of: func(_ time.Duration, ids []int64) watch.Look {
			m := states[0]
			states = states[1:]
			return each(ids, func(int64) watch.Result { return found(m) })
		}}
		all, left := w.run(t.Context(), 1, nil)
		assert.Empty(t, left)
		var codes []string
		for _, one := range all {
			assert.Empty(t, one.failed)
			codes = append(codes, one.message.StatusCode)
		}
		assert.Equal(t, []string{"QUEUED", "SENT", "SENT", "SENT", "", "DONE"}, codes)
	})
}

func TestW4_OneFailureAmongFiftyIsItsOwn(t *testing.T) {
	for name, test := range map[string]struct {
		finding watch.Finding
		failed  []int // the looks of which it is told that they failed
		givenUp bool
	}{
		"it may pass":      {watch.Temporary, []int{1}, false},
		"it will not pass": {watch.Permanent, []int{2}, true}, // which is the first that has no answer
		"it has a bad row": {watch.Unreadable, nil, true},
		"it is missing":    {watch.Missing, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{of: func(_ time.Duration, ids []int64) watch.Look {
					return each(ids, func(id int64) watch.Result {
						if id == 7 {
							return lost(id, test.finding, errPoison)
						}
						return found(message{ID: id, StatusCode: "DONE"})
					})
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				all, left := w.run(ctx, 50, nil)
				messages, givenUp := 0, 0
				var failed []int
				for _, one := range all {
					if len(one.failed) == 0 {
						messages++
						continue
					}
					assert.Equal(t, []watch.Result{lost(7, test.finding, errPoison)}, one.failed)
					if one.givenUp {
						givenUp++
					} else {
						failed = append(failed, slices.Index(w.looks, one.at)+1)
					}
				}
				assert.Equal(t, 49, messages)
				assert.Equal(t, test.failed, failed)
				if test.givenUp {
					assert.Equal(t, 1, givenUp)
					assert.Empty(t, left)
					assert.Len(t, w.looks, 3)
				} else {
					assert.Equal(t, []int64{7}, left)
					assert.LessOrEqual(t, len(w.looks), 24*4+8, "its waits grow as if nothing had changed")
				}
			})
		})
	}
}

func TestW5_AnEarlyEndSaysWhatIsLeftAndWhy(t *testing.T) {
	t.Run("the context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			w := &world{latency: time.Hour, of: func(_ time.Duration, ids []int64) watch.Look { return unreachable(ids) }}
			all, left := w.run(ctx, 3, nil)
			assert.Empty(t, all, "what the context broke off is no failure")
			assert.Equal(t, []int64{1, 2, 3}, left)
			assert.Equal(t, time.Minute, time.Since(w.start))
			assert.Zero(t, w.active)
		})
	})
	t.Run("the context, after half of a look", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{of: func(time.Duration, []int64) watch.Look {
			return watch.Look{Results: []watch.Result{found(message{ID: 1}), unsettled(2)}}
		}}
		told := 0
		c := config(w, 2)
		c.Changed = func(message) bool {
			told++
			cancel()
			return true
		}
		c.Failed = func(failed []watch.Result) bool {
			assert.Empty(t, failed)
			return true
		}
		left := watch.Run(ctx, c)
		assert.Equal(t, 1, told)
		assert.Equal(t, []int64{1, 2}, left)
	})
	t.Run("a refusal", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{latency: time.Second, of: func(_ time.Duration, ids []int64) watch.Look {
				if ids[0] > 50 {
					return all(ids, watch.Refused, slog.Attr{})
				}
				return each(ids, func(id int64) watch.Result { return found(message{ID: id, StatusCode: "DONE"}) })
			}}
			_, left := w.run(t.Context(), 52, atOnce(1))
			assert.Equal(t, []int64{51, 52}, left)
		})
	})
}

func TestW6_NothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is
		w := &world{latency: time.Hour}
		var ended atomic.Int32
		c := config(w, 500)
		c.LookUp = func(ctx context.Context, ids []int64) watch.Look {
			if ids[0] == 51 {
				wait(ctx, time.Second)
				panic("look-up")
			}
			defer ended.Add(1)
			<-ctx.Done()
			return unreachable(ids)
		}
		assert.PanicsWithValue(t, "look-up", func() { watch.Run(t.Context(), c) })
		assert.EqualValues(t, 3, ended.Load())
	})
}

// What is taken for looks follows what there is to look up, and not the number that is allowed.
func TestW6_AnyNumberOfLooksMayRunAtOnce(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{latency: time.Second}
			all, left := w.run(t.Context(), n, atOnce(math.MaxInt))
			assert.Empty(t, left)
			assert.Len(t, all, n)
			assert.Equal(t, (n+49)/50, w.most)
		})
	}
}

func TestW6_NoLookBeginsWhileSomethingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: time.Second}
		c := config(w, 3)
		c.IDsPerLook, c.Concurrency = 1, 2
		c.Changed = func(message) bool {
			synctest.Wait() // what has begun before
			before := len(w.looks)
			time.Sleep(time.Hour)
			assert.Len(t, w.looks, before)
			return true
		}
		assert.Empty(t, watch.Run(t.Context(), c))
		assert.Len(t, w.looks, 3)
	})
}

func TestW3_AHoldPostponesLooksAndTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := time.Now().Add(time.Minute)
		w := &world{of: func(now time.Duration, ids []int64) watch.Look {
			if now < 10*time.Minute {
				return all(ids, watch.Throttled, slog.Int("status", 429))
			}
			return each(ids, func(id int64) watch.Result { return found(message{ID: id, StatusCode: "DONE"}) })
		}}
		all, left := w.run(t.Context(), 200, func(c *watch.Config) { c.HeldUntil = func() time.Time { return held } })
		assert.Empty(t, left)
		require.Len(t, all, 200, "no failure")
		assert.Equal(t, time.Minute, w.looks[0])
		assert.Less(t, all[199].at, 10*time.Minute+11*time.Second, "no wait is longer for it")
		assert.Less(t, len(w.looks), 4*(9*60/5+6), "looks are tried more seldom while it goes on")
		assert.Equal(t, strings.Count(w.log.String(), "status=429 wait="), w.lines())
		assert.LessOrEqual(t, w.lines(), len(w.looks)/4+1, "one line for those that were turned away together")
	})
}

func TestW2_AnIntervalMayBeOfAnyLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 365*24*time.Hour)
		defer cancel()
		w := &world{latency: time.Second}
		_, left := w.run(ctx, 500, func(c *watch.Config) {
			c.InitialInterval, c.MaxInterval = math.MaxInt64, math.MaxInt64
			c.Until = func(message) bool { return false }
		})
		assert.Len(t, left, 500)
		assert.Len(t, w.looks, 10, "the wait after the first look is not over")
	})
}

func TestW2_WaitsAreUpToATenthLongerInEachWatchByAnother(t *testing.T) {
	var first []time.Duration
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			w := &world{}
			w.run(ctx, 1, func(c *watch.Config) {
				c.MaxInterval, c.Until = time.Minute, func(message) bool { return false }
			})
			gaps := w.gaps()
			for i, wait := range []time.Duration{10, 10, 20, 40, 60, 60} {
				assert.GreaterOrEqual(t, gaps[i], wait*time.Second)
				assert.LessOrEqual(t, gaps[i], wait*time.Second*11/10)
			}
			first = append(first, gaps[0])
		})
	}
	slices.Sort(first)
	assert.Greater(t, len(slices.Compact(first)), 1)
}

func ExampleRun() {
	code := "QUEUED"
	left := watch.Run(context.Background(), watch.Config{
		IDs:             []int64{43456},
		Until:           func(m gen.Message) bool { return m.StatusCode == "DELIVERED" },
		HeldUntil:       func() time.Time { return time.Time{} },
		InitialInterval: time.Millisecond, MaxInterval: time.Second, IDsPerLook: 50, Concurrency: 1,
		LookUp: func(context.Context, []int64) watch.Look {
			return watch.Look{Results: []watch.Result{{Finding: watch.Found, Message: &gen.Message{StatusCode: code}}}}
		},
		Changed: func(m gen.Message) bool {
			fmt.Println(m.StatusCode)
			code = "DELIVERED"
			return true
		},
	})
	fmt.Println(len(left))
	// Output:
	// QUEUED
	// DELIVERED
	// 0
}
