package outgoing_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// downtime is what a gateway that is down does with a request.
type downtime func(*http.Request) (*http.Response, error)

var downtimes = map[string]downtime{
	"500":     func(*http.Request) (*http.Response, error) { return answer(500, ""), nil },
	"refused": func(*http.Request) (*http.Response, error) { return nil, io.EOF },
	"hangs": func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	},
	"429":              func(*http.Request) (*http.Response, error) { return answer(429, ""), nil },
	"503, Retry-After": func(*http.Request) (*http.Response, error) { return answer(503, "", "Retry-After", "30"), nil },
}

// holds are those that ask for fewer requests.
var holds = map[string]bool{"429": true, "503, Retry-After": true}

// recovering is a gateway that is down at first, and then answers with messages that have ended, as fast as its limit lets it.
type recovering struct {
	down    downtime
	until   time.Time
	latency time.Duration
	rate    int // requests a second; 0 is any number

	mu     sync.Mutex
	admits func(time.Time) bool
}

func (g *recovering) RoundTrip(req *http.Request) (*http.Response, error) {
	now := time.Now()
	if now.Before(g.until) {
		if err := pause(req.Context(), g.latency); err != nil {
			return nil, err
		}
		return g.down(req)
	}
	g.mu.Lock()
	if g.admits == nil && g.rate > 0 {
		g.admits = tokenBucket(g.rate)
	}
	admitted := g.rate == 0 || g.admits(now)
	g.mu.Unlock()
	if err := pause(req.Context(), g.latency); err != nil {
		return nil, err
	}
	if !admitted {
		return answer(http.StatusTooManyRequests, ""), nil
	}
	return answer(http.StatusOK, rowsFor(req)), nil
}

// TestW3_AfterAnyOutageAWatchGoesOn has 20 requests to make after an outage. It may take the longest wait, or the longest
// hold or pause, until the first of them is sent, and then the pace that the gateway allows.
func TestW3_AfterAnyOutageAWatchGoesOn(t *testing.T) {
	t.Parallel()
	const n, requests = 1000, 20
	lengths := []time.Duration{0, 30 * time.Second, 10 * time.Minute, time.Hour}
	latencies := []time.Duration{10 * time.Millisecond, 2 * time.Second}
	if !full() {
		lengths, latencies = lengths[raced(2, 1):3], latencies[:1]
	}
	slowest := map[int]time.Duration{}
	for name, down := range downtimes {
		for _, lasts := range lengths {
			for _, rate := range []int{0, 1, 20} {
				for _, latency := range latencies {
					synctest.Test(t, func(t *testing.T) {
						g := &recovering{down: down, until: time.Now().Add(lasts), latency: latency, rate: rate}
						ctx, cancel := context.WithTimeout(t.Context(), lasts+time.Hour)
						defer cancel()
						all := watch(ctx, newClient(t, g), outgoing.WatchRequest{
							IDs: ids(n), Until: func(outgoing.Message) bool { return true }, MaxInterval: time.Minute})
						require.Len(t, all, n+len(errorsOf(all)), "%s for %v, %d/s, latency %v", name, lasts, rate, latency)
						assert.LessOrEqual(t, len(errorsOf(all)), 1, "%s for %v, %d/s, latency %v", name, lasts, rate, latency)
						slowest[rate] = max(slowest[rate], all[len(all)-1].at-lasts)
						limit := 66*time.Second + 30*time.Second
						if lasts > 0 && !holds[name] {
							limit += 5 * time.Minute
						}
						if rate > 0 {
							limit += 2 * requests * time.Second / time.Duration(rate)
						}
						assert.LessOrEqual(t, all[len(all)-1].at-lasts, limit, "%s for %v, %d/s, latency %v", name, lasts, rate, latency)
					})
				}
			}
		}
	}
	t.Logf("the last message, after the outage, by requests a second: %v", slowest)
}

// TestW3_WatchesAndCancelsShareARateLimit runs watches and cancels against a limit that they exceed together.
func TestW3_WatchesAndCancelsShareARateLimit(t *testing.T) {
	t.Parallel()
	length, n, rate := raced(5*time.Minute, sized(10*time.Minute, time.Hour)), 2000, 10
	if !full() {
		n, rate = 600, 3
	}
	synctest.Test(t, func(t *testing.T) {
		g := &recovering{until: time.Now(), latency: 20 * time.Millisecond, rate: rate}
		client := newClient(t, g)
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() {
				all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(n), Until: never, MaxInterval: 20 * time.Second})
				assert.Len(t, all, n+1, "each message, and the end")
			})
		}
		failed, cancels := 0, 0
		for ctx.Err() == nil {
			callCtx, done := context.WithTimeout(t.Context(), 30*time.Second)
			if _, err := client.CancelScheduled(callCtx, ids(2)); err != nil {
				failed++
			}
			done()
			cancels++
			_ = pause(ctx, 10*time.Second)
		}
		calls.Wait()
		assert.LessOrEqual(t, failed, cancels/20)
		assert.Greater(t, cancels, int(length/time.Minute))
		t.Logf("%d of %d cancels failed", failed, cancels)
	})
}
