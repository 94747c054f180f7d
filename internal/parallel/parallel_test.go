package parallel_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gsmservice-gateway/client-go/internal/parallel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func numbers(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestB3_ResultsComeInTheOrderOfTheItems(t *testing.T) {
	for _, n := range []int{1, 2, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			slowFirst := func(_ context.Context, i int) int {
				time.Sleep(time.Duration(20-i) * time.Millisecond)
				return i
			}
			got := slices.Collect(parallel.Ordered(t.Context(), n, numbers(20), slowFirst))
			assert.Equal(t, slices.Collect(numbers(20)), got)
		})
	}
}

func TestB1_NothingNeedsNobodyAtWork(t *testing.T) {
	for range parallel.Ordered(t.Context(), 0, numbers(0), func(context.Context, int) int { return 0 }) {
		t.Error("no result was expected")
	}
}

func TestB4_NoMoreThanNAreAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		for range parallel.Ordered(t.Context(), 3, numbers(30), func(context.Context, int) int {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return 0
		}) {
		}
		assert.EqualValues(t, 3, most.Load())
	})
}

func TestAHugeNumberAtOnceNeedsNoMoreMemoryThanTheWork(t *testing.T) {
	n := int(^uint(0) >> 1)
	assert.Len(t, slices.Collect(parallel.Ordered(t.Context(), n, numbers(10), func(_ context.Context, i int) int { return i })), 10)
}

func TestASlowFirstItemBoundsHowFarTheOthersRunAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		release := make(chan struct{})
		var loop sync.WaitGroup
		loop.Go(func() {
			for range parallel.Ordered(t.Context(), 2, numbers(1000), func(_ context.Context, i int) int {
				started.Add(1)
				if i == 0 {
					<-release
				}
				return i
			}) {
			}
		})
		synctest.Wait()
		assert.LessOrEqual(t, started.Load(), int32(8))
		close(release)
		loop.Wait()
		assert.EqualValues(t, 1000, started.Load())
	})
}

func TestU2_LeavingTheLoopCancelsTheWorkAndWaitsForIt(t *testing.T) {
	var ended atomic.Int32
	for range parallel.Ordered(t.Context(), 4, numbers(100), func(ctx context.Context, i int) int {
		if i > 0 {
			<-ctx.Done()
			ended.Add(1)
		}
		return i
	}) {
		break
	}
	assert.EqualValues(t, 3, ended.Load())
}

func TestU2_APanicInTheWorkIsRaisedInTheLoopAfterTheOthersEnded(t *testing.T) {
	var ended atomic.Int32
	require.PanicsWithValue(t, "boom", func() {
		for range parallel.Ordered(t.Context(), 4, numbers(100), func(ctx context.Context, i int) int {
			if i == 2 {
				panic("boom")
			}
			<-ctx.Done()
			ended.Add(1)
			return i
		}) {
			t.Error("no result was expected")
		}
	})
	assert.LessOrEqual(t, ended.Load(), int32(3))
}

func TestU2_AGoexitInTheWorkEndsTheLoopsGoroutine(t *testing.T) {
	var loop sync.WaitGroup
	after := false
	loop.Go(func() {
		for range parallel.Ordered(t.Context(), 2, numbers(5), func(context.Context, int) int { runtime.Goexit(); return 0 }) {
		}
		after = true
	})
	loop.Wait()
	assert.False(t, after)
}

func TestDrainRaisesThePanicOfWorkThatNobodyTook(t *testing.T) {
	g := parallel.NewGroup[int]()
	g.Go(func() int { return 1 })
	g.Go(func() int { panic("late") })
	require.PanicsWithValue(t, "late", g.Drain)
	assert.Zero(t, g.Running())
}
