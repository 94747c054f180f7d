package outgoing_test

import (
	"context"
	"fmt"
	"io"
	"iter"
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

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// history is a gateway of nothing but IDs, which change between requests. It is its own RoundTripper, and not the
// gateway double, to be fast and to misbehave in other ways.
type history struct {
	mu      sync.Mutex
	rand    *rand.Rand
	ids     []int64 // newest last
	next    int64
	deleted map[int64]bool

	gain, lose int               // at most so many between two requests; at least one if not 0
	edit       func(answers int) // any other change, after so many answers
	lag        int               // X-Total-Results is that of so many requests ago
	old        int               // the rows are those of so many requests ago
	totals     []int
	states     [][]int64     // what was there at each request, if old
	latency    time.Duration // the least; up to twice as long, each way

	serve  func(page, limit, total int) (from, to int) // in place of the offsets asked for
	says   func(page, limit, total int) (int, int)     // in X-Current-Page and X-Limit, in place of what was asked for
	counts func(total int) int                         // in X-Total-Results and in Link, in place of the total
	links  bool                                        // Link says rel="next" while there is more
	hidden func(id int64) bool                         // rows that are taken out after the page was cut
	equal  int                                         // so many neighbours have the same date, and an order of chance
	silent map[string]bool                             // headers that are not sent
	row    func(id int64) string                       // in place of {"id":1}
	fail   func(h *history, page, limit int) *http.Response

	requests []asked
	inFlight int
}

// asked is a request that arrived.
type asked struct {
	page, limit int
	inFlight    int // how many were under way then, this one included
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

// remove deletes messages by offset: 0 is the newest.
func (h *history) remove(from, to int) {
	first, last := max(len(h.ids)-to, 0), max(len(h.ids)-from, 0)
	for _, id := range h.ids[first:last] {
		h.deleted[id] = true
	}
	h.ids = slices.Delete(h.ids, first, last)
}

func (h *history) change() {
	if h.gain > 0 {
		h.add(1 + h.rand.IntN(h.gain))
	}
	if h.lose > 0 {
		for range min(len(h.ids), 1+h.rand.IntN(h.lose)) {
			i := h.rand.IntN(len(h.ids))
			h.remove(i, i+1)
		}
	}
	if h.edit != nil {
		h.edit(len(h.totals))
	}
}

func (h *history) wait(ctx context.Context) error {
	if h.latency == 0 {
		return nil
	}
	h.mu.Lock()
	d := h.latency + time.Duration(h.rand.Int64N(int64(h.latency)))
	h.mu.Unlock()
	return pause(ctx, d)
}

func (h *history) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.Query()
	page, _ := strconv.Atoi(query.Get("page"))
	limit, _ := strconv.Atoi(query.Get("limit"))
	h.mu.Lock()
	h.inFlight++
	h.requests = append(h.requests, asked{page, limit, h.inFlight})
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.inFlight--
	}()
	if err := h.wait(req.Context()); err != nil { // on the way there: requests overtake each other
		return nil, err
	}
	res := h.answer(page, limit)
	if err := h.wait(req.Context()); err != nil { // on the way back: and so do answers
		return nil, err
	}
	return res, nil
}

func (h *history) answer(page, limit int) *http.Response {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.totals) > 0 {
		h.change()
	}
	total := len(h.ids)
	h.totals = append(h.totals, total)
	if h.old > 0 {
		h.states = append(h.states, slices.Clone(h.ids))
	}
	if h.fail != nil {
		if res := h.fail(h, page, limit); res != nil {
			return res
		}
	}
	from, to := (page-1)*limit, page*limit
	if h.serve != nil {
		from, to = h.serve(page, limit, total)
	}
	counted := h.totals[max(0, len(h.totals)-1-h.lag)]
	if h.counts != nil {
		counted = h.counts(counted)
	}
	res := answer(http.StatusOK, "")
	if h.links && page*(to-from) < counted && to > from {
		res.Header["Link"] = []string{fmt.Sprintf(`<messages?page=%d&limit=%d>; rel="next"`, page+1, limit)}
	}
	if h.old > 0 {
		total = len(h.states[max(0, len(h.states)-1-h.old)])
	}
	from, to = min(from, total), min(to, total)
	res.Body = io.NopCloser(strings.NewReader(h.rows(from, to)))
	if h.says != nil {
		page, limit = h.says(page, limit, total)
	}
	for name, value := range map[string]int{
		"X-Total-Results": counted,
		"X-Current-Page":  page,
		"X-Limit":         limit,
	} {
		if !h.silent[name] {
			res.Header[name] = []string{strconv.Itoa(value)}
		}
	}
	return res
}

func (h *history) rows(from, to int) string {
	ids := h.ids
	if h.old > 0 {
		ids = h.states[max(0, len(h.states)-1-h.old)]
	}
	if h.equal > 1 {
		ids = slices.Clone(ids)
		for group := range slices.Chunk(ids, h.equal) {
			h.rand.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
		}
	}
	body := []byte("[")
	for offset := from; offset < to; offset++ {
		id := ids[len(ids)-1-offset]
		if h.hidden != nil && h.hidden(id) {
			continue
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		if h.row != nil {
			body = append(body, h.row(id)...)
			continue
		}
		body = append(strconv.AppendInt(append(body, `{"id":`...), id, 10), '}')
	}
	return string(append(body, ']'))
}

// mostInFlight is how many requests were under way at once.
func (h *history) mostInFlight() int {
	most := 0
	for _, r := range h.requests {
		most = max(most, r.inFlight)
	}
	return most
}

// reading is the result of walking a whole history.
type reading struct {
	ids                     []int64
	lost, twice, outOfOrder int // lost only if there was no error: with one, the rest is known to be missing
	requests, pages         int // pages of 50 at the start
	err                     error
}

// read walks the whole history and holds what it gets against what was there.
func (h *history) read(messages iter.Seq2[outgoing.Message, error]) reading {
	wanted := slices.Clone(h.ids)
	r := reading{pages: max(1, (len(wanted)+outgoing.MaxLimit-1)/outgoing.MaxLimit)}
	before := len(h.requests)
	seen := make(map[int64]bool)
	for m, err := range messages {
		if err != nil {
			r.err = err
			break
		}
		if seen[m.ID] {
			r.twice++
		}
		if len(r.ids) > 0 && m.ID >= r.ids[len(r.ids)-1] {
			r.outOfOrder++
		}
		seen[m.ID] = true
		r.ids = append(r.ids, m.ID)
	}
	r.requests = len(h.requests) - before
	for _, id := range wanted {
		if r.err == nil && !seen[id] && !h.deleted[id] {
			r.lost++
		}
	}
	return r
}

func newestFirst(ids []int64) []int64 {
	all := append([]int64{}, ids...)
	slices.Reverse(all)
	return all
}

var concurrencies = []int{1, 4, 8}

// fewConcurrencies returns the concurrencies of the ith of many cases; under the race detector they take turns.
func fewConcurrencies(i int) []int {
	return raced([]int{[]int{1, 8}[i%2]}, sized([]int{1, 8}, concurrencies))
}

// aFew is how many requests a gateway that cannot be read costs at most, after those that brought something.
const aFew = 14

const notFoundProblem = `{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such page"}`

// walkHistory reads a history in virtual time.
func walkHistory(t *testing.T, h *history, concurrency int) (r reading) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h.latency = 10 * time.Millisecond
		r = h.read(newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()))
		assert.LessOrEqual(t, h.mostInFlight(), concurrency)
	})
	return r
}

// How a history changes between two requests, and what a gateway tells about it. All must be exact under each of them.
var (
	changes = []struct {
		name       string
		gain, lose int
	}{
		{"quiet", 0, 0},
		{"gains 1-30", 30, 0},
		{"loses 1-10", 0, 10},
		{"gains 1-30, loses 1-10", 30, 10},
		{"gains 1-3, loses 1-2", 3, 2},
	}
	hints = []struct {
		name   string
		lag    int
		silent map[string]bool
		links  bool
		old    int
	}{
		{name: "current"},
		{name: "3 old", lag: 3},
		{name: "absent", silent: map[string]bool{"X-Total-Results": true, "X-Current-Page": true, "X-Limit": true}},
		{name: "current, links", links: true},
		{name: "3 old, links", lag: 3, links: true},
		{name: "3 old, links only", lag: 3, links: true, silent: map[string]bool{"X-Total-Results": true}},
		{name: "2 ahead", old: 2},
		{name: "3 ahead, links", old: 3, links: true},
	}
)
