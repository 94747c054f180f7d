package outgoing_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// troubled answers at random until a time, and then as it should.
type troubled struct {
	until time.Time
	mu    sync.Mutex
	rand  *rand.Rand
}

func (g *troubled) RoundTrip(req *http.Request) (*http.Response, error) {
	g.mu.Lock()
	n, latency := g.rand.IntN(9), time.Duration(g.rand.Int64N(int64(2*time.Second)))
	over := !time.Now().Before(g.until)
	g.mu.Unlock()
	if over {
		n, latency = 0, 20*time.Millisecond
	}
	if err := pause(req.Context(), latency); err != nil {
		return nil, err
	}
	switch n {
	case 1, 2:
		return answer(429, ""), nil
	case 3:
		return answer(429, "", "Retry-After", "3"), nil
	case 4:
		return answer(503, "", "Retry-After", "7"), nil
	case 5:
		return answer(500, ""), nil
	case 6:
		return nil, io.EOF
	case 7:
		return answer(200, rowsFor(req)[:5]), nil
	}
	return answer(200, rowsFor(req)), nil
}

// TestR6_EveryCallEndsInTimeWhateverTheGatewayDoes mixes callers with deadlines, callers that give up, and bulk jobs; a call
// that would wait for ever is a deadlock, which synctest reports.
func TestR6_EveryCallEndsInTimeWhateverTheGatewayDoes(t *testing.T) {
	t.Parallel()
	for seed := range raced(6, sized(12, 200)) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			length := time.Duration(random.Int64N(int64(5 * time.Minute)))
			g := &troubled{until: time.Now().Add(length), rand: rand.New(rand.NewPCG(0, uint64(seed)))}
			client := newClient(t, g, outgoing.WithConcurrency(1+random.IntN(16)))
			var calls sync.WaitGroup
			for i := range 40 {
				start := time.Duration(random.Int64N(int64(length) + 1))
				deadline := time.Duration(random.Int64N(int64(20*time.Second))) + 1
				asked := ids(1 + random.IntN(400))
				calls.Go(func() {
					time.Sleep(start)
					begun := time.Now()
					ctx, cancel := context.WithCancel(t.Context())
					switch i % 3 {
					case 0:
						ctx, cancel = context.WithTimeout(t.Context(), deadline)
					case 1:
						time.AfterFunc(deadline, cancel)
					default:
						deadline = time.Hour
					}
					defer cancel()
					switch i % 2 {
					case 0:
						got, err := client.GetByIDs(ctx, asked)
						failed, _ := failedIDs(err)
						assert.Len(t, asked, len(got.Messages)+len(got.Missing)+len(failed), "seed %d", seed)
					default:
						got, _ := client.CancelScheduled(ctx, asked)
						assert.Len(t, got.Outcomes, len(asked), "seed %d", seed)
					}
					assert.LessOrEqual(t, time.Since(begun), deadline, "seed %d", seed)
				})
			}
			calls.Wait()

			time.Sleep(max(0, time.Until(g.until)) + time.Minute)
			begun := time.Now()
			for range 100 {
				calls.Go(func() { _, _ = client.GetByIDs(t.Context(), []int64{1}) })
			}
			calls.Wait()
			require.Equal(t, 20*time.Millisecond, time.Since(begun), "seed %d: as fast as a new client", seed)
		})
	}
}
