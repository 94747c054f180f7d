package outgoing_test

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// What P1 to P4 and W6 allow.
const (
	timeLimit        = 1.25 // P1: times the floor
	allocationsLimit = 1.6  // P1: times the floor
	bulkLimit        = 1.15 // P2: times the ideal
	heapLimit        = 32   // P3: MiB
	historyLimit     = 1.3  // P4: times the ideal
	watchLimit       = 100  // W6: bytes for each ID

	latency = 20 * time.Millisecond // P2 and P4: of the gateway
)

// wireServer answers on a loopback port, and allocates nothing for a request, so that what is measured is the client.
// respond appends the body for a method and a target such as "/messages/1,2"; it is called by one goroutine for each
// connection.
func wireServer(b testing.TB, respond func(body, method, target []byte) []byte) (url string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveConn(conn, respond)
		}
	}()
	return "http://" + listener.Addr().String()
}

func serveConn(conn net.Conn, respond func(body, method, target []byte) []byte) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 16<<10)
	var method, target, body, out []byte
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		verb, rest, _ := bytes.Cut(line, []byte(" "))
		rest, _, _ = bytes.Cut(rest, []byte(" "))
		method, target = append(method[:0], verb...), append(target[:0], rest...)
		for len(line) > len("\r\n") { // the headers
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
		}
		body = respond(body[:0], method, target)
		out = append(out[:0], "HTTP/1.1 200 OK\r\nDate: Sat, 01 Jun 2024 16:25:11 GMT\r\nContent-Type: application/json\r\n"+
			"X-Success-Count: 50\r\nX-Error-Count: 0\r\nX-Sandbox: false\r\nX-Total-Results: 50\r\nX-Total-Pages: 1\r\n"+
			"X-Current-Page: 1\r\nX-Limit: 50\r\nContent-Length: "...)
		out = append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...)
		out = append(out, body...)
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// closing closes a transport's connections at the end.
func closing(b testing.TB, transport *http.Transport) *http.Transport {
	b.Cleanup(transport.CloseIdleConnections)
	return transport
}

// contest is one operation, done by the floor and by the library, each over its own connection.
type contest struct {
	name           string
	floor, library func()
}

// allocations is how many times the floor's the library's allocations are.
func (c contest) allocations() float64 {
	const runs = 200
	return testing.AllocsPerRun(runs, c.library) / testing.AllocsPerRun(runs, c.floor)
}

// alone repeats f for a second, and returns how long one takes.
func alone(f func()) time.Duration {
	var times []time.Duration
	for start := time.Now(); time.Since(start) < time.Second; {
		before := time.Now()
		f()
		times = append(times, time.Since(before))
	}
	return median(times)
}

func contests(b testing.TB) []contest {
	b.Helper()
	messages := outgoingtest.SampleMessages(outgoing.MaxIDs)
	asked := messageIDs(messages)
	path := []byte("/messages/")
	for _, id := range asked {
		path = append(strconv.AppendInt(path, id, 10), ',')
	}
	target := string(path[:len(path)-1])
	marshal := func(rows any) []byte {
		body, err := json.Marshal(rows)
		require.NoError(b, err)
		return body
	}
	// serve answers a GET with the messages, and a DELETE with a row of this status for each.
	serve := func(status int, problem *outgoing.Problem) (url string, client *outgoing.Client) {
		rows := make([]gen.CancelledMessage, len(asked))
		for i, id := range asked {
			rows[i] = gen.CancelledMessage{ID: id, Status: status, Error: problem}
		}
		found, cancelled := marshal(messages), marshal(rows)
		url = wireServer(b, func(body, method, _ []byte) []byte {
			if string(method) == http.MethodGet {
				return append(body, found...)
			}
			return append(body, cancelled...)
		})
		return url, newClient(b, closing(b, &http.Transport{}), outgoing.WithBaseURL(url))
	}
	settled := func(n int, err error) {
		if err != nil || n != outgoing.MaxIDs {
			b.Fatalf("%d rows, %v", n, err)
		}
	}
	url, client := serve(http.StatusNoContent, nil)
	contests := []contest{
		{"GetByIDs of 50", floor[outgoing.Message](b, http.MethodGet, url+target), func() {
			result, err := client.GetByIDs(b.Context(), asked)
			settled(len(result.Messages), err)
		}},
		{"List of 50", floor[outgoing.Message](b, http.MethodGet, url+"/messages?page=1&limit=50"), func() {
			page, err := client.List(b.Context(), outgoing.PageRequest{Page: 1, Limit: outgoing.MaxLimit})
			settled(len(page.Messages), err)
		}},
	}
	problem := outgoing.Problem{Type: "about:blank", Status: 404, Title: "Not found", Detail: "There is no such message", Code: "404-6"}
	for _, c := range []struct {
		what    string
		status  int
		problem *outgoing.Problem
	}{
		{"", http.StatusNoContent, nil},
		{", not found", http.StatusNotFound, &problem},
		{", refused and read back", http.StatusBadRequest, &problem},
	} {
		url, client := serve(c.status, c.problem)
		cancel, get := floor[gen.CancelledMessage](b, http.MethodDelete, url+target), func() {}
		if c.status == http.StatusBadRequest {
			get = floor[outgoing.Message](b, http.MethodGet, url+target)
		}
		contests = append(contests, contest{"CancelScheduled of 50" + c.what, func() { cancel(); get() }, func() {
			result, err := client.CancelScheduled(b.Context(), asked)
			settled(len(result.Outcomes), err)
		}})
	}
	return contests
}

// floor is the least that any client must do: a request of net/http, and the rows of the answer decoded.
func floor[Row any](b testing.TB, method, url string) func() {
	client := &http.Client{Transport: closing(b, &http.Transport{})}
	return func() {
		req, err := http.NewRequestWithContext(b.Context(), method, url, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+testToken)
		res, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer res.Body.Close()
		var rows []Row
		if err := json.UnmarshalRead(res.Body, &rows); err != nil || len(rows) != outgoing.MaxIDs {
			b.Fatalf("%d rows, %v", len(rows), err)
		}
	}
}

// median is of at least one value.
func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// slowGateway is the gateway double with n messages on a port, and a client that sends it 8 requests at once.
func slowGateway(b testing.TB, n int) (client *outgoing.Client, requests *atomic.Int64) {
	gateway := outgoingtest.NewGateway(outgoingtest.WithLatency(latency), outgoingtest.WithRequestLimit(0))
	gateway.Add(outgoingtest.SampleMessages(n)...)
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		gateway.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	transport := closing(b, &http.Transport{MaxIdleConnsPerHost: 8})
	return newClient(b, transport, outgoing.WithBaseURL(server.URL), outgoing.WithConcurrency(8)), requests
}

// appendAsked appends a row for each ID of a target.
func appendAsked(body, _, target []byte) []byte {
	body = append(body, '[')
	for id := range bytes.SplitSeq(bytes.TrimPrefix(target, []byte("/messages/")), []byte(",")) {
		body = append(append(body, `{"id":`...), id...)
		body = append(body, `,"cid":"custom-id-A44445T","type":1,"recipient":"+48999999999","sender":"Bramka SMS","parts":1,`+
			`"sent_date":"2024-06-01T16:22:05Z","status_date":"2024-06-01T16:22:07Z","status_code":"QUEUED",`+
			`"status_description":"The message has been accepted","unicode":true,"flash":false,"price":0.16},`...)
	}
	body[len(body)-1] = ']'
	return body
}

// streamHeap streams n IDs and returns how far the heap rose above the start, garbage included.
func streamHeap(b testing.TB, client *outgoing.Client, n int) uint64 {
	numbers := func(yield func(int64) bool) {
		for id := range n {
			if !yield(int64(id + 1)) {
				return
			}
		}
	}
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	runtime.GC()
	start, peak, results, found := heap(), uint64(0), 0, 0
	for result, err := range client.StreamByIDs(b.Context(), numbers, outgoing.WithConcurrency(8)) {
		if err != nil {
			b.Fatal(err)
		}
		found += len(result.Messages)
		if results++; results%20 == 0 {
			peak = max(peak, heap())
		}
	}
	if found != n {
		b.Fatalf("%d of %d messages", found, n)
	}
	return max(peak, start) - start
}

// echo answers with a row for each ID.
func echo(req *http.Request) (*http.Response, error) {
	body := appendAsked(nil, nil, []byte(strings.TrimPrefix(req.URL.Path, "/rest")))
	res := answer(http.StatusOK, "")
	res.Body = io.NopCloser(strings.NewReader(string(body)))
	return res, nil
}
