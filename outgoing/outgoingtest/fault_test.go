package outgoingtest_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func statusOf(g *outgoingtest.Gateway, id int64) string {
	m, _ := g.Message(id)
	return m.StatusCode
}

func TestFaultStatusComesInPlaceOfTheWork(t *testing.T) {
	for _, status := range []int{400, 403, 429, 500, 503, 599} {
		bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
			g.Add(withStatus("SCHEDULED")...)
			g.Inject(outgoingtest.Fault{Status: status, RetryAfter: "7"})
			res := to.ask(t, http.MethodDelete, "/messages/1")
			assert.Equal(t, status, res.status)
			assert.Equal(t, "application/problem+json", res.header.Get("Content-Type"))
			assert.Contains(t, res.body, `"title":`)
			assert.Equal(t, "7", res.header.Get("Retry-After"))
			assert.Equal(t, "SCHEDULED", statusOf(g, 1))
		})
	}
}

func TestProblemsHaveTheTitlesOfTheVendorsExamples(t *testing.T) {
	for status, title := range map[int]string{401: "Unauthorized", 403: "Access denied", 404: "Not Found", 500: "Internal API Server Error", 503: "Service Unavailable"} {
		bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
			g.Inject(outgoingtest.Fault{Status: status})
			assert.Contains(t, to.ask(t, http.MethodGet, "/messages/1").body, `"title":"`+title+`"`)
		})
	}
}

// RFC 9110, section 15.5.2.
func TestEvery401SaysHowToAuthenticate(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Inject(outgoingtest.Fault{Status: 401})
	for range 2 { // the fault, and the gateway's own
		res, err := inMemory(g).send(t.Context(), http.MethodGet, "/rest/messages")
		require.NoError(t, err)
		requireProblem(t, res, 401, "401-7")
		assert.Equal(t, "Bearer", res.header.Get("WWW-Authenticate"))
	}
}

func TestFaultStatusMayComeAfterTheWork(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED")...)
		g.Inject(outgoingtest.Fault{Status: 500, AfterWork: true})
		res := to.ask(t, http.MethodDelete, "/messages/1")
		requireProblem(t, res, 500, "500-1")
		assert.NotContains(t, res.header, "X-Success-Count")
		assert.Equal(t, "CANCELLED", statusOf(g, 1))
	})
}

func TestFaultStatusOf204HasNoBody(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Inject(outgoingtest.Fault{Status: 204})
		res := to.ask(t, http.MethodGet, "/messages/1")
		assert.Equal(t, 204, res.status)
		assert.Empty(t, res.body)
		assert.NotContains(t, res.header, "Content-Type")
	})
}

func TestFaultRedirectsAreFollowed(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Inject(outgoingtest.Fault{Status: 307, Header: http.Header{"Location": {"/messages/2"}}})
		res := to.ask(t, http.MethodGet, "/messages/1")
		rows[gen.Message](t, res)
		assert.Equal(t, []int64{2}, g.Requests()[1].IDs, "http.Client followed it")
	})
}

func TestFaultBodyReplacesTheBody(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED", "SCHEDULED")...)
		g.Inject(
			outgoingtest.Fault{Body: new(`[null]`)},
			outgoingtest.Fault{Body: new(`[null]`), AfterWork: true},
			outgoingtest.Fault{Status: 502, Body: new("<html>"), Header: http.Header{"content-type": {"text/html"}}},
			outgoingtest.Fault{Body: new("")},
		)

		res := to.ask(t, http.MethodDelete, "/messages/1")
		assert.Equal(t, 200, res.status)
		assert.Equal(t, "application/json", res.header.Get("Content-Type"))
		assert.Equal(t, "[null]", res.body)
		assert.NotContains(t, res.header, "X-Success-Count")
		assert.Equal(t, "SCHEDULED", statusOf(g, 1))

		res = to.ask(t, http.MethodDelete, "/messages/2")
		assert.Equal(t, "[null]", res.body)
		assert.Equal(t, "1", res.header.Get("X-Success-Count"), "the headers are the usual ones")
		assert.Equal(t, "CANCELLED", statusOf(g, 2))

		res = to.ask(t, http.MethodGet, "/messages/1")
		assert.Equal(t, 502, res.status)
		assert.Equal(t, "text/html", res.header.Get("Content-Type"))
		assert.Equal(t, "<html>", res.body)

		res = to.ask(t, http.MethodGet, "/messages/1")
		assert.Equal(t, 200, res.status)
		assert.Empty(t, res.body)
	})
}

func TestFaultHeaderIsSetLastAndRemoves(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED")...)
		g.Inject(outgoingtest.Fault{Header: http.Header{
			"x-success-count": {"1", "2"},
			"X-Error-Count":   {},
			"Content-Type":    nil,
			"Date":            nil,
			"X-New":           {"yes"},
		}})
		res := to.ask(t, http.MethodDelete, "/messages/1")
		assert.Equal(t, 200, res.status)
		assert.Contains(t, res.body, `"status":204`)
		assert.Equal(t, []string{"1", "2"}, res.header.Values("X-Success-Count"))
		assert.Equal(t, "yes", res.header.Get("X-New"))
		for _, removed := range []string{"X-Error-Count", "Content-Type", "Date"} {
			assert.NotContains(t, res.header, removed)
		}
		assert.Equal(t, "CANCELLED", statusOf(g, 1), "the work was done")
	})
}

func TestFaultDropEndsTheConnection(t *testing.T) {
	for _, afterWork := range []bool{false, true} {
		bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
			g.Add(withStatus("SCHEDULED")...)
			g.Inject(outgoingtest.Fault{Drop: true, AfterWork: afterWork})
			_, err := to.send(t.Context(), http.MethodDelete, "/messages/1", "Bearer any")
			require.Error(t, err)
			require.NoError(t, t.Context().Err())
			assert.Equal(t, map[bool]string{false: "SCHEDULED", true: "CANCELLED"}[afterWork], statusOf(g, 1))
			require.Len(t, g.Requests(), 1)
			assert.Zero(t, g.Requests()[0].Status)
			assert.True(t, g.Requests()[0].Fault)
		})
	}
}

func TestFaultTruncateCutsTheBody(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED")...)
		whole := to.ask(t, http.MethodGet, "/messages/1").body
		for truncate, want := range map[int]string{10: whole[:10], -1: ""} {
			g.Inject(outgoingtest.Fault{Truncate: truncate})
			res, err := to.send(t.Context(), http.MethodGet, "/messages/1", "Bearer any")
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, want, res.body)
			assert.Equal(t, "1", res.header.Get("X-Success-Count"))
			assert.Equal(t, int64(len(whole)), res.length)
		}
		g.Inject(outgoingtest.Fault{Truncate: len(whole)})
		body := to.ask(t, http.MethodGet, "/messages/1").body
		assert.Equal(t, whole, body, "there is nothing to cut")

		g.Inject(outgoingtest.Fault{Truncate: 5})
		_, err := to.send(t.Context(), http.MethodDelete, "/messages/1", "Bearer any")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, "CANCELLED", statusOf(g, 1), "the work was done")
	})
}

func TestFaultTruncateNeedsNoLength(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Inject(outgoingtest.Fault{
			Body: new("[1, 2, 3]"), Truncate: 3, Header: http.Header{"Content-Length": nil},
		})
		res, err := to.send(t.Context(), http.MethodGet, "/messages/1", "Bearer any")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, "[1,", res.body)
	})
}

func TestFaultOmitLeavesRowsOut(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SCHEDULED", "SCHEDULED")...)
		g.Inject(outgoingtest.Fault{Omit: []int64{2}, Times: 3})

		res := to.ask(t, http.MethodGet, "/messages/1,2")
		assert.Equal(t, []int64{1}, messageIDs(rows[gen.Message](t, res)))
		assert.Equal(t, "2", res.header.Get("X-Success-Count"))
		res = to.ask(t, http.MethodGet, "/messages")
		assert.Equal(t, []int64{1}, messageIDs(rows[gen.Message](t, res)))
		assert.Equal(t, "2", res.header.Get("X-Total-Results"))
		res = to.ask(t, http.MethodDelete, "/messages/1,2")
		assert.Len(t, rows[gen.CancelledMessage](t, res), 1)
		assert.Equal(t, "CANCELLED", statusOf(g, 2), "the work was done")
	})
}

func TestFaultBeforeMayChangeTheGateway(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SENT", "SENT")...)
		g.Inject(outgoingtest.Fault{Before: func(g *outgoingtest.Gateway) {
			assert.Len(t, g.Requests(), 1, "the request has arrived")
			g.Remove(1)
			g.Add(withStatus("SENT")...)
			g.Inject(outgoingtest.Fault{Status: 500})
		}})
		res := to.ask(t, http.MethodGet, "/messages")
		assert.Equal(t, []int64{3, 2}, messageIDs(rows[gen.Message](t, res)))
		res = to.ask(t, http.MethodGet, "/messages")
		requireProblem(t, res, 500, "500-1")
	})
}

func TestFaultDelayHoldsTheAnswerBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		to := inMemory(g)
		g.Inject(outgoingtest.Fault{Delay: time.Minute}, outgoingtest.Fault{Delay: time.Minute, Status: 503})
		start := time.Now()
		res := to.ask(t, http.MethodGet, "/messages")
		rows[gen.Message](t, res)
		assert.Equal(t, time.Minute, time.Since(start))
		res = to.ask(t, http.MethodGet, "/messages")
		assert.Equal(t, 503, res.status)
		assert.Equal(t, 2*time.Minute, time.Since(start))
	})
}

func TestARequestGivenUpHasAnEffectOnlyAfterWork(t *testing.T) {
	for _, afterWork := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := outgoingtest.NewGateway()
			g.Add(withStatus("SCHEDULED")...)
			g.Inject(outgoingtest.Fault{Delay: time.Hour, AfterWork: afterWork})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()

			_, err := inMemory(g).send(ctx, http.MethodDelete, "/messages/1", "Bearer any")

			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, map[bool]string{false: "SCHEDULED", true: "CANCELLED"}[afterWork], statusOf(g, 1))
			assert.Zero(t, g.Requests()[0].Status)
		})
	}
}

func TestADelayOnAPortEndsWhenTheClientLeaves(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		ctx, cancel := context.WithCancel(t.Context())
		g.Inject(outgoingtest.Fault{Delay: time.Hour, Before: func(*outgoingtest.Gateway) { cancel() }})
		_, err := to.send(ctx, http.MethodGet, "/messages", "Bearer any")
		require.ErrorIs(t, err, context.Canceled)
		// Closing the server waits for its requests: an hour, if the delay went on.
	})
}

func TestFaultsAreMetInOrder(t *testing.T) {
	g := outgoingtest.NewGateway()
	to := inMemory(g)
	g.Inject(
		outgoingtest.Fault{Method: http.MethodDelete, Status: 500},
		outgoingtest.Fault{Match: outgoingtest.HasID(7, 8), Times: 2, Status: 501},
		outgoingtest.Fault{Status: 502},
		outgoingtest.Fault{Match: outgoingtest.HasID(9), Times: -1, Status: 504},
	)
	for _, request := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/rest/messages", 502},
		{http.MethodGet, "/rest/messages", 200},
		{http.MethodGet, "/rest/messages/6", 200},
		{http.MethodGet, "/rest/messages/6,7", 501},
		{http.MethodDelete, "/rest/messages/8", 500},
		{http.MethodDelete, "/rest/messages/8", 501},
		{http.MethodDelete, "/rest/messages/8", 200},
		{http.MethodGet, "/rest/messages/9", 504},
		{http.MethodGet, "/rest/messages/9", 504},
		{http.MethodGet, "/rest/messages/9", 504},
		{http.MethodGet, "/rest/messages/x", 400},
		{http.MethodGet, "/elsewhere", 404},
	} {
		res := to.ask(t, request.method, request.path)
		assert.Equal(t, request.status, res.status, "%s %s", request.method, request.path)
	}
}

func TestMatchMayAskTheGateway(t *testing.T) {
	g := outgoingtest.NewGateway()
	third := func(*http.Request) bool { return len(g.Requests()) == 3 }
	g.Inject(outgoingtest.Fault{Match: third, Status: 500})
	for _, want := range []int{200, 200, 500, 200} {
		res := inMemory(g).ask(t, http.MethodGet, "/messages")
		assert.Equal(t, want, res.status)
	}
}

func TestInjectRefusesStatusesThatAnswerNothing(t *testing.T) {
	for _, status := range []int{-1, 100, 199, 1000} {
		assert.Panics(t, func() { outgoingtest.NewGateway().Inject(outgoingtest.Fault{Status: status}) })
	}
}
