package main_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	api "github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestListShowsAPage(t *testing.T) {
	got := outgoing(t, "list", "--demo", "--page=2", "--limit=2")
	assert.Equal(t, 0, got.status)
	assert.Equal(t, `ID          STATUS      TYPE      RECIPIENT      SENDER       PARTS  SENT                   PRICE
43573       QUEUED      SMS PRO   +48999926523   Salon Urody      1  2026-01-05T10:09:09Z    0.16
43572       DELIVERED   SMS PRO   +48999918604   Warsztat         1  2026-01-05T10:07:34Z    0.16
`, got.stdout)
	assert.Equal(t, "2 messages of 120, page 2 of 60; the next is --page 3\n", got.stderr)
}

func TestListLeavesTheDefaultsToTheGateway(t *testing.T) {
	gateway, url := serveDouble(t, 25)
	got := outgoing(t, "list", url)
	assert.Len(t, lines(got.stdout), 1+10)
	assert.Empty(t, gateway.Requests()[0].RawQuery)
}

func TestTheLastPageHasNoNext(t *testing.T) {
	got := outgoing(t, "list", "--demo", "--page=3", "--limit=50")
	assert.Equal(t, "20 messages of 120, page 3 of 3\n", got.stderr)
}

func TestListAllShowsEachMessageOnceInEveryFormat(t *testing.T) {
	for format, extra := range map[string]int{"table": 1, "json": 2, "jsonl": 0, "csv": 1} {
		gateway, url := serveDouble(t, 333)
		gateway.Inject(outgoingtest.Fault{
			Times:  4,
			Match:  func(r *http.Request) bool { return r.FormValue("page") != "1" },
			Before: func(g *outgoingtest.Gateway) { g.Add(make([]api.Message, 7)...) },
		})
		got := outgoing(t, "list", url, "--all", "--format", format)
		assert.Equal(t, 0, got.status, got.stderr)
		assert.Len(t, lines(got.stdout), 333+extra, format)
		assert.Equal(t, "333 messages\n", got.stderr)
		if format == "json" {
			var messages []api.Message
			require.NoError(t, json.Unmarshal([]byte(got.stdout), &messages))
			assert.Equal(t, int64(43456+332), messages[0].ID)
		}
	}
}

func TestAnEmptyHistoryIsNoError(t *testing.T) {
	_, url := serveDouble(t, 0)
	assert.Equal(t, result{"[]\n", "0 messages\n", 0}, outgoing(t, "list", url, "--all", "-f", "json"))
	assert.Equal(t, "[]\n", outgoing(t, "list", url, "-f", "json").stdout)
}

func TestAnUnreadableRowIsNamedAndCostsNoOther(t *testing.T) {
	gateway, url := serveDouble(t, 0)
	body := `[{"id":9},{"id":8,"price":"dear"},{"id":7}]`
	gateway.Inject(outgoingtest.Fault{Body: &body, Status: http.StatusOK})
	got := outgoing(t, "list", url, "-f", "jsonl")
	assert.Equal(t, 2, got.status)
	assert.Len(t, lines(got.stdout), 2)
	assert.Contains(t, got.stderr, "not readable: 8\n  ")
}

func TestAHistoryThatBreaksOffIsStatusTwo(t *testing.T) {
	gateway, url := serveDouble(t, 300)
	gateway.Inject(outgoingtest.Fault{
		Times:  -1,
		Match:  func(r *http.Request) bool { return r.FormValue("page") == "3" },
		Status: http.StatusInternalServerError,
	})
	got := outgoing(t, "list", url, "--all", "-f", "json", "--concurrency=1", "--attempts=1")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "the history breaks off here: GET /messages: 500")
	assert.True(t, json.Valid([]byte(got.stdout)))

	gateway.Inject(outgoingtest.Fault{Status: http.StatusInternalServerError})
	got = outgoing(t, "list", url, "--all", "-f", "jsonl", "--attempts=1")
	assert.Equal(t, 2, got.status, "nothing was listed")
	assert.Contains(t, got.stderr, "GET /messages: 500 Internal Server Error: Internal API Server Error: This failure was injected by a test (code 500-1, 1 attempt)\n")
}

func TestAListThatFailsBeforeAnyPageCamePrintsNothing(t *testing.T) {
	gateway, url := serveDouble(t, 300)
	gateway.Inject(outgoingtest.Fault{Times: -1, Status: http.StatusInternalServerError})
	for _, format := range []string{"table", "json", "jsonl", "csv", "excel"} {
		for _, all := range []string{"--all", "--limit=5"} {
			got := outgoing(t, "list", url, all, "-f", format, "--attempts=1")
			assert.Equal(t, 2, got.status, "nothing was listed")
			assert.Empty(t, got.stdout, "a script would count no messages")
			assert.Len(t, lines(got.stderr), 1)
			assert.NotContains(t, got.stderr, "breaks off")
		}
	}
	_, url = serveDouble(t, 0)
	assert.Equal(t, "[]\n", outgoing(t, "list", url, "--since-id=5", "-f", "json").stdout, "a page came")
}

// What head does: read a line, and go.
func TestAClosedPipeEndsQuietly(t *testing.T) {
	_, url := serveDouble(t, 5000)
	for _, args := range [][]string{
		{"list", "--all", url}, {"list", "--all", url, "-f", "json"}, {"list", "--all", url, "-f", "csv"},
		{"get", url, "-f", "jsonl", "--file", file(t, sequence(43456, 5000))},
		{"list", "--limit=50", url},
	} {
		cmd := command(t, args...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = bufio.NewReaderSize(stdout, 16).ReadString('\n')
		require.NoError(t, err)
		require.NoError(t, stdout.Close())
		assert.Equal(t, 0, statusOf(t, cmd.Wait()), args)
		if args[1] == "--all" {
			assert.Empty(t, stderr.String(), args)
		}
		assert.NotContains(t, stderr.String(), "pipe", args)
	}
}
