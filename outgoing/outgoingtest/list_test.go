package outgoingtest_test

import (
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestListPages(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(make([]outgoing.Message, 25)...)
		link := func(page, rel string) string {
			return "<" + to.base + "/rest/messages?page=" + page + "&limit=10>; rel=\"" + rel + "\""
		}
		for _, page := range []struct {
			query     string
			from, to  int64 // newest first
			number    string
			wantsLink string
		}{
			{"", 25, 16, "1", link("2", "next") + ", " + link("3", "last")},
			{"?page=1&limit=10", 25, 16, "1", link("2", "next") + ", " + link("3", "last")},
			{"?page=2", 15, 6, "2", link("1", "first") + ", " + link("1", "prev") + ", " + link("3", "next") + ", " + link("3", "last")},
			{"?page=3", 5, 1, "3", link("1", "first") + ", " + link("2", "prev")},
			{"?page=4", 0, 1, "4", link("1", "first") + ", " + link("3", "prev")},
			{"?page=9223372036854775807", 0, 1, "9223372036854775807", link("1", "first") + ", " + link("3", "prev")},
		} {
			res := to.ask(t, http.MethodGet, "/rest/messages"+page.query)

			want := []int64{}
			for id := page.from; id >= page.to; id-- {
				want = append(want, id)
			}
			assert.Equal(t, want, messageIDs(rows[gen.Message](t, res)), page.query)
			assert.Equal(t, "25", res.header.Get("X-Total-Results"))
			assert.Equal(t, "3", res.header.Get("X-Total-Pages"))
			assert.Equal(t, page.number, res.header.Get("X-Current-Page"))
			assert.Equal(t, "10", res.header.Get("X-Limit"))
			assert.Equal(t, page.wantsLink, res.header.Get("Link"), page.query)
		}
	})
}

func TestListOfNothingHasNoLinks(t *testing.T) {
	bothWays(t, func(t *testing.T, _ *outgoingtest.Gateway, to way) {
		for _, query := range []string{"", "?page=3"} {
			res := to.ask(t, http.MethodGet, "/messages"+query)
			assert.Empty(t, rows[gen.Message](t, res))
			assert.Equal(t, "0", res.header.Get("X-Total-Results"))
			assert.Equal(t, "0", res.header.Get("X-Total-Pages"))
			assert.NotContains(t, res.header, "Link")
		}
	})
}

func TestListOutsideTheContractIsRefused(t *testing.T) {
	to := inMemory(outgoingtest.NewGateway())
	for _, query := range []string{
		"page=0", "page=-1", "page=", "page=x", "page=1.5", "page=9223372036854775808",
		"limit=0", "limit=51", "limit=-5", "limit=", "page=%zz", "page=1;limit=2",
	} {
		res := to.ask(t, http.MethodGet, "/rest/messages?"+query)
		requireProblem(t, res, 400, "400-21")
	}
	for _, query := range []string{"limit=1", "limit=50", "page=1", "other=1"} {
		res := to.ask(t, http.MethodGet, "/rest/messages?"+query)
		rows[gen.Message](t, res)
	}
}

func TestAPageOfALongHistoryCostsWhatAShortOneDoes(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Add(outgoingtest.SampleMessages(200_000)...)
	to := inMemory(g)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		res := to.ask(t, http.MethodGet, "/messages?page=2000&limit=50")
		assert.Equal(t, "200000", res.header.Get("X-Total-Results"))
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(10<<20), "200,000 messages have 40 MiB")
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
