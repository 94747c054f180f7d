package callback_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// sender is the gateway as it is at its worst: it sends a callback until it is acknowledged, with the states of the first
// time, in any order, and now and then once more although it was.
type sender struct {
	handler http.Handler
	gateway *outgoingtest.Gateway
	random  *lockedRandom
	work    sync.WaitGroup

	mu       sync.Mutex
	statuses map[int]int // how often each was the answer; 0 is none in time
}

// lockedRandom is a source for several goroutines.
type lockedRandom struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (l *lockedRandom) below(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.IntN(n)
}

func (l *lockedRandom) upTo(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.r.Int64N(int64(d)))
}

func (l *lockedRandom) pause(most time.Duration) { time.Sleep(l.upTo(most)) }

func (s *sender) notify(ctx context.Context, msgs []outgoing.Message) {
	body, err := json.Marshal(msgs)
	if err != nil {
		panic(err)
	}
	s.work.Go(func() {
		for repeats := 0; ; {
			s.random.pause(time.Minute)
			status := s.post(ctx, string(body))
			s.mu.Lock()
			s.statuses[status]++
			s.mu.Unlock()
			if status/100 == 2 {
				if repeats++; repeats > s.random.below(3) {
					return
				}
			}
			s.random.pause(5 * time.Minute)
		}
	})
}

// post returns 0 if the sender did not wait for the answer, or the connection broke.
func (s *sender) post(ctx context.Context, body string) (status int) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler { //nolint:errorlint // net/http compares likewise
			panic(v)
		}
	}()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if ctx.Err() != nil {
		return 0
	}
	return w.Code
}

// unreliable is a sink that stores, fails, blocks and panics, before or after it has stored.
func unreliable(s *store, random *lockedRandom) callback.Sink {
	return func(ctx context.Context, changed []outgoing.Message) error {
		trouble := func() error {
			switch random.below(10) {
			case 0:
				return errors.New("no connection to the database")
			case 1:
				panic("a bug")
			case 2:
				panic(http.ErrAbortHandler)
			case 3:
				timer := time.NewTimer(random.upTo(time.Minute))
				defer timer.Stop()
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-timer.C:
				}
			}
			return nil
		}
		if err := trouble(); err != nil {
			return err
		}
		random.pause(time.Second)
		if err := s.save(ctx, changed); err != nil {
			return err
		}
		return trouble()
	}
}

func TestK3_K4_AfterFaultsAtRandomTheSinkHasStoredWhatTheGatewaySays(t *testing.T) {
	total := map[int]int{}
	fewer.Checks()
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		messages := rapid.IntRange(1, 120).Draw(rt, "messages")
		confirm := rapid.Bool().Draw(rt, "confirm")
		limit := rapid.IntRange(1, 8).Draw(rt, "limit")
		synctest.Test(t, func(t *testing.T) {
			random := &lockedRandom{r: rand.New(rand.NewPCG(seed, 0))}
			gateway := outgoingtest.NewGateway(outgoingtest.WithRequestLimit(0), outgoingtest.WithLatency(20*time.Millisecond))
			stored := new(store)
			opts := []callback.Option{callback.WithTokens(token), callback.WithLimit(limit)}
			if confirm {
				opts = append(opts, callback.WithConfirmation(gateway.Client()))
			}
			s := &sender{handler: newHandler(t, unreliable(stored, random), opts...), gateway: gateway, random: random, statuses: map[int]int{}}
			ids := gateway.Add(make([]outgoing.Message, messages)...)
			for _, status := range []string{"QUEUED", "SENT", "DELIVERED"} {
				changing := slices.Clone(ids)
				for len(changing) > 0 {
					n := min(1+random.below(50), len(changing))
					batch := make([]outgoing.Message, n)
					for i, id := range changing[:n] {
						batch[i] = outgoing.Message{ID: id, Recipient: recipient, StatusCode: status, StatusDate: new(time.Now().UTC().Truncate(time.Second))}
					}
					if random.below(2) == 0 { // a replica lags behind
						gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(changing[0]), Times: 2, Body: new(asTheyAre(gateway, changing[:n]))})
					}
					gateway.Add(batch...)
					s.notify(t.Context(), batch)
					changing = changing[n:]
					gateway.Inject(gatewayFaults[random.below(len(gatewayFaults))])
					time.Sleep(time.Second + random.upTo(time.Minute)) // StatusDate counts in seconds
				}
			}
			s.work.Wait()

			require.Len(t, stored.byID, messages)
			for _, id := range ids {
				now, _ := gateway.Message(id)
				assert.Equal(t, now, stored.byID[id])
			}
			for status, n := range s.statuses {
				total[status] += n
			}
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
	for _, status := range []int{0, 204, 500, 503} {
		assert.NotZero(t, total[status], "%d never happened: %v", status, total)
	}
	t.Log("answers by status (0 is none):", total)
}

// asTheyAre returns the gateway's answer to a look-up.
func asTheyAre(gateway *outgoingtest.Gateway, ids []int64) string {
	var now []outgoing.Message
	for _, id := range ids {
		m, _ := gateway.Message(id)
		now = append(now, m)
	}
	body, err := json.Marshal(now)
	if err != nil {
		panic(err)
	}
	return string(body)
}

var gatewayFaults = []outgoingtest.Fault{
	{Status: http.StatusInternalServerError},
	{Status: http.StatusTooManyRequests, RetryAfter: "20"},
	{Drop: true},
	{Truncate: 100},
	{Delay: 20 * time.Second},
	{Delay: 5 * time.Second},
	{Body: new("[]")},
	{Status: http.StatusUnauthorized},
}
