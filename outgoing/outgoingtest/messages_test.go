package outgoingtest_test

import (
	"math"
	"net/http"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestAddNumbersMessages(t *testing.T) {
	g := outgoingtest.NewGateway()
	assert.Equal(t, []int64{1, 10, 11}, g.Add(outgoing.Message{}, outgoing.Message{ID: 10}, outgoing.Message{}))
	g.Remove(11, 99)
	assert.Equal(t, []int64{12}, g.Add(outgoing.Message{}), "no ID comes twice")
	assert.Empty(t, g.Add())

	assert.Panics(t, func() { g.Add(outgoing.Message{ID: -1}) })
	assert.Equal(t, []int64{math.MaxInt64}, g.Add(outgoing.Message{ID: math.MaxInt64}))
	assert.Panics(t, func() { g.Add(outgoing.Message{}) })
	assert.Equal(t, []int64{5}, g.Add(outgoing.Message{ID: 5}), "a panic leaves the gateway usable")
}

func TestAddReplacesAMessageInItsPlace(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Add(withStatus("QUEUED", "QUEUED")...)
	g.Add(outgoing.Message{ID: 1, StatusCode: "DELIVERED"})

	res := inMemory(g).ask(t, http.MethodGet, "/rest/messages")
	list := rows[gen.Message](t, res)
	assert.Equal(t, []int64{2, 1}, messageIDs(list))
	assert.Equal(t, "DELIVERED", list[1].StatusCode)
}

func TestWhatIsRemovedIsGone(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SENT", "SENT", "SENT", "SENT")...)
		g.Remove(2, 4)
		_, found := g.Message(2)
		assert.False(t, found)
		res := to.ask(t, http.MethodGet, "/rest/messages")
		assert.Equal(t, []int64{3, 1}, messageIDs(rows[gen.Message](t, res)))
		assert.Equal(t, "2", res.header.Get("X-Total-Results"))
		res = to.ask(t, http.MethodGet, "/rest/messages/2")
		assert.Empty(t, rows[gen.Message](t, res))
	})
}

func TestAPageOfALongHistoryCostsWhatAShortOneDoes(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Add(outgoingtest.SampleMessages(50_000)...)
	to := inMemory(g)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		res := to.ask(t, http.MethodGet, "/messages?page=500&limit=50")
		assert.Equal(t, "50000", res.header.Get("X-Total-Results"))
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(10<<20), "50,000 messages have 10 MiB")
}

func BenchmarkListInMemory(b *testing.B) {
	g := outgoingtest.NewGateway(outgoingtest.WithRequestLimit(0))
	g.Add(outgoingtest.SampleMessages(100_000)...)
	to := inMemory(g)
	b.ReportAllocs()
	for b.Loop() {
		to.ask(b, http.MethodGet, "/messages?page=1000&limit=50")
	}
}

// Cancels and other changes of the same message come one after the other.
func TestUpdateChangesAMessageInOneStep(t *testing.T) {
	g := outgoingtest.NewGateway()
	ids := g.Add(withStatus(slices.Repeat([]string{outgoing.StatusScheduled}, 200)...)...)
	sentOut := make(chan map[int64]bool)
	go func() {
		moved := map[int64]bool{}
		for _, id := range ids {
			g.Update(id, func(m *outgoing.Message) {
				if m.StatusCode == outgoing.StatusScheduled {
					m.StatusCode, m.ID = "QUEUED", 7000
					moved[id] = true
				}
			})
		}
		sentOut <- moved
	}()
	result, err := g.Client().CancelScheduled(t.Context(), ids)
	require.NoError(t, err)
	moved := <-sentOut
	for _, o := range result.Outcomes {
		m, ok := g.Message(o.ID)
		require.True(t, ok, "the ID stays")
		assert.Equal(t, moved[o.ID], o.State == outgoing.Rejected)
		assert.Equal(t, moved[o.ID], m.StatusCode == "QUEUED")
	}
	assert.False(t, g.Update(7000, func(*outgoing.Message) { t.Error("there is no message 7000") }))
}
