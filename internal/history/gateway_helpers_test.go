package history_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/history"
)

// gateway is a history of nothing but IDs, which change between two requests, and what a gateway says and shows of it.
type gateway struct {
	mu       sync.Mutex
	seed     uint64
	rand     *rand.Rand        // of what is decided while a request is answered
	asked    map[[2]int]uint64 // how often for each page and limit
	ids      []int64           // newest last
	next     int64
	deleted  map[int64]bool
	totals   []int     // at each request
	states   [][]int64 // what was there at each request, if old
	requests int

	edit     func(request int)                           // changes the history before each answer but the first
	lag, old int                                         // the total, or the rows, are those of so many requests ago
	noTotal  bool                                        // no answer has a total
	noPage   bool                                        // no answer says which page of how many rows it is
	links    bool                                        // answers name a next page while there is more
	counts   func(total int) int                         // in place of the total
	serve    func(page, limit, total int) (from, to int) // in place of the offsets asked for
	hidden   func(id int64) bool                         // rows that are taken out after the page was cut
	equal    int                                         // so many neighbours have the same date, and an order of chance
	noID     func(id int64) bool                         // rows whose ID cannot be read
}

func newGateway(n int, seed uint64) *gateway {
	g := &gateway{seed: seed, rand: rand.New(rand.NewPCG(seed, 0)), asked: make(map[[2]int]uint64), deleted: make(map[int64]bool)}
	g.add(n)
	return g
}

func (g *gateway) add(n int) {
	for range n {
		g.next++
		g.ids = append(g.ids, g.next)
	}
}

// remove deletes rows by offset: 0 is the newest.
func (g *gateway) remove(from, to int) {
	first, last := max(len(g.ids)-to, 0), max(len(g.ids)-from, 0)
	for _, id := range g.ids[first:last] {
		g.deleted[id] = true
	}
	g.ids = slices.Delete(g.ids, first, last)
}

// churn returns an edit by which up to gain rows arrive and up to lose go between two requests, at least one if not 0.
func (g *gateway) churn(gain, lose int) func(int) {
	return func(int) {
		if gain > 0 {
			g.add(1 + g.rand.IntN(gain))
		}
		if lose > 0 {
			for range min(len(g.ids), 1+g.rand.IntN(lose)) {
				i := g.rand.IntN(len(g.ids))
				g.remove(i, i+1)
			}
		}
	}
}

// fetch answers after a while, and takes as long again for the way back, so that requests and answers overtake each other. How
// long depends on the request alone, and not on which goroutine runs first: a seed is one course of events.
func (g *gateway) fetch(ctx context.Context, page, limit int) (history.Page, error) {
	g.mu.Lock()
	g.asked[[2]int{page, limit}]++
	random := rand.New(rand.NewPCG(g.seed, uint64(page)<<32|uint64(limit)<<16|g.asked[[2]int{page, limit}]))
	g.mu.Unlock()
	wait := func() error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10*time.Millisecond + time.Duration(random.Int64N(int64(10*time.Millisecond)))):
			return nil
		}
	}
	if err := wait(); err != nil {
		return history.Page{}, err
	}
	answer := g.answer(page, limit)
	return answer, wait()
}

func (g *gateway) answer(page, limit int) (p history.Page) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.requests++; g.requests > 1 && g.edit != nil {
		g.edit(g.requests - 1)
	}
	g.totals = append(g.totals, len(g.ids))
	ids := g.ids
	if g.old > 0 {
		g.states = append(g.states, slices.Clone(g.ids))
		ids = g.states[max(0, len(g.states)-1-g.old)]
	}
	from, to := (page-1)*limit, page*limit
	if g.serve != nil {
		from, to = g.serve(page, limit, len(g.ids))
	}
	total := g.totals[max(0, len(g.totals)-1-g.lag)]
	if g.counts != nil {
		total = g.counts(total)
	}
	p.HasNext = g.links && page*(to-from) < total && to > from
	if !g.noTotal {
		p.Total = &total
	}
	if !g.noPage {
		p.Current = &page
	}
	if g.equal > 1 {
		ids = slices.Clone(ids)
		for group := range slices.Chunk(ids, g.equal) {
			g.rand.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
		}
	}
	for offset := min(from, len(ids)); offset < min(to, len(ids)); offset++ {
		if id := ids[len(ids)-1-offset]; g.noID != nil && g.noID(id) {
			p.IDs = append(p.IDs, -id)
		} else if g.hidden == nil || !g.hidden(id) {
			p.IDs = append(p.IDs, id)
		}
	}
	return p
}

// walk reads a history whose rows fetch returns as IDs: negative ones are those that cannot be read.
func walk(ctx context.Context, concurrency int, fetch func(ctx context.Context, page, limit int) (history.Page, error), deliver func(row int64) bool) error {
	return history.Walk(ctx, concurrency, func(ctx context.Context, page, limit int) (history.Page, error) {
		p, err := fetch(ctx, page, limit)
		rows := p.IDs
		p.IDs = make([]int64, len(rows))
		for i, row := range rows {
			p.IDs[i] = max(row, 0)
		}
		p.Deliver = func(i int) bool { return deliver(rows[i]) }
		return p, err
	})
}

// reading is what a walk delivered, held against what was there.
type reading struct {
	ids                     []int64
	lost, twice, outOfOrder int // lost only if there was no error: with one, the rest is known to be missing
	requests, pages         int // pages of 50 at the start
	took                    time.Duration
	err                     error
}

// read walks the whole history. It must be called in a synctest bubble.
func (g *gateway) read(ctx context.Context, concurrency int) reading {
	wanted := slices.Clone(g.ids)
	r := reading{pages: max(1, (len(wanted)+49)/50)}
	seen := make(map[int64]bool)
	start := time.Now()
	r.err = walk(ctx, concurrency, g.fetch, func(row int64) bool {
		id := max(row, -row)
		if seen[id] {
			r.twice++
		}
		if len(r.ids) > 0 && id >= r.ids[len(r.ids)-1] {
			r.outOfOrder++
		}
		seen[id] = true
		r.ids = append(r.ids, id)
		return true
	})
	r.took, r.requests = time.Since(start), g.requests
	for _, id := range wanted {
		if r.err == nil && !seen[id] && !g.deleted[id] {
			r.lost++
		}
	}
	return r
}

// walk reads a history in virtual time.
func (g *gateway) walk(t *testing.T, concurrency int) (r reading) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { r = g.read(t.Context(), concurrency) })
	return r
}
