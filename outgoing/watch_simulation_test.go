package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
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
)

// timeline is the life of one message: when the gateway first knows it, and when its status becomes the next one.
type timeline struct {
	appears time.Duration
	changes []time.Duration
	odd     bool // its row does not say that it is of this message
}

var lifeStatuses = []string{"SCHEDULED", "QUEUED", "SENT", "DONE"}

// movingGateway serves messages that move on by themselves.
type movingGateway struct {
	start    time.Time
	latency  time.Duration
	messages map[int64]timeline
	trouble  func(now time.Duration, req *http.Request) (*http.Response, error) // both nil if there is none

	mu       sync.Mutex
	requests int
	answered []time.Duration // when those arrived that were not turned away
}

func (g *movingGateway) RoundTrip(req *http.Request) (*http.Response, error) {
	g.mu.Lock()
	now := time.Since(g.start)
	g.requests++
	var res *http.Response
	var err error
	if g.trouble != nil {
		res, err = g.trouble(now, req)
	}
	if res == nil || res.StatusCode != http.StatusTooManyRequests && res.Header.Get("Retry-After") == "" {
		g.answered = append(g.answered, now)
	}
	g.mu.Unlock()
	if pauseErr := pause(req.Context(), g.latency); pauseErr != nil {
		return nil, pauseErr
	}
	if res != nil || err != nil {
		return res, err
	}
	return answer(http.StatusOK, g.rows(req, now)), nil
}

func (g *movingGateway) rows(req *http.Request, now time.Duration) string {
	_, list, _ := strings.Cut(req.URL.Path, "/messages/")
	var b strings.Builder
	b.WriteByte('[')
	for text := range strings.SplitSeq(list, ",") {
		id, _ := strconv.ParseInt(text, 10, 64)
		life, known := g.messages[id]
		if !known || now < life.appears {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if life.odd {
			fmt.Fprintf(&b, `{"id":"no. %d"}`, id)
			continue
		}
		status, since := life.state(now)
		fmt.Fprintf(&b, `{"id":%d,"status_code":%q,"status_date":%q}`, id, status, g.start.Add(since).Format(time.RFC3339Nano))
	}
	b.WriteByte(']')
	return b.String()
}

func (l timeline) state(now time.Duration) (status string, since time.Duration) {
	n := 0
	since = l.appears
	for n < len(l.changes) && now >= l.changes[n] {
		since = l.changes[n]
		n++
	}
	return lifeStatuses[len(lifeStatuses)-1-len(l.changes)+n], since
}

// followed is what a watch told about its IDs.
type followed struct {
	states   map[int64]string // the last one yielded
	ended    map[int64]bool
	givenUp  map[int64]error
	left     map[int64]bool
	lastErr  error
	failures int // of requests
}

// follow watches to the end, and checks each yield against those before.
func follow(ctx context.Context, t require.TestingT, client *outgoing.Client, w outgoing.WatchRequest) followed {
	f := followed{states: map[int64]string{}, ended: map[int64]bool{}, givenUp: map[int64]error{}, left: map[int64]bool{}}
	for m, err := range client.Watch(ctx, w) {
		require.NoError(t, f.lastErr, "nothing comes after the last error")
		var named []int64
		if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
			named = batch.IDs()
		}
		switch {
		case err == nil:
			state := m.StatusCode + m.StatusDate.String()
			assert.NotEqual(t, f.states[m.ID], state, "ID %d: the same state twice", m.ID)
			assert.False(t, f.ended[m.ID] || f.givenUp[m.ID] != nil, "ID %d was watched on", m.ID)
			f.states[m.ID], f.ended[m.ID] = state, w.Until(m)
		case m.ID != 0:
			assert.Equal(t, []int64{m.ID}, named)
			assert.False(t, f.ended[m.ID] || f.givenUp[m.ID] != nil, "ID %d was watched on", m.ID)
			f.givenUp[m.ID] = err
		case ctx.Err() != nil || errors.Is(err, outgoing.ErrUnauthorized):
			f.lastErr = err
			for _, id := range named {
				assert.False(t, f.left[id], "ID %d is named twice", id)
				f.left[id] = true
			}
		default:
			f.failures++
			assert.NotEmpty(t, named)
		}
	}
	for _, id := range w.IDs {
		endings := 0
		for _, ending := range []bool{f.ended[id], f.givenUp[id] != nil, f.left[id]} {
			if ending {
				endings++
			}
		}
		assert.Equal(t, 1, endings, "ID %d: %v %v %v", id, f.ended[id], f.givenUp[id], f.left[id])
	}
	return f
}

// randomTrouble answers some requests with trouble until a time.
func randomTrouble(random *rand.Rand, share float64, until time.Duration) func(time.Duration, *http.Request) (*http.Response, error) {
	return func(now time.Duration, _ *http.Request) (*http.Response, error) {
		if now >= until || random.Float64() >= share {
			return nil, nil
		}
		switch random.IntN(7) {
		case 0:
			return answer(http.StatusTooManyRequests, ""), nil
		case 1:
			return answer(http.StatusTooManyRequests, "", "Retry-After", "20"), nil
		case 2:
			return answer(http.StatusServiceUnavailable, "", "Retry-After", "90"), nil
		case 3:
			return answer(http.StatusInternalServerError, ""), nil
		case 4:
			return nil, io.EOF
		case 5:
			return answer(http.StatusOK, `[{"id":`), nil
		}
		return answer(http.StatusOK, "<html>"), nil
	}
}

func TestW1_W2_W4_W5_AHundredThousandIDsForADay(t *testing.T) {
	t.Parallel()
	n := raced(2_000, sized(5_000, 100_000))
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		const day = 24 * time.Hour
		g := &movingGateway{start: time.Now(), latency: 20 * time.Millisecond, messages: map[int64]timeline{}}
		seldom, often := randomTrouble(random, 0.0005, day), randomTrouble(random, 0.5, day)
		g.trouble = func(now time.Duration, req *http.Request) (*http.Response, error) {
			if now%(5*time.Hour) > 4*time.Minute && now%(5*time.Hour) < 14*time.Minute {
				return often(now, req)
			}
			return seldom(now, req)
		}
		unknown, late, never := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
		for i := range n {
			id := int64(i + 1)
			var life timeline
			switch {
			case i%1000 == 0:
				unknown[id] = true
				continue
			case i%1000 == 1: // appears late, but not too late
				late[id] = true
				life.appears = time.Second + time.Duration(random.Int64N(int64(9*time.Second)))
			case i%1000 == 2:
				never[id] = true
			}
			spread := 10 * time.Minute
			if i%100 == 3 {
				spread = 20 * time.Hour
			}
			at := life.appears
			for range 3 {
				at += time.Duration(random.Int64N(int64(spread / 3)))
				if never[id] {
					at = 2 * day
				}
				life.changes = append(life.changes, at)
			}
			g.messages[id] = life
		}
		ctx, cancel := context.WithTimeout(t.Context(), day)
		defer cancel()
		client := newClient(t, g, outgoing.WithConcurrency(8))
		f := follow(ctx, t, client, outgoing.WatchRequest{IDs: ids(n), Until: hasStatus("DONE"), InitialInterval: 30 * time.Second})
		require.ErrorIs(t, f.lastErr, context.DeadlineExceeded)
		assert.Len(t, f.left, len(never))
		assert.Len(t, f.givenUp, len(unknown))
		for id, err := range f.givenUp {
			assert.True(t, unknown[id])
			require.ErrorIs(t, err, outgoing.ErrNotFound)
		}
		assert.Len(t, f.ended, n-len(unknown), "late ones too")
		most := busiest(g.answered, 30*time.Second, (n+49)/50)
		assert.LessOrEqual(t, float64(most), 1.3*float64((n+49)/50))
		t.Logf("%d IDs: %d requests, at most %d in 30s, %d failures yielded", n, g.requests, most, f.failures)
	})
}

func TestW1_W3_W4_W5_WhateverFailsEachIDEndsInOneOfThree(t *testing.T) {
	t.Parallel()
	fewer.Checks()
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		share := rapid.Float64Range(0, 1).Draw(rt, "share of trouble")
		n := rapid.SampledFrom([]int{1, 49, 50, 51, 100, 120, 199}).Draw(rt, "IDs")
		concurrency := rapid.IntRange(1, 6).Draw(rt, "concurrency")
		initial := time.Duration(rapid.IntRange(1, 60).Draw(rt, "initial")) * time.Second
		timeout := rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 4 * time.Hour}).Draw(rt, "timeout")
		trouble := rapid.SampledFrom([]time.Duration{0, time.Minute, 2 * time.Hour}).Draw(rt, "trouble until")
		refused := rapid.SampledFrom([]int{0, 0, 1, 3, 20, 300}).Draw(rt, "refused at request")
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			g := &movingGateway{start: time.Now(), latency: time.Duration(random.Int64N(int64(3 * time.Second))), messages: map[int64]timeline{}}
			calls := 0
			others := randomTrouble(random, share, trouble)
			g.trouble = func(now time.Duration, req *http.Request) (*http.Response, error) {
				if calls++; calls == refused {
					return answer(http.StatusUnauthorized, ""), nil
				}
				if random.IntN(20) == 0 && now < trouble {
					return answer([]int{400, 404, 410, 422}[random.IntN(4)], ""), nil
				}
				return others(now, req)
			}
			for i := range n {
				life := timeline{appears: time.Duration(random.Int64N(int64(time.Minute))), odd: random.IntN(20) == 0}
				at := life.appears
				for range random.IntN(4) {
					at += time.Duration(random.Int64N(int64(time.Hour)))
					life.changes = append(life.changes, at)
				}
				if random.IntN(10) > 0 {
					g.messages[int64(i+1)] = life
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			client := newClient(t, g, outgoing.WithConcurrency(concurrency))
			follow(ctx, rt, client, outgoing.WatchRequest{IDs: ids(n), Until: hasStatus("DONE"), InitialInterval: initial})
		})
	})
}
