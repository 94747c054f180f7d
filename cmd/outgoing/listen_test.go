package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

const callbackToken = "callback-t0ken-of-the-panel"

// listening is a run of listen on a free port.
type listening struct {
	cmd    *exec.Cmd
	stdout *bufio.Scanner
	pipe   io.ReadCloser
	stderr *log
	url    string
}

func listen(t *testing.T, args ...string) listening {
	t.Helper()
	l := listening{cmd: command(t, append([]string{"listen", "--addr=127.0.0.1:0"}, args...)...), stderr: new(log)}
	l.cmd.Stderr = l.stderr
	var err error
	l.pipe, err = l.cmd.StdoutPipe()
	require.NoError(t, err)
	l.stdout = bufio.NewScanner(l.pipe)
	require.NoError(t, l.cmd.Start())
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	require.Eventually(t, func() bool { l.url = address.FindString(l.stderr.String()); return l.url != "" }, patience, tick)
	return l
}

// post sends a callback that says that messages are REPORTED, and returns the status of the answer.
func (l listening) post(t *testing.T, bearer string, ids ...int64) int {
	t.Helper()
	status, err := send(l.callback(t, bearer, ids...))
	require.NoError(t, err)
	return status
}

func (l listening) callback(t *testing.T, bearer string, ids ...int64) *http.Request {
	t.Helper()
	var rows []string
	for _, id := range ids {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"status_code":"REPORTED"}`, id))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url, strings.NewReader("["+strings.Join(rows, ",")+"]"))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+bearer)
	return req
}

func send(req *http.Request) (status int, err error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (l listening) stop(t *testing.T) (status int) {
	t.Helper()
	require.NoError(t, l.cmd.Process.Signal(os.Interrupt))
	status = statusOf(t, l.cmd.Wait())
	assert.NotContains(t, l.stderr.String(), token)
	assert.NotContains(t, l.stderr.String(), callbackToken)
	return status
}

func TestListenPrintsWhatTheGatewaySaysAboutACallback(t *testing.T) {
	gateway, url := serveDouble(t, 10, outgoingtest.WithToken(token))
	becomes(gateway, 43456, "SENT")
	l := listen(t, url, "--callback-token-file", file(t, callbackToken+"\n"))
	assert.Equal(t, 401, l.post(t, "wrong", 43456))
	assert.Len(t, gateway.Requests(), 1, "only the one that tries the token")
	assert.Equal(t, 503, l.post(t, callbackToken, 43456, 7), "one of them is not known yet")
	require.True(t, l.stdout.Scan())
	assert.Contains(t, l.stdout.Text(), `{"id":43456,`)
	assert.Contains(t, l.stdout.Text(), `"status_code":"SENT"`)
	assert.Equal(t, 0, l.stop(t))
	assert.Contains(t, l.stderr.String(), "https://panel.gsmservice.pl, set the callback URL of the API to an https address that leads here,\nand its token to the one in ")
}

func TestListenWithoutConfirmationPrintsCallbacksAsTheyAre(t *testing.T) {
	l := listen(t, "--no-confirm", "--callback-token-file", file(t, callbackToken))
	assert.Equal(t, 204, l.post(t, callbackToken, 1, 2))
	for range 2 {
		require.True(t, l.stdout.Scan())
		assert.Contains(t, l.stdout.Text(), `"status_code":"REPORTED"`)
	}
	assert.Equal(t, 0, l.stop(t))
}

// A callback that is in work when the interrupt comes is printed and acknowledged before the command ends.
func TestAnInterruptedListenFinishesWhatItAccepted(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	arrived, release := make(chan struct{}), make(chan struct{})
	gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43456), Before: func(*outgoingtest.Gateway) { close(arrived); <-release }})
	l := listen(t, url)
	callback := l.callback(t, "any", 43456)
	var (
		answered sync.WaitGroup
		status   int
		err      error
	)
	answered.Go(func() { status, err = send(callback) })
	<-arrived
	require.NoError(t, l.cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return strings.Contains(l.stderr.String(), "stopping") }, patience, tick)
	close(release)
	answered.Wait()
	require.NoError(t, err)
	assert.Equal(t, 204, status)
	require.True(t, l.stdout.Scan())
	assert.Contains(t, l.stdout.Text(), `{"id":43456,`)
	assert.Equal(t, 0, statusOf(t, l.cmd.Wait()))
}

// What could not be written is not acknowledged: the gateway sends it again, to the next run.
func TestListenEndsQuietlyWhenItsReaderIsGone(t *testing.T) {
	l := listen(t, "--no-confirm", "--callback-token-file", file(t, callbackToken))
	require.NoError(t, l.pipe.Close())
	assert.Equal(t, 503, l.post(t, callbackToken, 1))
	assert.Equal(t, 0, statusOf(t, l.cmd.Wait()))
}

func TestListenDoesNotStartWithATokenThatTheGatewayRefuses(t *testing.T) {
	_, url := serveDouble(t, 10, outgoingtest.WithToken("another"))
	got := outgoing(t, "listen", url, "--addr=127.0.0.1:0")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stderr, "401 Unauthorized")
	assert.Contains(t, got.stderr, "check GATEWAY_API_BEARER")
	assert.NotContains(t, got.stderr, "listening")
}

func TestListenRefusesFlagsThatAreAlmostRight(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for want, args := range map[string][]string{
		"--no-confirm needs --callback-token-file":          {"--no-confirm"},
		"--no-confirm asks no gateway":                      {"--no-confirm", "--sandbox", "--callback-token-file", file(t, callbackToken)},
		"is encoded in UTF-16":                              {"--callback-token-file", file(t, inUTF16(callbackToken, 0))},
		"other machines could reach this":                   {"--addr=:8081"},
		"--callback-token-file: ":                           {"--callback-token-file", file(t, "two words")},
		"address already in use":                            {"--addr", server.Listener.Addr().String()},
		"it is empty; is a variable unset?":                 {"--callback-token-file="},
		"--sandbox, --base-url and --demo each name":        {"--sandbox", "--base-url=" + server.URL},
		`unknown command "callbacks" for "outgoing listen"`: {"callbacks"},
	} {
		got := outgoing(t, append([]string{"listen"}, args...)...)
		assert.Equal(t, 1, got.status, args)
		assert.Contains(t, got.stderr, want, args)
		assert.Empty(t, got.stdout)
	}
	cmd := command(t, "listen")
	cmd.Env = cmd.Env[:2]
	assert.Contains(t, finish(t, cmd).stderr, "no token: GATEWAY_API_BEARER is not set")
}
