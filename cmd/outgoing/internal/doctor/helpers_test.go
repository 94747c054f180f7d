package doctor_test

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

const (
	token   = "a-Token-that-may-not-be-seen"
	samples = 120
)

// titles are the lines of a report, in order.
var titles = []string{
	"gateway", "connection", "answer", "clock", "time", "token", "X-Sandbox", "rows", "members", "status codes", "types",
	"limits", "X-Limit", "X-Current-Page", "X-Total-Results", "X-Total-Pages", "Link", "last page", "page 2 of 25",
	"past the end", "far past the end", "order", "SCHEDULED rows", "known ID", "repeated ID", "50 IDs", "51 IDs",
	"unknown ID", "unknown among known", "wrong token", "limit 51", "page 0", "unknown path", "rate limit",
}

// newGateway is a double that does what the documents say.
func newGateway(messages ...outgoing.Message) *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken(token))
	gateway.Add(messages...)
	return gateway
}

func sampled() *outgoingtest.Gateway { return newGateway(outgoingtest.SampleMessages(samples)...) }

// sortedBy is a gateway with its history in another order, the newest last.
func sortedBy(compare func(a, b outgoing.Message) int) *outgoingtest.Gateway {
	messages := outgoingtest.SampleMessages(samples)
	slices.SortStableFunc(messages, compare)
	return newGateway(messages...)
}

// response is an answer of a double that a test changes.
type response struct {
	status int
	header http.Header
	body   string
}

// changed is a gateway whose answers differ. A change that wants the gateway's own answer to another request asks for it.
func changed(change func(r *http.Request, a *response)) http.Handler {
	return changedGateway(sampled(), change)
}

func changedGateway(gateway http.Handler, change func(r *http.Request, a *response)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := ask(gateway, r)
		change(r, &a)
		a.header.Del("Content-Length")
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	})
}

func ask(gateway http.Handler, r *http.Request) response {
	recorder := httptest.NewRecorder()
	gateway.ServeHTTP(recorder, r)
	return response{recorder.Code, recorder.Header(), recorder.Body.String()}
}

// withQuery is the request with another parameter.
func withQuery(r *http.Request, name, value string) *http.Request {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	query.Set(name, value)
	r.URL.RawQuery = query.Encode()
	return r
}

func isList(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/messages") }

// inMemory hands requests to a handler, one at a time, in the goroutine that asks.
type inMemory struct {
	t        testing.TB
	handler  http.Handler
	requests *atomic.Int32
	busy     *atomic.Bool
}

func newTransport(t testing.TB, handler http.Handler) inMemory {
	return inMemory{t, handler, new(atomic.Int32), new(atomic.Bool)}
}

// RoundTrip checks what holds for every request of an examination.
func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	assert.Equal(m.t, "gateway.test", r.URL.Host, "the token goes to one host")
	assert.Equal(m.t, http.MethodGet, r.Method, "it only reads")
	assert.LessOrEqual(m.t, m.requests.Add(1), int32(60))
	assert.True(m.t, m.busy.CompareAndSwap(false, true), "one at a time")
	defer m.busy.Store(false)
	recorder := httptest.NewRecorder()
	m.handler.ServeHTTP(recorder, r)
	res := recorder.Result()
	if _, set := res.Header["Date"]; !set {
		res.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return res, nil
}

// report is what an examination found, by title.
type report map[string]doctor.Result

func config(transport http.RoundTripper) doctor.Config {
	return doctor.Config{
		BaseURL: "https://gateway.test/rest", Gateway: "a double, asked by a test", Transport: transport,
		Token: func(context.Context) (string, error) { return token, nil },
	}
}

// examine runs an examination to its end, and checks that no check kept another from giving its line.
func examine(t *testing.T, handler http.Handler) report {
	t.Helper()
	return run(t, config(newTransport(t, handler)))
}

func run(t testing.TB, cfg doctor.Config) report {
	t.Helper()
	found := report{}
	var order []string
	for result := range doctor.Run(t.Context(), cfg) {
		found[result.Title] = result
		order = append(order, result.Title)
	}
	assert.Equal(t, titles, order, "each check has its lines, whatever the others saw")
	return found
}

// examineTo runs an examination until it has a line, and returns what it found.
func examineTo(t testing.TB, title string, handler http.Handler) report {
	t.Helper()
	found := report{}
	for result := range doctor.Run(t.Context(), config(newTransport(t, handler))) {
		found[result.Title] = result
		if result.Title == title {
			return found
		}
	}
	assert.Contains(t, found, title)
	return found
}

// is checks the verdict of a line and words in it; the lines of others are as those of a good gateway.
func (r report) is(t *testing.T, verdict doctor.Verdict, title, seen string) {
	t.Helper()
	assert.Equal(t, verdict, r[title].Verdict, "%s: %s", title, r[title].Seen)
	assert.Contains(t, r[title].Seen, seen, title)
	if verdict == doctor.Fail {
		assert.NotEmpty(t, r[title].Promise, "%s: a FAIL names what rests on it", title)
	}
}

// othersAreGood checks that all lines but these are as a gateway that keeps to the documents gets them.
func (r report) othersAreGood(t *testing.T, except ...string) {
	t.Helper()
	for _, title := range titles {
		if title != "connection" && !slices.Contains(except, title) {
			assert.Equal(t, doctor.OK, r[title].Verdict, "%s: %s", title, r[title].Seen)
		}
	}
}

func count(r report, verdict doctor.Verdict) int {
	n := 0
	for _, result := range r {
		if result.Verdict == verdict {
			n++
		}
	}
	return n
}

func bySentDate(a, b outgoing.Message) int {
	return cmp.Or(a.SentDate.Compare(*b.SentDate), cmp.Compare(a.ID, b.ID))
}

func replace(a *response, from, to string) {
	a.body = strings.ReplaceAll(a.body, from, to)
}
