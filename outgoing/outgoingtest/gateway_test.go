package outgoingtest_test

import (
	"math"
	"net/http"
	"slices"
	"strings"
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

func TestGetReturnsTheMessagesFoundOnceEach(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SENT", "SENT", "SENT")...)

		res := to.ask(t, http.MethodGet, "/rest/messages/3,1,99,3")

		assert.Equal(t, []int64{3, 1}, messageIDs(rows[gen.Message](t, res)))
		assert.Equal(t, "2", res.header.Get("X-Success-Count"))
		assert.Equal(t, "1", res.header.Get("X-Error-Count"))
		assert.NotContains(t, res.header, "X-Sandbox", "the contract has it for DELETE alone")
		assert.NotEmpty(t, res.header.Get("Date"))
	})
}

func TestGetOfUnknownMessagesIsAnEmptyArray(t *testing.T) {
	bothWays(t, func(t *testing.T, _ *outgoingtest.Gateway, to way) {
		res := to.ask(t, http.MethodGet, "/messages/7,8")
		assert.Equal(t, "[]", res.body)
		assert.Empty(t, rows[gen.Message](t, res))
		assert.Equal(t, "0", res.header.Get("X-Success-Count"))
		assert.Equal(t, "2", res.header.Get("X-Error-Count"))
	})
}

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

func TestCancelAnswersForEachID(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED", "DELIVERED", "SCHEDULED")...)
		before := time.Now().Truncate(time.Second)

		res := to.ask(t, http.MethodDelete, "/rest/messages/1,2,99,1")

		got := rows[gen.CancelledMessage](t, res)
		require.Len(t, got, 3)
		assert.Equal(t, gen.CancelledMessage{ID: 1, Status: 204}, got[0])
		assert.Equal(t, int64(2), got[1].ID)
		assert.Equal(t, 400, got[1].Status)
		assert.Equal(t, "400-21", got[1].Error.Code)
		assert.Equal(t, "/rest/messages/2", got[1].Error.Instance)
		assert.Equal(t, 404, got[2].Status)
		assert.Equal(t, "404-6", got[2].Error.Code)
		assert.Contains(t, res.body, `"error":null`)
		assert.Equal(t, "1", res.header.Get("X-Success-Count"))
		assert.Equal(t, "2", res.header.Get("X-Error-Count"))
		assert.Equal(t, "false", res.header.Get("X-Sandbox"))

		cancelled, _ := g.Message(1)
		assert.Equal(t, "CANCELLED", cancelled.StatusCode)
		assert.NotEmpty(t, cancelled.StatusDescription)
		assert.False(t, cancelled.StatusDate.Before(before))
		untouched, _ := g.Message(3)
		assert.Equal(t, "SCHEDULED", untouched.StatusCode)

		res = to.ask(t, http.MethodDelete, "/rest/messages/1")
		assert.Equal(t, 400, rows[gen.CancelledMessage](t, res)[0].Status, "it is no longer scheduled")
	})
}

func TestTheSandboxSaysSo(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED")...)
		res := to.ask(t, http.MethodDelete, "/rest-sandbox/messages/1")
		rows[gen.CancelledMessage](t, res)
		assert.Equal(t, "true", res.header.Get("X-Sandbox"))
	})
}

func TestIDsOutsideTheContractAreRefused(t *testing.T) {
	to := inMemory(outgoingtest.NewGateway())
	for _, ids := range []string{
		"0", "-1", "+1", "abc", "1.5", "1,", ",1", "1,,2", "", "9223372036854775808",
		strings.Repeat("1,", 50) + "1", // 51, though of one message
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			res := to.ask(t, method, "/rest/messages/"+ids)
			requireProblem(t, res, 400, "400-21")
		}
	}
	for _, ids := range []string{"1", "1%2C2", "9223372036854775807", strings.Repeat("1,", 49) + "1"} {
		res := to.ask(t, http.MethodGet, "/rest/messages/"+ids)
		rows[gen.Message](t, res)
	}
}

func TestOtherAddressesAndMethodsAreRefused(t *testing.T) {
	bothWays(t, func(t *testing.T, _ *outgoingtest.Gateway, to way) {
		for _, path := range []string{"/", "/rest", "/other/messages/1", "/messages/1/2", "/messagesX", "/rest/rest/messages"} {
			res := to.ask(t, http.MethodGet, path)
			p := requireProblem(t, res, 404, "404-6")
			assert.Equal(t, path, p.Instance)
		}
		res := to.ask(t, http.MethodDelete, "/rest/messages")
		requireProblem(t, res, 405, "405-1")
		assert.Equal(t, "GET", res.header.Get("Allow"))
		res = to.ask(t, http.MethodPost, "/rest/messages/1")
		requireProblem(t, res, 405, "405-1")
		assert.Equal(t, "GET, DELETE", res.header.Get("Allow"))
	})
}

func TestTokens(t *testing.T) {
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

func TestRemove(t *testing.T) {
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

func TestRequestLimit(t *testing.T) {
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

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := inMemory(outgoingtest.NewGateway(outgoingtest.WithLatency(20 * time.Millisecond)))
		start := time.Now()
		to.ask(t, http.MethodGet, "/messages")
		to.ask(t, http.MethodGet, "/messages")
		assert.Equal(t, 40*time.Millisecond, time.Since(start))
	})
}

func TestManyAtOnce(t *testing.T) {
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
