package outgoingtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// receiver notes the callbacks that it gets, and answers each with the next of its statuses; then with 200.
type receiver struct {
	t        *testing.T
	statuses []int
	requests []*http.Request
	rows     [][]outgoing.Message
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	assert.NoError(r.t, err)
	assert.EqualValues(r.t, len(body), req.ContentLength)
	var rows []outgoing.Message
	assert.NoError(r.t, json.Unmarshal(body, &rows))
	r.requests, r.rows = append(r.requests, req), append(r.rows, rows)
	if len(r.statuses) == 0 {
		return // which is a 200
	}
	status := r.statuses[0]
	r.statuses = r.statuses[1:]
	w.WriteHeader(status)
}

func TestNotifySendsMessagesAsTheyAreNow50InOneCallback(t *testing.T) {
	for n, want := range map[int][]int{0: nil, 1: {1}, 50: {50}, 51: {50, 1}, 120: {50, 50, 20}} {
		g := outgoingtest.NewGateway()
		ids := g.Add(outgoingtest.SampleMessages(120)...)[:n]
		slices.Reverse(ids)
		g.Update(43456, func(m *outgoing.Message) { m.StatusCode = "SENT" })
		r := &receiver{t: t}
		require.NoError(t, g.Notify(t.Context(), r, "made-up", ids...))
		var sizes []int
		var got []outgoing.Message
		for i, rows := range r.rows {
			sizes, got = append(sizes, len(rows)), append(got, rows...)
			assert.Equal(t, http.MethodPost, r.requests[i].Method)
			assert.Equal(t, []string{"Bearer made-up"}, r.requests[i].Header["Authorization"])
			assert.Equal(t, []string{"application/json"}, r.requests[i].Header["Content-Type"])
		}
		assert.Equal(t, want, sizes)
		require.Len(t, got, n)
		for i, id := range ids {
			now, _ := g.Message(id)
			assert.Equal(t, now, got[i], "in the order asked")
		}
	}
}

func TestNotifyWithoutATokenSendsNoAuthorization(t *testing.T) {
	g := outgoingtest.NewGateway()
	r := &receiver{t: t}
	require.NoError(t, g.Notify(t.Context(), r, "", g.Add(outgoing.Message{})...))
	assert.NotContains(t, r.requests[0].Header, "Authorization")
}

func TestNotifyOfAnUnknownIDIsAnErrorAndSendsNothing(t *testing.T) {
	g := outgoingtest.NewGateway()
	ids := g.Add(outgoingtest.SampleMessages(60)...)
	r := &receiver{t: t}
	require.ErrorContains(t, g.Notify(t.Context(), r, "", append(ids, 7, 8)...), "no message 7")
	assert.Empty(t, r.requests)
	require.Error(t, g.Notify(t.Context(), nil, "", ids...))
}

func TestNotifyNamesTheFirstStatusThatIsNot2xxAndSendsNothingAgain(t *testing.T) {
	g := outgoingtest.NewGateway()
	ids := g.Add(outgoingtest.SampleMessages(220)...)
	r := &receiver{t: t, statuses: []int{204, 503, 201, 418}}
	require.ErrorContains(t, g.Notify(t.Context(), r, "", ids...), "50 messages from 43506 on was answered with 503 Service Unavailable")
	assert.Len(t, r.requests, 5, "each callback once, also after one that was refused")
	require.NoError(t, g.Notify(t.Context(), r, "", ids[50:100]...), "that is the caller's")
}

func TestNotifySaysThatAHandlerBrokeTheConnection(t *testing.T) {
	g := outgoingtest.NewGateway()
	id := g.Add(outgoing.Message{})[0]
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	require.ErrorContains(t, g.Notify(t.Context(), h, "", id), "connection broke")
	bug := errors.New("a bug")
	assert.PanicsWithValue(t, bug, func() {
		_ = g.Notify(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(bug) }), "", id)
	})
}

func TestNotifyEndsWithItsContext(t *testing.T) {
	g := outgoingtest.NewGateway()
	ids := g.Add(outgoingtest.SampleMessages(150)...)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := g.Notify(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		assert.NoError(t, r.Context().Err())
		cancel()
		w.WriteHeader(http.StatusTeapot)
	}), "", ids...)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "before message 43506")
	require.ErrorContains(t, err, "418")
	assert.Equal(t, 1, calls)
}

// waitForAll is a function of the service that is under test: it waits until all messages have arrived.
func waitForAll(ctx context.Context, client *outgoing.Client, ids []int64) (arrived int, err error) {
	isLast := func(m outgoing.Message) bool { return m.StatusCode == "DELIVERED" || m.StatusCode == "FAILED" }
	for m, err := range client.Watch(ctx, outgoing.WatchRequest{IDs: ids, Until: isLast}) {
		if err != nil {
			return arrived, err
		}
		if m.StatusCode == "DELIVERED" {
			arrived++
		}
	}
	return arrived, nil
}

// The example in the documentation of the package.
func TestAStatusChangesWhileCodeUnderTestWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		id := gateway.Add(outgoing.Message{StatusCode: "QUEUED"})[0]
		time.AfterFunc(time.Minute, func() {
			gateway.Add(outgoing.Message{ID: id, StatusCode: "DELIVERED"})
		})

		arrived, err := waitForAll(t.Context(), gateway.Client(), []int64{id}) // your code, with Client.Watch
		require.NoError(t, err)
		assert.Equal(t, 1, arrived)
	})
}

// A watcher's other half: what the gateway reports by itself, in the same virtual time.
func TestAHandlerOfCallbacksHearsOfAStatusThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway(outgoingtest.WithLatency(time.Second))
		id := gateway.Add(outgoing.Message{StatusCode: "QUEUED"})[0]
		var heard []string
		handler, err := callback.New(func(_ context.Context, changed []outgoing.Message) error {
			heard = append(heard, changed[0].StatusCode)
			return nil
		}, callback.WithoutToken(), callback.WithConfirmation(gateway.Client()))
		require.NoError(t, err)
		for _, status := range []string{"SENT", "DELIVERED"} {
			time.Sleep(time.Hour)
			gateway.Add(outgoing.Message{ID: id, StatusCode: status})
			require.NoError(t, gateway.Notify(t.Context(), handler, "", id))
		}
		assert.Equal(t, []string{"SENT", "DELIVERED"}, heard)
	})
}

// The documentation shows what is tested above.
func TestTheExampleOfTheDocumentationIsTested(t *testing.T) {
	assert.Subset(t, sourceLines(t, "notify_test.go"), exampleLines(t, "doc.go", "synctest.Test("))
}

func sourceLines(t *testing.T, file string) []string {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(string(source), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

// exampleLines returns the example of a doc comment that begins with first, without what it leaves out.
func exampleLines(t *testing.T, file, first string) []string {
	t.Helper()
	lines := sourceLines(t, file)
	begin := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "//\t"+first) })
	require.GreaterOrEqual(t, begin, 0)
	var example []string
	for _, line := range lines[begin:] {
		if line != "//" && !strings.HasPrefix(line, "//\t") {
			break
		}
		if line = strings.TrimSpace(strings.TrimPrefix(line, "//")); line != "" && line != "..." {
			example = append(example, line)
		}
	}
	return example
}
