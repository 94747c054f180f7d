package outgoing_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// after answers each request when its latency is over.
func after(latency func(asked []int64) time.Duration) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if err := pause(req.Context(), latency(askedFor(req))); err != nil {
			return nil, err
		}
		return answer(http.StatusOK, rowsFor(req)), nil
	}
}

// Another call met a rate limit. A look that is due during its hold must not leave as soon as that is over, if the loop's
// body runs then.
func TestW6_NoLookLeavesAHoldWhileTheBodyRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var (
			mu    sync.Mutex
			looks []time.Duration
		)
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			switch {
			case strings.HasSuffix(req.URL.Path, "/messages"):
				return answer(http.StatusTooManyRequests, "", "Retry-After", "20"), nil
			case strings.HasSuffix(req.URL.Path, "/51"):
				time.Sleep(15 * time.Second)
			default:
				time.Sleep(time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			looks = append(looks, time.Since(start).Round(time.Second))
			return answer(http.StatusOK, rowsFor(req)), nil
		}), once)
		for m, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(51), Until: never}) {
			require.NoError(t, err)
			switch m.ID {
			case 1:
				_, err := client.List(t.Context(), outgoing.PageRequest{})
				require.ErrorIs(t, err, outgoing.ErrRateLimited)
			case 51: // after 15 seconds; the look at the others is due since 10
				time.Sleep(25 * time.Second)
				mu.Lock()
				assert.Equal(t, []time.Duration{time.Second, 15 * time.Second}, looks)
				mu.Unlock()
			}
			if m.ID == 51 {
				return
			}
		}
	})
}

func TestW6_AtMostWithConcurrencyRequestsAreInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inFlight, most atomic.Int64
		gateway := after(func([]int64) time.Duration { return time.Second })
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			now := inFlight.Add(1)
			defer inFlight.Add(-1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			return gateway(req)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		watch(ctx, client, outgoing.WatchRequest{IDs: ids(1000), Until: never}, outgoing.WithConcurrency(3))
		assert.EqualValues(t, 3, most.Load())
	})
}

func TestW6_ASlowRequestHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, after(func(asked []int64) time.Duration {
			if asked[0] == 1 {
				return 29 * time.Second
			}
			return time.Second
		}), outgoing.WithConcurrency(2))
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: ids(500), Until: func(outgoing.Message) bool { return true }})
		require.Len(t, all, 500)
		assert.Equal(t, 9*time.Second, all[449].at, "nine requests, one after the other")
		assert.Equal(t, 29*time.Second, all[450].at)
	})
}

func TestW6_NoRequestStartsWhileTheBodyRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy atomic.Bool
		start := time.Now()
		var started atomic.Int64
		gateway := after(func(asked []int64) time.Duration { return time.Duration(asked[0]) * 10 * time.Millisecond })
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			started.Add(1)
			assert.False(t, busy.Load(), "at %v", time.Since(start))
			return gateway(req)
		}), outgoing.WithConcurrency(2))
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		defer cancel()
		for _, err := range client.Watch(ctx, outgoing.WatchRequest{IDs: ids(300), Until: never}) {
			synctest.Wait() // what was started before is on its way
			busy.Store(true)
			if err == nil {
				require.NoError(t, pause(t.Context(), 30*time.Second)) // longer than a wait
			}
			synctest.Wait()
			busy.Store(false)
		}
		assert.Greater(t, started.Load(), int64(10))
	})
}

func TestW6_LeavingTheLoopLeavesNothingBehind(t *testing.T) {
	const minute = time.Minute
	for name, leave := range map[string]func(t *testing.T, client *outgoing.Client, left func()){
		"break": func(t *testing.T, client *outgoing.Client, left func()) {
			for _, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1000), Until: never}) {
				require.NoError(t, err)
				left()
				break
			}
		},
		"a break at an error": func(t *testing.T, client *outgoing.Client, left func()) {
			for _, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1000), Until: never}, outgoing.WithAttemptTimeout(time.Second)) {
				if err != nil {
					left()
					break
				}
			}
		},
		"a panic in the body": func(t *testing.T, client *outgoing.Client, left func()) {
			assert.PanicsWithValue(t, "body", func() {
				for _, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1000), Until: never}) {
					assert.NoError(t, err)
					left()
					panic("body")
				}
			})
		},
		"a panic in Until": func(t *testing.T, client *outgoing.Client, left func()) {
			assert.PanicsWithValue(t, "Until", func() {
				for _, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1000), Until: func(outgoing.Message) bool {
					left()
					panic("Until")
				}}) {
					t.Error("yielded", err)
				}
			})
		},
		"Goexit in the body": func(t *testing.T, client *outgoing.Client, left func()) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for _, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1000), Until: never}) {
					assert.NoError(t, err)
					left()
					runtime.Goexit()
				}
			}()
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
				client := newClient(t, after(func(asked []int64) time.Duration { // others are in flight
					return time.Duration(asked[0]) * minute / 100
				}), outgoing.WithConcurrency(5))
				var at time.Time
				leave(t, client, func() { at = time.Now() })
				require.NotZero(t, at)
				assert.Zero(t, time.Since(at), "what is in flight is given up, and not waited for")
			})
		})
	}
}

func TestW6_APanicInATransportIsRaisedInTheLoop(t *testing.T) {
	for name, end := range map[string]func(){
		"panic":  func() { panic("transport") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					if askedFor(req)[0] == outgoing.MaxIDs+1 {
						end()
					}
					<-req.Context().Done()
					return nil, req.Context().Err()
				}))
				var raised any
				returned := false
				done := make(chan struct{})
				start := time.Now()
				go func() {
					defer close(done)
					defer func() { raised = recover() }()
					watch(t.Context(), client, outgoing.WatchRequest{IDs: ids(1000), Until: never})
					returned = true
				}()
				<-done
				assert.False(t, returned)
				if name == "panic" {
					assert.Equal(t, "transport", raised)
				}
				assert.Zero(t, time.Since(start))
			})
		})
	}
}

func TestW6_NoConnectionIsLeftBusy(t *testing.T) {
	before := goleak.IgnoreCurrent()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := askedFor(r); asked[0] == 1 {
			_, _ = io.WriteString(w, rowsFor(r))
			return
		}
		<-r.Context().Done()
	}))
	transport := &http.Transport{}
	for _, err := range newClient(t, transport, outgoing.WithBaseURL(server.URL)).Watch(t.Context(), outgoing.WatchRequest{IDs: ids(500), Until: never}) {
		require.NoError(t, err)
		break
	}
	transport.CloseIdleConnections()
	server.Close() // which waits for the handlers
	goleak.VerifyNone(t, before)
}

func TestW6_AtMost100BytesForEachID(t *testing.T) {
	notForRaces(t)
	beginning, held := watchHeap(t, sized(50_000, 200_000))
	t.Logf("bytes for each ID: %.0f at the beginning, %.0f after the first look", beginning, held)
	assert.LessOrEqual(t, max(beginning, held), float64(watchLimit))
	assert.Positive(t, held)
}
