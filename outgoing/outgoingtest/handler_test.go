package outgoingtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestEachPageIsListed(t *testing.T) {
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

func TestGetReturnsTheMessagesFoundOnceEach(t *testing.T) {
	bothWays(t, func(t *testing.T, g *outgoingtest.Gateway, to way) {
		g.Add(withStatus("SENT", "SENT", "SENT")...)

		res := to.ask(t, http.MethodGet, "/rest/messages/3,1,99,3")

		assert.Equal(t, []int64{3, 1}, messageIDs(rows[gen.Message](t, res)))
		assert.Equal(t, "2", res.header.Get("X-Success-Count"))
		assert.Equal(t, "1", res.header.Get("X-Error-Count"))
		assert.NotContains(t, res.header, "X-Sandbox", "the contract has it only for DELETE")
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
	p := requireProblem(t, to.ask(t, http.MethodGet, "/rest/messages/1,9223372036854775808,2"), 400, "400-21")
	assert.Contains(t, p.Detail, `"9223372036854775808"`, "which one")
	assert.Contains(t, p.Detail, "9223372036854775807", "and how large it may be")
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
		res = to.ask(t, http.MethodPost, "/rest/messages/sms")
		assert.Contains(t, requireProblem(t, res, 405, "405-1").Detail, "sends nothing")
	})
}
