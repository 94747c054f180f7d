package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// history is a gateway of nothing but IDs, which change between requests. It is a RoundTripper of its own, and not the
// gateway double, to be fast and to misbehave in ways of its own.
type history struct {
	mu       sync.Mutex
	rand     *rand.Rand
	ids      []int64 // newest last
	next     int64
	deleted  map[int64]bool
	requests int

	gain, lose int // at most so many between two requests; at least one if not 0
	lag        int // X-Total-Results is that of so many requests ago
	totals     []int
	noHeaders  bool
	latency    time.Duration
	page       func(page, limit, total int) (int, int) // what is served instead
	echo       bool                                    // the headers tell what is served, and not what was asked for
}

func newHistory(n int, seed uint64) *history {
	h := &history{rand: rand.New(rand.NewPCG(seed, 0)), deleted: make(map[int64]bool)}
	h.add(n)
	return h
}

func (h *history) add(n int) {
	for range n {
		h.next++
		h.ids = append(h.ids, h.next)
	}
}

func (h *history) change() {
	if h.gain > 0 {
		h.add(1 + h.rand.IntN(h.gain))
	}
	if h.lose > 0 {
		for range min(len(h.ids), 1+h.rand.IntN(h.lose)) {
			i := h.rand.IntN(len(h.ids))
			h.deleted[h.ids[i]] = true
			h.ids = slices.Delete(h.ids, i, i+1)
		}
	}
}

func (h *history) wait(ctx context.Context) error {
	if h.latency == 0 {
		return nil
	}
	h.mu.Lock()
	d := h.latency + time.Duration(h.rand.Int64N(int64(h.latency)))
	h.mu.Unlock()
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *history) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := h.wait(req.Context()); err != nil { // on the way there: requests overtake each other
		return nil, err
	}
	page, _ := strconv.Atoi(req.URL.Query().Get("page"))
	limit, _ := strconv.Atoi(req.URL.Query().Get("limit"))
	res := h.answer(page, limit)
	if err := h.wait(req.Context()); err != nil { // on the way back: and so do answers
		return nil, err
	}
	return res, nil
}

func (h *history) answer(page, limit int) *http.Response {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.requests++; h.requests > 1 {
		h.change()
	}
	h.totals = append(h.totals, len(h.ids))
	total := h.totals[max(0, len(h.totals)-1-h.lag)]
	asked := [2]int{page, limit}
	if h.page != nil {
		page, limit = h.page(page, limit, len(h.ids))
	}
	if h.echo {
		asked = [2]int{page, limit}
	}
	var body strings.Builder
	body.WriteString("[")
	end := len(h.ids) - (page-1)*limit
	for i := end - 1; i >= max(0, end-limit); i-- {
		if body.Len() > 1 {
			body.WriteString(",")
		}
		fmt.Fprintf(&body, `{"id":%d}`, h.ids[i])
	}
	body.WriteString("]")
	header := http.Header{}
	if !h.noHeaders {
		header.Set("X-Total-Results", strconv.Itoa(total))
		header.Set("X-Current-Page", strconv.Itoa(asked[0]))
		header.Set("X-Limit", strconv.Itoa(asked[1]))
	}
	res := answer(http.StatusOK, body.String())
	res.Header = header
	return res
}

// read walks the whole history and tells what All got wrong.
func (h *history) read(ctx context.Context, client *outgoing.Client) (lost, twice, disordered, delivered int, err error) {
	wanted := slices.Clone(h.ids)
	seen := make(map[int64]bool)
	previous := int64(1 << 62)
	for m, failed := range client.All(ctx) {
		if failed != nil {
			err = failed
			break
		}
		delivered++
		if seen[m.ID] {
			twice++
		}
		seen[m.ID] = true
		if m.ID >= previous {
			disordered++
		}
		previous = m.ID
	}
	if err == nil {
		for _, id := range wanted {
			if !seen[id] && !h.deleted[id] {
				lost++
			}
		}
	}
	return lost, twice, disordered, delivered, err
}

func TestH1_EachMessageExactlyOnceWhileTheHistoryChanges(t *testing.T) {
	kinds := []struct {
		name       string
		gain, lose int
	}{
		{"quiet", 0, 0},
		{"gains 1-30", 30, 0},
		{"loses 1-10", 0, 10},
		{"gains 1-30 and loses 1-10", 30, 10},
		{"gains 1-3 and loses 1-2", 3, 2},
	}
	runs := 60
	if testing.Short() {
		runs = 10
	}
	t.Logf("%-26s %11s %5s %5s %6s %9s %6s %9s", "history", "concurrency", "lag", "lost", "twice", "disorder", "drift", "requests")
	drifted, total := 0, 0
	for _, kind := range kinds {
		for _, concurrency := range []int{1, 4, 8} {
			for _, lag := range []int{0, 3} {
				var lost, twice, disordered, drift, requests, pages int
				for seed := range uint64(runs) {
					synctest.Test(t, func(t *testing.T) {
						h := newHistory(1000+int(seed)*37, seed)
						h.gain, h.lose, h.lag, h.latency = kind.gain, kind.lose, lag, 10*time.Millisecond
						pages += (len(h.ids) + outgoing.MaxLimit - 1) / outgoing.MaxLimit
						l, tw, d, _, err := h.read(t.Context(), newClient(t, h, outgoing.WithConcurrency(concurrency)))
						if errors.Is(err, outgoing.ErrDrift) {
							drift++
						} else {
							require.NoError(t, err)
						}
						lost, twice, disordered, requests = lost+l, twice+tw, disordered+d, requests+h.requests
					})
				}
				t.Logf("%-26s %11d %5d %5d %6d %9d %6d %8.2fx", kind.name, concurrency, lag, lost, twice, disordered, drift, float64(requests)/float64(pages))
				assert.Zero(t, lost, "%s, concurrency %d: lost", kind.name, concurrency)
				assert.Zero(t, twice, "%s, concurrency %d: twice", kind.name, concurrency)
				assert.Zero(t, disordered, "%s, concurrency %d: out of order", kind.name, concurrency)
				drifted, total = drifted+drift, total+runs
			}
		}
	}
	assert.Less(t, float64(drifted), 0.01*float64(total), "drift in 1 % of the runs or more")
}
