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

func TestCancelShowsWhatBecameOfEachID(t *testing.T) {
	got := outgoing(t, "cancel", "--demo", "--yes", "43463", "43456", "9", "43463")
	assert.Equal(t, 2, got.status)
	assert.Equal(t, `ID          STATE      STATUS  NOW         REASON
43463       cancelled     204
43456       rejected      400  DELIVERED   Only a message that is still scheduled can be cancelled (code 400-21)
9           rejected      404              There is no such message (code 404-6)
`, got.stdout)
	assert.Equal(t, "Cancelling 3 messages in the demo gateway, in memory (1 repeated ID counts once).\n"+
		"1 cancelled, 2 rejected, 0 unknown, 0 not sent (2 requests, 2 attempts)\n"+
		"The rejected messages were not stopped by this, and now show: 1 DELIVERED, 1 unknown to the gateway. "+
		"If one is cancelled, an earlier call did it.\n", got.stderr)
}

func TestCancelIsSettledIfAllAreCancelled(t *testing.T) {
	gateway, url := serveDouble(t, 20)
	got := outgoing(t, "cancel", url, "-y", "-f", "csv", "43463", "43471")
	assert.Equal(t, 0, got.status)
	assert.Equal(t, "id,state,status,status_code,reason\n43463,cancelled,204,,\n43471,cancelled,204,,\n", got.stdout)
	assert.Contains(t, got.stderr, "Cancelling 2 messages at http://127.0.0.1:")
	message, _ := gateway.Message(43463)
	assert.Equal(t, "CANCELLED", message.StatusCode)
}

func TestCancelSaysWhichGateway(t *testing.T) {
	// Nothing is sent: no one serves the proxy.
	cmd := command(t, "cancel", "--yes", "--sandbox", "--attempts=1", "1")
	cmd.Env = append(cmd.Env, "HTTPS_PROXY=http://127.0.0.1:1")
	got := finish(t, cmd)
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "Cancelling 1 message in the sandbox (https://api.szybkisms.pl/rest-sandbox).\n")

	cmd = command(t, "cancel", "--yes", "--attempts=1", "1")
	cmd.Env = append(cmd.Env, "HTTPS_PROXY=http://127.0.0.1:1")
	got = finish(t, cmd)
	assert.Contains(t, got.stderr, "Cancelling 1 message in production (https://api.szybkisms.pl/rest).\n")
	assert.Contains(t, got.stdout, "not sent")
}

func TestCancelSaysThatItWasTheTestSystem(t *testing.T) {
	gateway, url := serveDouble(t, 20)
	gateway.Inject(outgoingtest.Fault{Header: http.Header{"X-Sandbox": {"true"}}})
	assert.Contains(t, outgoing(t, "cancel", url, "-y", "43463").stderr, "test system")
}

func TestCancelWritesTheRowsOfTheAPIAndTheState(t *testing.T) {
	got := outgoing(t, "cancel", "--demo", "-y", "-f", "jsonl", "43463", "9")
	rows := lines(got.stdout)
	require.Len(t, rows, 2)
	assert.Equal(t, []string{`{"id":43463,"status":204,"error":null,"state":"cancelled"}`}, rows[:1])
	var row struct {
		ID     int64
		State  string
		Status int
		Error  api.Problem
		Reason string
	}
	require.NoError(t, json.Unmarshal([]byte(rows[1]), &row))
	assert.Equal(t, "rejected", row.State)
	assert.Equal(t, "404-6", row.Error.Code)
	assert.Equal(t, 404, row.Status)
	assert.Equal(t, "There is no such message (code 404-6)", row.Reason)
}

func TestALostAnswerIsUnknownAndLookedUp(t *testing.T) {
	gateway, url := serveDouble(t, 20)
	gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
	got := outgoing(t, "cancel", url, "-y", "-f", "jsonl", "--attempts=1", "43463")
	assert.Equal(t, 2, got.status)
	var row struct {
		State   string
		Status  *int
		Reason  string
		Message api.Message
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &row))
	assert.Equal(t, "unknown", row.State)
	assert.Nil(t, row.Status)
	assert.Equal(t, "CANCELLED", row.Message.StatusCode)
	assert.Contains(t, row.Reason, "no answer")
	assert.Contains(t, got.stderr, "0 cancelled, 0 rejected, 1 unknown, 0 not sent (2 requests, 2 attempts)\n"+
		"Of the unknown messages each may or may not be cancelled. They now show: 1 CANCELLED. Cancel them again, a little later: that is safe.\n")
}

func TestManyAreCancelledInGroups(t *testing.T) {
	gateway, url := serveDouble(t, 1000)
	gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43456 + 420), Status: http.StatusBadRequest})
	got := outgoingWithInput(t, sequence(43456, 1000), "cancel", url, "-y", "-f", "csv", "--concurrency=2", "--file=-")
	assert.Equal(t, 2, got.status)
	rows := lines(got.stdout)
	require.Len(t, rows, 1+1000)
	assert.True(t, strings.HasPrefix(rows[1], "43456,rejected,400,"))
	assert.True(t, strings.HasPrefix(rows[1000], "44455,"))
	assert.Contains(t, got.stderr, "119 cancelled, 881 rejected, 0 unknown, 0 not sent (39 requests, 39 attempts)\n", "and what was rejected is read back")
	deletes := 0
	for _, r := range gateway.Requests() {
		if r.Method == http.MethodDelete {
			deletes++
		}
	}
	assert.Equal(t, 20, deletes)
}

// Half of a campaign cancelled would be worse than a table that no one reads.
func TestCancelGoesOnWithoutAReader(t *testing.T) {
	gateway, url := serveDouble(t, 2000)
	cmd := command(t, "cancel", url, "-y", "--concurrency=1", "--file", file(t, sequence(43456, 2000)))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReaderSize(stdout, 16).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, stdout.Close())
	assert.Equal(t, 2, statusOf(t, cmd.Wait()))
	assert.Contains(t, stderr.String(), "250 cancelled, 1750 rejected")
	assert.Contains(t, stderr.String(), "the results could not all be written")
	assert.Greater(t, len(gateway.Requests()), 40, "and the read-backs")
}

// Not even the header of a CSV could be written.
func TestCancelBeginsWithoutAReader(t *testing.T) {
	for _, format := range []string{"table", "json", "jsonl", "csv", "excel"} {
		gateway, url := serveDouble(t, 20)
		cmd := command(t, "cancel", url, "-y", "-f", format, "43463")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, stdout.Close())
		assert.Equal(t, 0, statusOf(t, cmd.Run()))
		message, _ := gateway.Message(43463)
		assert.Equal(t, "CANCELLED", message.StatusCode, format)
	}
}

func TestCancelTakesOneFile(t *testing.T) {
	one, other := file(t, "43463\n"), file(t, "43471\n")
	got := outgoing(t, "cancel", "--demo", "--yes", "--file", one, "--file", other)
	assert.Equal(t, 1, got.status, "the messages of the first would go out")
	assert.Contains(t, got.stderr, "it is given twice")
}

func TestCancelSaysOfWhatItDidNotStopWhatItIsNow(t *testing.T) {
	gateway, url := serveDouble(t, 120)
	gateway.Inject(outgoingtest.Fault{Method: http.MethodGet, Status: 503, Times: -1})
	got := outgoing(t, "cancel", url, "--attempts", "1", "--yes", "43456", "43457")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "now show: 2 not looked up.")

	got = outgoing(t, "cancel", "--base-url", "http://127.0.0.1:1/rest", "--attempts", "1", "--yes", "-f", "csv", "43456")
	assert.Contains(t, got.stderr, "what is scheduled will go out")
	assert.Contains(t, got.stderr, "connection refused")
}
