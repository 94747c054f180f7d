package outgoing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// restless changes messages at random when it is asked for them, and turns some requests away.
type restless struct {
	latency time.Duration
	busy    time.Duration // how long a message stays as it is, on average
	away    float64       // the share of requests that are turned away

	mu       sync.Mutex
	rand     *rand.Rand
	start    time.Time
	last     map[int64]time.Time // when a message changed
	answered []time.Duration
}

func (g *restless) RoundTrip(req *http.Request) (*http.Response, error) {
	g.mu.Lock()
	if g.rand.Float64() < g.away {
		g.mu.Unlock()
		return answer(http.StatusTooManyRequests, ""), nil
	}
	g.answered = append(g.answered, time.Since(g.start))
	asked := askedFor(req)
	rows := make([]string, len(asked))
	for i, id := range asked {
		if g.rand.Float64() < float64(10*time.Second)/float64(g.busy) {
			g.last[id] = time.Now()
		}
		rows[i] = fmt.Sprintf(`{"id":%d,"status_date":%q}`, id, g.last[id].Format(time.RFC3339Nano))
	}
	g.mu.Unlock()
	if err := pause(req.Context(), g.latency); err != nil {
		return nil, err
	}
	return answer(http.StatusOK, "["+strings.Join(rows, ",")+"]"), nil
}

func TestW2_RequestsStayNearTheLeastThatTheIDsNeed(t *testing.T) {
	t.Parallel()
	const initial = 10 * time.Second
	counts, latencies := []int{1, 50, 51, 120, 499}, []time.Duration{20 * time.Millisecond, time.Second, 9500 * time.Millisecond}
	if !full() {
		counts, latencies = []int{1, 50, 120}, []time.Duration{20 * time.Millisecond, 9500 * time.Millisecond}
	}
	runs := 0
	for _, n := range counts {
		for _, latency := range latencies {
			for _, busy := range []time.Duration{30 * time.Second, 10 * time.Minute, 6 * time.Hour} {
				for _, longest := range []time.Duration{initial, 15 * time.Minute} {
					for _, away := range []float64{0, 0.05} {
						if runs++; runs%raced(3, 1) > 0 {
							continue
						}
						synctest.Test(t, func(t *testing.T) {
							g := &restless{latency: latency, busy: busy, away: away, rand: rand.New(rand.NewPCG(uint64(n), uint64(busy))), start: time.Now(), last: map[int64]time.Time{}}
							ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
							defer cancel()
							watch(ctx, newClient(t, g, outgoing.WithConcurrency(8)), outgoing.WatchRequest{IDs: ids(n), Until: never, InitialInterval: initial, MaxInterval: longest})
							least := (n + outgoing.MaxIDs - 1) / outgoing.MaxIDs
							window := initial
							if away > 0 {
								window -= time.Second // the hold after a 429 holds up requests that have started, each for a while of its own
							}
							most := busiest(g.answered, window, least)
							assert.LessOrEqual(t, float64(most), 1.3*float64(least), "%d IDs, latency %v, a change every %v, max interval %v, %v turned away", n, latency, busy, longest, away)
							assert.Positive(t, most)
						})
					}
				}
			}
		}
	}
}

func TestW2_AGroupOfIDsSharesItsRequests(t *testing.T) {
	t.Parallel()
	hours := raced(3, sized(6, 24))
	synctest.Test(t, func(t *testing.T) {
		g := &restless{latency: 20 * time.Millisecond, busy: 1000 * time.Hour, rand: rand.New(rand.NewPCG(1, 1)), start: time.Now(), last: map[int64]time.Time{}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(hours)*time.Hour)
		defer cancel()
		watch(ctx, newClient(t, g), outgoing.WatchRequest{IDs: ids(1000), Until: never})
		// 20 requests for a look at all; 7 looks until the wait is 15 minutes, and then one for each 15 minutes.
		assert.LessOrEqual(t, len(g.answered), 20*(7+hours*4)*11/10)
		assert.GreaterOrEqual(t, len(g.answered), 20*(hours*4)*10/11)
		t.Logf("%d requests in %d hours for 1,000 IDs that hardly change", len(g.answered), hours)
	})
}
