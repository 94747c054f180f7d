package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// held is a run whose nth request waits at the gateway until it is released.
type held struct {
	cmd            *exec.Cmd
	stdout, stderr *log
	gateway        *outgoingtest.Gateway
	release        func()
}

func holdAt(t *testing.T, match func(*http.Request) bool, fault outgoingtest.Fault, args ...string) held {
	t.Helper()
	gateway, url := serveDouble(t, 1000)
	arrived, released := make(chan struct{}), make(chan struct{})
	fault.Match = match
	fault.Before = func(*outgoingtest.Gateway) {
		close(arrived)
		<-released
	}
	gateway.Inject(fault)
	h := held{cmd: command(t, append(args, url)...), stdout: new(log), stderr: new(log), gateway: gateway}
	h.release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(h.release) // before the server is closed, which waits for the request
	h.cmd.Stdout, h.cmd.Stderr = h.stdout, h.stderr
	require.NoError(t, h.cmd.Start())
	<-arrived
	return h
}

// interrupt sends a signal and waits until the command has said that it got it.
func (h held) interrupt(t *testing.T, s os.Signal) {
	t.Helper()
	require.NoError(t, h.cmd.Process.Signal(s))
	require.Eventually(t, func() bool { return strings.Contains(h.stderr.String(), "interrupted") }, patience, tick)
}

func TestAnInterruptedGetWaitsForTheRequestsUnderWay(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		h := holdAt(t, outgoingtest.HasID(43506), outgoingtest.Fault{}, "get", "-f=jsonl", "--concurrency=1", "--file", file(t, sequence(43456, 1000)))
		h.interrupt(t, signal)
		h.release()
		assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
		rows := lines(h.stdout.String())
		require.Len(t, rows, 1000, "one for each ID")
		assert.Contains(t, rows[99], `"state":"found"`)
		assert.JSONEq(t, `{"id":43556,"state":"not sent","reason":"interrupted"}`, rows[100])
		assert.Contains(t, h.stderr.String(), "not sent: 43556, 43557, ")
		assert.Contains(t, h.stderr.String(), "43565 and 890 more\n  interrupted\n")
		assert.Contains(t, h.stderr.String(), "100 found, 0 missing, 0 not settled, 900 not sent (2 requests, 2 attempts)\n")
		assert.Len(t, h.gateway.Requests(), 2)
	}
}

func TestAnInterruptedCancelWaitsForTheRequestsUnderWay(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		h := holdAt(t, outgoingtest.HasID(43506), outgoingtest.Fault{}, "cancel", "--yes", "-f=csv", "--concurrency=1", "--file", file(t, sequence(43456, 1000)))
		h.interrupt(t, signal)
		h.release()
		assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
		assert.Len(t, lines(h.stdout.String()), 1+1000, "one for each ID")
		assert.Contains(t, h.stdout.String(), "44455,not sent,,,interrupted\n")
		assert.Contains(t, h.stderr.String(), "12 cancelled, 88 rejected, 0 unknown, 900 not sent (3 requests, 3 attempts)\n")
		assert.Contains(t, h.stderr.String(), "900 messages were not changed: what is scheduled will go out. Cancel them again.\n")
		assert.Len(t, h.gateway.Requests(), 3, "the read-back of the first group is one")
	}
}

// A terminal that closes can bring several: from the kernel and from the shell.
func TestASecondHangupDoesNotLeaveAtOnce(t *testing.T) {
	h := holdAt(t, nil, outgoingtest.Fault{}, "cancel", "--yes", "-f=csv", "43463")
	h.interrupt(t, syscall.SIGHUP)
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGHUP))
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGHUP))
	h.release()
	assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
	assert.Contains(t, h.stdout.String(), "43463,cancelled,204,,\n")
}

// The signal is ignored from the start there, and must stay so.
func TestANohupCancelSurvivesAHangup(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("no nohup here")
	}
	gateway, url := serveDouble(t, 1000)
	arrived, released := make(chan struct{}), make(chan struct{})
	gateway.Inject(outgoingtest.Fault{Before: func(*outgoingtest.Gateway) { close(arrived); <-released }})
	cmd := command(t, "cancel", "--yes", "-f=csv", url, "43463")
	cmd.Path, cmd.Args = nohup, append([]string{nohup, binary}, cmd.Args[1:]...)
	stdout, stderr := new(log), new(log)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	require.NoError(t, cmd.Start())
	<-arrived
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	close(released)
	assert.Equal(t, 0, statusOf(t, cmd.Wait()), stderr)
	assert.Contains(t, stdout.String(), "43463,cancelled,204,,\n")
	assert.NotContains(t, stderr.String(), "interrupted")
}

// A retry is a request too: the wait for it ends at once.
func TestAnInterruptEndsTheWaitForARetry(t *testing.T) {
	fault := outgoingtest.Fault{Status: http.StatusServiceUnavailable, RetryAfter: "60"}
	h := holdAt(t, outgoingtest.HasID(43456), fault, "get", "--verbose", "43456")
	h.release()
	require.Eventually(t, func() bool { return strings.Contains(h.stderr.String(), "wait=") }, patience, tick)
	h.interrupt(t, os.Interrupt)
	assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
	assert.Contains(t, h.stderr.String(), "not settled: 43456\n")
	assert.NotContains(t, h.stderr.String(), "context canceled: ")
	assert.Len(t, h.gateway.Requests(), 1)
}

func TestAnInterruptedListShowsWhatItHas(t *testing.T) {
	third := func(r *http.Request) bool { return r.FormValue("page") == "3" }
	h := holdAt(t, third, outgoingtest.Fault{}, "list", "--all", "-f=json", "--concurrency=1")
	h.interrupt(t, os.Interrupt)
	h.release()
	assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
	assert.True(t, strings.HasSuffix(h.stdout.String(), "\n]\n"), "the array is closed")
	assert.Contains(t, h.stderr.String(), "messages listed before the interrupt")
	assert.Len(t, h.gateway.Requests(), 3)
}

// It cuts off the requests in flight, and not the report.
func TestASecondInterruptPrintsWhatIsKnown(t *testing.T) {
	h := holdAt(t, outgoingtest.HasID(43506), outgoingtest.Fault{}, "cancel", "--yes", "-f=json", "--concurrency=1", "--file", file(t, sequence(43456, 1000)))
	h.interrupt(t, os.Interrupt)
	assert.Contains(t, h.stderr.String(), "finishing 1 request in flight")
	require.NoError(t, h.cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
	var rows []struct {
		ID    int64
		State string
	}
	require.NoError(t, json.Unmarshal([]byte(h.stdout.String()), &rows), "the array is closed")
	require.Len(t, rows, 1000, "one for each ID")
	for i, row := range rows {
		switch {
		case i < 50:
			assert.Contains(t, "cancelled rejected", row.State)
		case i < 100:
			assert.Equal(t, "unknown", row.State)
		default:
			assert.Equal(t, "not sent", row.State)
		}
	}
	assert.Contains(t, h.stderr.String(), "6 cancelled, 44 rejected, 50 unknown, 900 not sent (")
	assert.Contains(t, h.stderr.String(), "900 messages were not changed: what is scheduled will go out. Cancel them again.\n")
	h.release()
}

func TestASecondInterruptOfALookUpSaysWhatIsMissing(t *testing.T) {
	for verb, test := range map[string]struct{ args, stdout, stderr string }{
		"get":        {"get 43456 -f=json", "[\n  {\"id\":43456,\"state\":\"not settled\",\"reason\":\"GET /messages/{ids}: no answer (1 attempt): interrupted\"}\n]\n", "not settled: 43456\n  GET /messages/{ids}: no answer (1 attempt): interrupted\n"},
		"list":       {"list -f=json", "[]\n", "0 messages listed before the interrupt\n"},
		"list --all": {"list --all -f=json", "[]\n", "0 messages listed before the interrupt\n"},
	} {
		h := holdAt(t, nil, outgoingtest.Fault{}, strings.Fields(test.args)...)
		h.interrupt(t, os.Interrupt)
		require.NoError(t, h.cmd.Process.Signal(os.Interrupt))
		assert.Equal(t, 130, statusOf(t, h.cmd.Wait()), verb)
		assert.Equal(t, test.stdout, h.stdout.String(), verb)
		assert.Contains(t, h.stderr.String(), test.stderr, verb)
		h.release()
	}
}

func TestAnInterruptedCancelNamesTheIDsWhoseOutcomeIsNotWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer func() { _ = full.Close() }()
	for _, quiet := range []string{"--quiet=false", "--quiet"} {
		gateway, url := serveDouble(t, 1000)
		arrived, released := make(chan struct{}), make(chan struct{})
		gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43506), Before: func(*outgoingtest.Gateway) { close(arrived); <-released }})
		cmd := command(t, "cancel", "--yes", "-f=csv", quiet, "--concurrency=1", url, "--file", file(t, sequence(43456, 1000)))
		stderr := new(log)
		cmd.Stdout, cmd.Stderr = full, stderr
		require.NoError(t, cmd.Start())
		<-arrived
		held{cmd: cmd, stderr: stderr}.interrupt(t, os.Interrupt)
		close(released)
		assert.Equal(t, 3, statusOf(t, cmd.Wait()), "as in the other verbs")
		assert.Contains(t, stderr.String(), "not written: the outcomes of 43456, 43457, ")
		assert.Contains(t, stderr.String(), "43465 and 990 more; look them up\n")
		assert.Equal(t, 1, strings.Count(stderr.String(), "could not"), stderr)
	}
}

// Whoever writes the IDs may never end.
func TestAnInterruptWhileTheIDsAreReadSendsNothing(t *testing.T) {
	for _, verb := range []string{"get", "cancel --yes", "watch --until=SENT"} {
		for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
			gateway, url := serveDouble(t, 10)
			cmd := command(t, append(strings.Fields(verb), url, "--file=-")...)
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			stdout, stderr := new(log), new(log)
			cmd.Stdout, cmd.Stderr = stdout, stderr
			require.NoError(t, cmd.Start())
			_, err = io.WriteString(stdin, sequence(43456, 20_000)) // more than fits into a pipe that no one reads
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(signal))
			assert.Equal(t, 130, statusOf(t, cmd.Wait()), "%s %v", verb, signal)
			assert.Equal(t, "outgoing: interrupted; nothing was sent\n", stderr.String())
			assert.Empty(t, stdout.String())
			assert.Empty(t, gateway.Requests())
		}
	}
}

// As with | less: no one empties the pipe, so the results cannot be written.
func TestInterruptsGetThroughWhileNoOneReads(t *testing.T) {
	t.Parallel()
	for verb, want := range map[string]string{
		"get": "outgoing: left before all results were written\n",
		"cancel --yes": "outgoing: left before all results were written\n" +
			"not written: the outcomes of 43456, 43457, 43458, 43459, 43460, 43461, 43462, 43463, 43464, 43465 and 990 more; look them up\n",
	} {
		t.Run(verb, func(t *testing.T) {
			gateway, url := serveDouble(t, 1000)
			cmd := command(t, append(strings.Fields(verb), url, "--concurrency=1", "--file", file(t, sequence(43456, 1000)))...)
			cmd.Stdout = fullPipe(t)
			stderr := new(log)
			cmd.Stderr = stderr
			require.NoError(t, cmd.Start())
			interruptTwice(t, cmd, stderr, gateway)
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			assert.Equal(t, 130, statusOf(t, cmd.Wait()))
			assert.True(t, strings.HasSuffix(stderr.String(), want), stderr)
		})
	}
}

// interruptTwice interrupts a command that has sent a request, and again once it has said so.
func interruptTwice(t *testing.T, cmd *exec.Cmd, stderr *log, gateway *outgoingtest.Gateway) {
	t.Helper()
	require.Eventually(t, func() bool { return len(gateway.Requests()) > 0 }, patience, tick)
	held{cmd: cmd, stderr: stderr}.interrupt(t, os.Interrupt)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return strings.Contains(stderr.String(), "interrupted again") }, patience, tick)
}

func TestAThirdInterruptOfACancelNamesTheFirstOutcomeThatIsNotWritten(t *testing.T) {
	gateway, url := serveDouble(t, 3000)
	released := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(released) }))
	gateway.Inject(outgoingtest.Fault{Before: func(*outgoingtest.Gateway) { <-released }})
	cmd := command(t, "cancel", "--yes", "-f=jsonl", url, "--concurrency=1", "--file", file(t, sequence(43456, 3000)))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr := new(log)
	cmd.Stderr = stderr
	require.NoError(t, cmd.Start())
	interruptTwice(t, cmd, stderr, gateway)
	rows := bufio.NewReader(stdout)
	for range 60 { // then the pipe fills up
		_, err := rows.ReadString('\n')
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, 130, statusOf(t, cmd.Wait()))
	assert.Regexp(t, `\nnot written: the outcomes of 4\d{4}, .* and 2\d{3} more; look them up\n$`, stderr)
}

// fullPipe returns the end of a pipe into which nothing more can be written.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	require.NoError(t, w.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	for err == nil {
		_, err = w.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	return w
}
