package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// double is the gateway over TCP: with a rate limit, with messages that live, and with callbacks.
type double struct {
	*outgoingtest.Gateway
	url   string
	limit *rate.Limiter

	requests, refused, deletes atomic.Int64
	refusing                   atomic.Bool // the token

	mu       sync.Mutex
	onDelete func(process string, number int, ids []int64) (answer bool) // runs after the work
}

// newDouble returns a gateway that lets perSecond requests through, and answers others with a 429.
func newDouble(t *testing.T, perSecond int) *double {
	t.Helper()
	d := &double{Gateway: outgoingtest.NewGateway(outgoingtest.WithToken("api-token")), limit: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	d.url = server.URL + "/rest"
	return d
}

func (d *double) killOnDelete(decide func(process string, number int, ids []int64) (answer bool)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onDelete = decide
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.requests.Add(1)
	if !d.limit.Allow() {
		d.refused.Add(1)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if d.refusing.Load() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodDelete {
		d.Gateway.ServeHTTP(w, r)
		return
	}
	number := int(d.deletes.Add(1))
	d.mu.Lock()
	defer d.mu.Unlock() // one DELETE at a time, so that the one that kills is alone
	_, process, _ := strings.Cut(r.UserAgent(), "fleet (")
	process, _, _ = strings.Cut(process, ")")
	if d.onDelete == nil {
		d.Gateway.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	d.Gateway.ServeHTTP(answer, r)
	requests := d.Requests()
	if !d.onDelete(process, number, requests[len(requests)-1].IDs) {
		panic(http.ErrAbortHandler)
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = io.Copy(w, answer.Body)
}

// life is what becomes of messages if nobody cancels them.
type life struct {
	double *double
	random *rand.Rand
	events []event // in order
	report func(ids []int64)
}

type event struct {
	at       time.Duration
	id       int64
	from, to string
}

// add makes n messages that are QUEUED, and sent soon, or SCHEDULED for a time between from and to.
func (l *life) add(n int, from, to time.Duration) []int64 {
	status := "QUEUED"
	if to > 0 {
		status = outgoing.StatusScheduled
	}
	now := time.Now()
	var ids []int64
	for range n {
		at := from + time.Duration(l.random.Int64N(int64(to-from)+1))
		m := outgoing.Message{
			StatusCode: status, StatusDate: new(now.UTC().Truncate(time.Second)), SentDate: new(now.Add(at).UTC().Truncate(time.Second)), Recipient: "+48999999999",
		}
		if err := m.Price.UnmarshalText([]byte([]string{"0.16", "0.07", "1.05"}[l.random.IntN(3)])); err != nil {
			panic(err)
		}
		id := l.double.Add(m)[0]
		ids = append(ids, id)
		last := []string{"DELIVERED", "DELIVERED", "DELIVERED", "UNDELIVERED"}[l.random.IntN(4)]
		path := []string{"QUEUED", "SENT", last}
		if status == outgoing.StatusScheduled {
			path = append([]string{status}, path...)
		} else {
			at += time.Duration(l.random.IntN(3000)) * time.Millisecond
		}
		for i := range path[1:] {
			l.events = append(l.events, event{at, id, path[i], path[i+1]})
			at += time.Duration(500+l.random.IntN(2000)) * time.Millisecond
		}
	}
	slices.SortStableFunc(l.events, func(a, b event) int { return int(a.at - b.at) })
	return ids
}

// run lives until all has happened, or ctx is done. A cancelled message stays as it is.
func (l *life) run(ctx context.Context) {
	start := time.Now()
	for len(l.events) > 0 && ctx.Err() == nil {
		var changed []int64
		for len(l.events) > 0 && l.events[0].at <= time.Since(start) {
			e := l.events[0]
			l.events = l.events[1:]
			l.double.Update(e.id, func(m *outgoing.Message) {
				if m.StatusCode == e.from {
					m.StatusCode, m.StatusDate = e.to, new(time.Now().UTC().Truncate(time.Second))
					changed = append(changed, e.id)
				}
			})
		}
		l.report(changed)
		pause(ctx, 50*time.Millisecond)
	}
}

// postman delivers callbacks badly: it loses some, repeats some, and brings some late.
type postman struct {
	double *double
	random *rand.Rand
	places chan struct{}
	sent   sync.WaitGroup

	mu   sync.Mutex
	to   []string // base URLs of the processes that are there
	late [][]byte

	acknowledged, others atomic.Int64
}

func (p *postman) setAddresses(to ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

func (p *postman) report(ids []int64) {
	for part := range slices.Chunk(ids, 10) {
		var body []byte
		_ = p.double.Notify(context.Background(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			w.WriteHeader(http.StatusNoContent)
		}), "", part...)
		switch p.random.IntN(6) {
		case 0, 1: // lost
		case 2:
			p.late = append(p.late, body)
		case 3:
			p.deliver(body)
			p.deliver(body)
		default:
			p.deliver(body)
		}
		if len(p.late) > 20 {
			p.deliver(p.late[0])
			p.late = p.late[1:]
		}
	}
}

func (p *postman) deliver(body []byte) {
	p.mu.Lock()
	if len(p.to) == 0 {
		p.mu.Unlock()
		return
	}
	url := p.to[p.random.IntN(len(p.to))] + "/callbacks"
	p.mu.Unlock()
	p.places <- struct{}{}
	p.sent.Go(func() {
		defer func() { <-p.places }()
		if status, _ := ask(http.MethodPost, url, callbackToken, string(bytes.Clone(body))); status == http.StatusNoContent {
			p.acknowledged.Add(1)
		} else {
			p.others.Add(1)
		}
	})
}
