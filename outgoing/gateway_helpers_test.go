package outgoing_test

import (
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// scheduled is a gateway with n messages that can be cancelled, numbered from 1.
func scheduled(n int, opts ...outgoingtest.Option) *outgoingtest.Gateway {
	g := outgoingtest.NewGateway(opts...)
	for range n {
		g.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})
	}
	return g
}

// count says how many requests with this method arrived.
func count(g *outgoingtest.Gateway, method string) int {
	n := 0
	for _, r := range g.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

// lostAnswers are the ways in which a cancel takes effect and its answer is lost.
func lostAnswers() map[string]outgoingtest.Fault {
	return map[string]outgoingtest.Fault{
		"connection dropped":  {Drop: true},
		"500":                 {Status: 500},
		"502":                 {Status: 502},
		"504":                 {Status: 504},
		"attempt timeout":     {Delay: time.Hour},
		"truncated 200":       {Truncate: 5},
		"200 without a body":  {Truncate: -1},
		"HTML in place of it": {Body: new("<html>Welcome to the Wi-Fi</html>")},
		"empty 200":           {Body: new("")},
		"null":                {Body: new("null")},
		"row missing":         {Omit: []int64{1}},
		"202":                 {Status: 202},
		"204":                 {Status: 204},
		"302":                 {Status: 302},
	}
}

// askedFor are the IDs in a request's path.
func askedFor(req *http.Request) []int64 {
	_, list, _ := strings.Cut(req.URL.Path, "/messages/")
	var ids []int64
	for field := range strings.SplitSeq(list, ",") {
		id, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			panic(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// rowsFor is the body of a 200 in which each ID asked for is found, or cancelled.
func rowsFor(req *http.Request) string { return rowsOf(req.Method, askedFor(req)) }

func rowsOf(method string, ids []int64) string {
	body := []byte("[")
	for i, id := range ids {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(append(body, `{"id":`...), id, 10)
		if method == http.MethodDelete {
			body = append(body, `,"status":204`...)
		}
		body = append(body, '}')
	}
	return string(append(body, ']'))
}

// refusals is the body of a 200 in which no message can be cancelled any more.
func refusals(req *http.Request) string {
	return strings.ReplaceAll(rowsFor(req), `"status":204`, `"status":400,"error":{"title":"The message is no longer scheduled"}`)
}

// dialError is the error of a connection that could not be had.
func dialError(reason error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: reason} }

// fixedWindow admits n requests in each second of the clock.
func fixedWindow(n int) func(time.Time) bool {
	var second int64
	var used int
	return func(now time.Time) bool {
		if now.Unix() != second {
			second, used = now.Unix(), 0
		}
		used++
		return used <= n
	}
}

// tokenBucket admits n requests a second, and up to n at once.
func tokenBucket(n int) func(time.Time) bool {
	tokens, last := float64(n), time.Now()
	return func(now time.Time) bool {
		tokens = min(float64(n), tokens+now.Sub(last).Seconds()*float64(n))
		last = now
		if tokens < 1 {
			return false
		}
		tokens--
		return true
	}
}

// overloaded is a gateway that knows every ID. During the outage it turns all requests away; otherwise it serves those that
// limit admits.
type overloaded struct {
	latency     time.Duration
	from, until time.Time // of the outage
	status      int
	retryAfter  time.Duration
	limit       func(now time.Time) bool

	mu             sync.Mutex
	served, turned int
}

func (g *overloaded) RoundTrip(req *http.Request) (*http.Response, error) {
	g.mu.Lock()
	now := time.Now()
	down := !now.Before(g.from) && now.Before(g.until)
	ok := !down && g.limit(now)
	if ok {
		g.served++
	} else {
		g.turned++
	}
	g.mu.Unlock()
	if err := pause(req.Context(), g.latency); err != nil {
		return nil, err
	}
	if ok {
		return answer(http.StatusOK, rowsFor(req)), nil
	}
	status := http.StatusTooManyRequests
	if down {
		status = g.status
	}
	if !down && g.retryAfter > 0 {
		return answer(status, "", "Retry-After", "1"), nil
	}
	if g.retryAfter > 0 {
		return answer(status, "", "Retry-After", strconv.Itoa(int(g.retryAfter.Seconds()))), nil
	}
	return answer(status, ""), nil
}

// shuffled answers each request after another time, and with its rows in another order.
func shuffled(random *rand.Rand, found func(id int64) bool) roundTrip {
	var mu sync.Mutex
	return func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		latency := time.Duration(random.Int64N(int64(time.Second)))
		mu.Unlock()
		if err := pause(req.Context(), latency); err != nil {
			return nil, err
		}
		var rows []int64
		for _, id := range askedFor(req) {
			if found(id) {
				rows = append(rows, id)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		return answer(http.StatusOK, rowsOf(req.Method, rows)), nil
	}
}
