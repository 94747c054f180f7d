package main_test

import (
	"bufio"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	api "github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// becomes gives a message of the double a status.
func becomes(g *outgoingtest.Gateway, id int64, status string) {
	g.Update(id, func(m *api.Message) { m.StatusCode = status })
}

func TestWatchPrintsEachChangeUntilTheEnd(t *testing.T) {
	t.Parallel()
	gateway, url := serveDouble(t, 10)
	becomes(gateway, 43456, "QUEUED")
	gateway.Inject(
		outgoingtest.Fault{Status: http.StatusServiceUnavailable},
		outgoingtest.Fault{Status: http.StatusServiceUnavailable},
		outgoingtest.Fault{},
		outgoingtest.Fault{Before: func(g *outgoingtest.Gateway) { becomes(g, 43456, "SENT") }},
		outgoingtest.Fault{},
		outgoingtest.Fault{Before: func(g *outgoingtest.Gateway) { becomes(g, 43456, "DELIVERED") }},
	)
	got := outgoing(t, "watch", url, "--until=delivered", "--initial-interval=50ms", "--max-interval=50ms", "-f=jsonl", "43456", "43457", "43456")
	assert.Equal(t, 0, got.status, got.stderr)
	var seen []string
	for _, line := range lines(got.stdout) {
		for _, status := range []string{"QUEUED", "SENT", "DELIVERED"} {
			if strings.Contains(line, `"status_code":"`+status+`"`) {
				seen = append(seen, line[:11]+status)
			}
		}
	}
	assert.Equal(t, []string{`{"id":43456QUEUED`, `{"id":43457DELIVERED`, `{"id":43456SENT`, `{"id":43456DELIVERED`}, seen)
	assert.Equal(t, 1, strings.Count(got.stderr, "a look failed, and will be repeated\n"), "the second failure says nothing new")
	assert.Contains(t, got.stderr, "2 DELIVERED; 0 left\n")
}

func TestWatchNamesWhatIsNotThereYet(t *testing.T) {
	_, url := serveDouble(t, 10)
	got := outgoing(t, "watch", url, "--until=DELIVERED", "--timeout=300ms", "--initial-interval=20ms", "43456", "43458", "7", "43461")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "given up: 7\n  the gateway does not know this ID\n")
	assert.Contains(t, got.stderr, "--timeout 300ms is over\nnot there yet, QUEUED: 43461\nnot there yet, SENT: 43458\n")
	assert.Contains(t, got.stderr, "1 DELIVERED, ")
	assert.Contains(t, got.stderr, ", 1 given up; 2 left\n")
}

func TestWatchSaysWhereARefusedTokenCameFrom(t *testing.T) {
	_, url := serveDouble(t, 10, outgoingtest.WithToken("another"))
	got := outgoing(t, "watch", url, "--until=DELIVERED", "43456", "43458")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "401 Unauthorized")
	assert.Contains(t, got.stderr, "check GATEWAY_API_BEARER")
	assert.Contains(t, got.stderr, "not there yet, not seen: 43456, 43458\n")
	assert.NotContains(t, got.stderr, "--timeout")
}

func TestAnInterruptedWatchNamesWhatIsLeft(t *testing.T) {
	h := holdAt(t, outgoingtest.HasID(43458), outgoingtest.Fault{}, "watch", "--until=DELIVERED", "-f=csv", "43456", "43458")
	h.interrupt(t, os.Interrupt)
	h.release()
	assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
	assert.Contains(t, h.stderr.String(), "not there yet, ")
	assert.Contains(t, h.stderr.String(), "43458")
	assert.NotContains(t, h.stderr.String(), "a look failed")
}

func TestWatchRefusesFlagsThatAreAlmostRight(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	for want, args := range map[string][]string{
		"--until is missing: name the statuses":                 {},
		"a status is missing beside a comma":                    {"--until=DELIVERED,"},
		"statuses are separated by commas":                      {"--until=DELIVERED;SENT"},
		"it is empty; is a variable unset?":                     {"--until="},
		"--timeout 0s: it must be positive":                     {"--until=A", "--timeout=0s"},
		"--initial-interval -1s: it must be positive":           {"--until=A", "--initial-interval=-1s"},
		"--max-interval 1s: it must not be below":               {"--until=A", "--max-interval=1s"},
		"no message IDs: give them as arguments, or --file F":   {"--until=A", "no IDs"},
		"IDs come from the arguments or from --file, not from ": {"--until=A", "--file=-"},
	} {
		args = append([]string{"watch", url}, args...)
		if args[len(args)-1] == "no IDs" {
			args = args[:len(args)-1]
		} else {
			args = append(args, "43456")
		}
		got := outgoing(t, args...)
		assert.Equal(t, 1, got.status, args)
		assert.Contains(t, got.stderr, want, args)
	}
	assert.Empty(t, gateway.Requests())
}

func TestWatchEndsWhenItsReaderIsGoneAlsoBetweenTwoChanges(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	becomes(gateway, 43456, "QUEUED")
	cmd := command(t, "watch", url, "--until=DELIVERED", "--initial-interval=1h", "-f=jsonl", "43456")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, stdout.Close())
	assert.Equal(t, 0, statusOf(t, cmd.Wait()))
}

func TestWatchNamesTenOfManyMessagesInAnOutage(t *testing.T) {
	t.Parallel()
	got := outgoing(t, "watch", "--base-url=http://127.0.0.1:1/rest", "--until=DELIVERED", "--initial-interval=50ms", "--timeout=500ms", "--file", file(t, sequence(1, 20_000)))
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "not there yet, not seen: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 19990 more\n")
	assert.Less(t, len(got.stderr), 2000, got.stderr)
}

func TestTheDemoOfWatchMoves(t *testing.T) {
	t.Parallel()
	queued := strings.Fields("43573 43565 43557 43549 43541 43533 43525 43517 43509 43501") // of which one moves soon
	cmd := command(t, append([]string{"watch", "--demo", "--until=DELIVERED", "--initial-interval=500ms", "-f=jsonl"}, queued...)...)
	shown := new(log)
	cmd.Stdout = shown
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return strings.Contains(shown.String(), `"status_code":"SENT"`) }, patience, tick)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, 130, statusOf(t, cmd.Wait()))
	assert.Contains(t, lines(shown.String())[0], `"status_code":"QUEUED"`)
}
