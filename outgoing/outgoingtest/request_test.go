package outgoingtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestRequestsAreRecordedInOrder(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Inject(outgoingtest.Fault{Method: http.MethodDelete, Status: 503})
		to.ask(t, http.MethodGet, "/rest/messages?page=2&limit=5")
		to.ask(t, http.MethodDelete, "/rest/messages/5,4,5")
		to.ask(t, http.MethodGet, "/messages/0")

		got := g.Requests()
		require.Len(t, got, 3)
		assert.Equal(t, "GET", got[0].Method)
		assert.Equal(t, "/rest/messages", got[0].Path)
		assert.Equal(t, "page=2&limit=5", got[0].RawQuery)
		assert.Nil(t, got[0].IDs)
		assert.Equal(t, "Bearer any", got[0].Header.Get("Authorization"))
		assert.Equal(t, 200, got[0].Status)
		assert.False(t, got[0].Fault)
		assert.Equal(t, []int64{5, 4, 5}, got[1].IDs)
		assert.Equal(t, 503, got[1].Status)
		assert.True(t, got[1].Fault)
		assert.Nil(t, got[2].IDs)
		assert.Equal(t, 400, got[2].Status)
		assert.False(t, got[0].Time.After(got[1].Time))

		got[1].IDs[0] = 77
		got[1].Header.Set("Authorization", "changed")
		assert.Equal(t, []int64{5, 4, 5}, g.Requests()[1].IDs, "what Requests returns are copies")
		assert.Equal(t, "Bearer any", g.Requests()[1].Header.Get("Authorization"))
	})
}

func TestNoMoreRequestsAreRememberedThanTheLimit(t *testing.T) {
	for _, limit := range []int{0, 1, 3} {
		g := outgoingtest.NewGateway(outgoingtest.WithRequestLimit(limit))
		to := inMemory(g)
		for id := range int64(20) {
			to.ask(t, http.MethodGet, "/messages/"+joined([]int64{id + 1}))
			assert.Len(t, g.Requests(), min(limit, int(id)+1))
		}
		for i, r := range g.Requests() {
			assert.Equal(t, []int64{int64(20 - limit + i + 1)}, r.IDs)
		}
	}
}
