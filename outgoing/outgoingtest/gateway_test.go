package outgoingtest_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestMessagesTravelUnchanged(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		samples := outgoingtest.SampleMessages(20)
		ids := g.Add(samples...)
		res := to.ask(t, http.MethodGet, "/rest/messages/"+joined(ids))
		assert.Equal(t, samples, rows[gen.Message](t, res))
		assert.Contains(t, res.body, `"price":0.16`)
		assert.Contains(t, res.body, `"sender":null`)
		assert.Contains(t, res.body, `"flash":false`)
		assert.Contains(t, res.body, `"sent_date":"2026-01-05T07:00:02Z"`)
	})
}

func TestOnlyItsTokenIsLetIn(t *testing.T) {
	status := func(t *testing.T, to way, authorization ...string) int {
		res, err := to.send(t.Context(), http.MethodGet, "/rest/messages", authorization...)
		require.NoError(t, err)
		return res.status
	}
	bothWays(t, func(t *testing.T, _ *outgoingtest.Gateway, to way) {
		assert.Equal(t, 200, status(t, to, "Bearer any"))
		assert.Equal(t, 200, status(t, to, "bearer any"))
		assert.Equal(t, 401, status(t, to))
		assert.Equal(t, 401, status(t, to, "Bearer "))
		assert.Equal(t, 401, status(t, to, "Basic any"))
	})
	bothWays(t, func(t *testing.T, _ *outgoingtest.Gateway, to way) {
		assert.Equal(t, 200, status(t, to, "Bearer right"))
		assert.Equal(t, 401, status(t, to, "Bearer wrong"))
		res := to.ask(t, http.MethodDelete, "/rest/messages/1")
		requireProblem(t, res, 401, "401-7")
		assert.Equal(t, "Bearer", res.header.Get("WWW-Authenticate"))
	}, outgoingtest.WithToken("right"))
}

func TestEachAnswerTakesTheLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := inMemory(outgoingtest.NewGateway(outgoingtest.WithLatency(20 * time.Millisecond)))
		start := time.Now()
		to.ask(t, http.MethodGet, "/messages")
		to.ask(t, http.MethodGet, "/messages")
		assert.Equal(t, 40*time.Millisecond, time.Since(start))
	})
}

func TestManyRequestsAtOnceAreAnswered(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus(slices.Repeat([]string{"SCHEDULED"}, 200)...)...)
		g.Inject(outgoingtest.Fault{Times: 40, Status: 503})
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := range 25 {
					id := int64(worker*25 + i + 1)
					for _, method := range []string{http.MethodDelete, http.MethodGet} {
						res, _ := to.send(t.Context(), method, "/messages/"+joined([]int64{id}), "Bearer any")
						assert.Contains(t, []int{200, 503}, res.status)
					}
					g.Add(outgoing.Message{})
					g.Remove(g.Add(outgoing.Message{})...)
					_ = g.Requests()
				}
			})
		}
		all.Wait()
		failed := 0
		for _, r := range g.Requests() {
			if r.Status == 503 {
				failed++
			}
		}
		assert.Equal(t, 40, failed)
		assert.Len(t, g.Requests(), 400)
	})
}
