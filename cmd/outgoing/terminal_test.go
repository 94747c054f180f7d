//go:build unix

package main_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	api "github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// terminal is a pseudo-terminal with a person at it.
type terminal struct {
	cmd    *exec.Cmd
	person *os.File
	shown  *log
	gone   chan struct{}
}

// atTerminal starts a command at a terminal. Streams that are set already go elsewhere, as with a redirection.
func atTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	return atTerminalOf(t, cmd, 100)
}

func atTerminalOf(t *testing.T, cmd *exec.Cmd, columns uint16) *terminal {
	t.Helper()
	person, tty, err := pty.Open()
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(person, &pty.Winsize{Rows: 40, Cols: columns}))
	if cmd.Stdin == nil {
		cmd.Stdin = tty
	}
	if cmd.Stdout == nil {
		cmd.Stdout = tty
	}
	if cmd.Stderr == nil {
		cmd.Stderr = tty
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: ttyOf(cmd, tty)}
	require.NoError(t, cmd.Start())
	require.NoError(t, tty.Close())
	term := &terminal{cmd: cmd, person: person, shown: new(log), gone: make(chan struct{})}
	go func() {
		defer close(term.gone)
		_, _ = io.Copy(term.shown, person) // until the command has closed its end
	}()
	t.Cleanup(func() { _ = person.Close() })
	return term
}

// ttyOf is the descriptor that is the terminal in the child.
func ttyOf(cmd *exec.Cmd, tty *os.File) int {
	for fd, stream := range []any{cmd.Stdin, cmd.Stdout, cmd.Stderr} {
		if stream == tty {
			return fd
		}
	}
	panic("no stream is a terminal")
}

func (term *terminal) waitFor(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(term.shown.String(), text) }, patience, tick, "%q", text)
}

func (term *terminal) types(t *testing.T, text string) {
	t.Helper()
	_, err := io.WriteString(term.person, text)
	require.NoError(t, err)
}

// finish waits for the end, and returns all that was shown.
func (term *terminal) finish(t *testing.T) (shown string, status int) {
	t.Helper()
	status = statusOf(t, term.cmd.Wait())
	<-term.gone
	assert.NotContains(t, term.shown.String(), token)
	return strings.ReplaceAll(term.shown.String(), "\r\n", "\n"), status
}

func TestCancelAsksAPerson(t *testing.T) {
	for answer, goesOn := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "\x04": false} {
		gateway, url := serveDouble(t, 20)
		term := atTerminal(t, command(t, "cancel", url, "43463", "43471"))
		term.waitFor(t, "About to cancel 2 messages at http://127.0.0.1:")
		term.waitFor(t, "Cancel them? [y/N] ")
		assert.Empty(t, gateway.Requests())
		term.types(t, answer)
		shown, status := term.finish(t)
		if goesOn {
			assert.Equal(t, 0, status)
			assert.Contains(t, shown, "\n2 cancelled, 0 rejected")
			continue
		}
		assert.Equal(t, 130, status, "stopped by a person, as by an interrupt")
		assert.Contains(t, shown, "\nNothing was cancelled, since nothing was sent.\n")
		assert.Empty(t, gateway.Requests())
	}
}

func TestCancelAsksThePersonWhileStandardInputBringsTheIDs(t *testing.T) {
	_, url := serveDouble(t, 20)
	cmd := command(t, "cancel", url, "--file=-", "-f=csv")
	cmd.Stdin = strings.NewReader("43463\n")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	term := atTerminal(t, cmd)
	term.waitFor(t, "[y/N] ")
	term.types(t, "y\n")
	_, status := term.finish(t)
	assert.Equal(t, 0, status)
	assert.Equal(t, "id,state,status,status_code,reason\n43463,cancelled,204,,\n", stdout.String())
}

func TestAnInterruptAtTheQuestionCancelsNothing(t *testing.T) {
	gateway, url := serveDouble(t, 20)
	term := atTerminal(t, command(t, "cancel", url, "43463"))
	term.waitFor(t, "[y/N] ")
	term.types(t, "\x03") // Ctrl-C
	shown, status := term.finish(t)
	assert.Equal(t, 130, status)
	assert.True(t, strings.HasSuffix(shown, "[y/N] ^C\noutgoing: interrupted\nNothing was cancelled, since nothing was sent.\n"), "%q", shown)
	assert.Empty(t, gateway.Requests())
}

// The request that the gateway holds keeps the work going until the progress has been seen.
func TestProgressShowsOnATerminal(t *testing.T) {
	t.Parallel()
	gateway, url := serveDouble(t, 500)
	seen := make(chan struct{})
	gateway.Inject(
		outgoingtest.Fault{Match: outgoingtest.HasID(43456), Status: http.StatusServiceUnavailable},
		outgoingtest.Fault{Match: outgoingtest.HasID(43510), Status: http.StatusConflict},
		outgoingtest.Fault{Match: outgoingtest.HasID(43700), Before: func(*outgoingtest.Gateway) { <-seen }},
	)
	cmd := command(t, "get", url, "-f=jsonl", "--concurrency=1", "--file", file(t, sequence(43456, 500)))
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	term := atTerminal(t, cmd)
	term.waitFor(t, "(200/500, ")
	term.waitFor(t, "1 retry, 50 failed")
	close(seen)
	shown, status := term.finish(t)
	assert.Equal(t, 2, status)
	assert.Len(t, lines(stdout.String()), 500)
	assert.NotContains(t, stdout.String(), "\r")
	assert.Contains(t, shown, " IDs/")
	last := shown[strings.LastIndex(shown, "\x1b[J")+len("\x1b[J"):]
	assert.True(t, strings.HasPrefix(last, "not settled: 43506, "), last)
	assert.True(t, strings.HasSuffix(last, "450 found, 0 missing, 50 not settled, 0 not sent (10 requests, 11 attempts)\n"), "the line is gone")
}

func TestNoProgressWhereItIsNotWanted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*exec.Cmd){
		"quiet":           func(cmd *exec.Cmd) { cmd.Args = append(cmd.Args, "--quiet") },
		"a dumb terminal": func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "TERM=dumb") },
		"not a terminal":  func(cmd *exec.Cmd) { cmd.Stderr = new(log) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := serveDouble(t, 10, outgoingtest.WithLatency(500*time.Millisecond))
			cmd := command(t, "list", "--format=jsonl", url)
			change(cmd)
			shown, status := atTerminal(t, cmd).finish(t)
			assert.Equal(t, 0, status)
			assert.NotContains(t, shown, "\x1b[J")
			if l, ok := cmd.Stderr.(*log); ok {
				assert.Equal(t, "10 messages of 10, page 1 of 1\n", l.String())
			}
		})
	}
}

func TestColorsAreForTerminalsThatWantThem(t *testing.T) {
	for env, colored := range map[string]bool{"": true, "NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		cmd := command(t, "cancel", "--demo", "--yes", "43463", "43456")
		cmd.Env = append(cmd.Env, env)
		shown, status := atTerminal(t, cmd).finish(t)
		assert.Equal(t, 2, status)
		assert.Contains(t, shown, "cancelled")
		assert.Equal(t, colored, strings.Contains(shown, "\x1b[32mcancelled\x1b[0m"), env)
	}
	assert.NotContains(t, outgoing(t, "cancel", "--demo", "--yes", "43463").stdout, "\x1b", "no terminal")
}

func TestWatchShowsOneLineOnATerminal(t *testing.T) {
	t.Parallel()
	gateway, url := serveDouble(t, 10)
	becomes(gateway, 43456, "QUEUED")
	term := atTerminal(t, command(t, "watch", url, "--until=DELIVERED", "--initial-interval=1s", "43456", "43457"))
	term.waitFor(t, "watch: 1 DELIVERED, 1 QUEUED; 1 left")
	becomes(gateway, 43456, "DELIVERED")
	shown, status := term.finish(t)
	assert.Equal(t, 0, status)
	last := shown[strings.LastIndex(shown, "\x1b[J")+len("\x1b[J"):]
	assert.Equal(t, "2 DELIVERED; 0 left\n", last)
	assert.NotContains(t, shown, "RECIPIENT", "there is nothing but the line")
}

func TestAnInterruptedWatchOnATerminalNamesWhatIsLeft(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	becomes(gateway, 43456, "QUEUED")
	term := atTerminal(t, command(t, "watch", url, "--until=DELIVERED", "43456"))
	term.waitFor(t, "watch: 1 QUEUED; 1 left")
	term.types(t, "\x03") // Ctrl-C
	shown, status := term.finish(t)
	assert.Equal(t, 130, status)
	assert.True(t, strings.HasSuffix(shown, "\x1b[Joutgoing: interrupted\nnot there yet, QUEUED: 43456\n1 QUEUED; 1 left\n"), "%q", shown)
}

// Otherwise nothing at all would be shown.
func TestWatchPrintsEachChangeOnATerminalWithoutTheLine(t *testing.T) {
	for name, change := range map[string]func(*exec.Cmd){
		"quiet":                         func(cmd *exec.Cmd) { cmd.Args = append(cmd.Args, "--quiet") },
		"a dumb terminal":               func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "TERM=dumb") },
		"standard error somewhere else": func(cmd *exec.Cmd) { cmd.Stderr = new(log) },
		"another format":                func(cmd *exec.Cmd) { cmd.Args = append(cmd.Args, "--format=csv") },
	} {
		t.Run(name, func(t *testing.T) {
			_, url := serveDouble(t, 10)
			cmd := command(t, "watch", url, "--until=DELIVERED", "43456")
			change(cmd)
			shown, status := atTerminal(t, cmd).finish(t)
			assert.Equal(t, 0, status)
			assert.Contains(t, shown, "\n43456")
		})
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	gateway, url := serveDouble(t, 0)
	long := strings.Repeat("Zażółć 漢字 ", 40)
	gateway.Add(api.Message{ID: 5, StatusCode: "DELIVERED", Recipient: "+48999000000", Sender: &long, StatusDescription: long},
		api.Message{ID: 1234567890123456789, StatusCode: strings.Repeat("S", 50), Recipient: long})
	widths := []uint16{20, 60, 120}
	if fewer.Full() {
		widths = []uint16{20, 40, 60, 80, 97, 120, 300}
	}
	for _, args := range []string{"get 5 7 1234567890123456789", "list", "cancel --yes 5 7", "watch --until=x --timeout=300ms -q 5", "get --summary 5 7"} {
		for _, columns := range widths {
			term := atTerminalOf(t, command(t, append(strings.Fields(args), url)...), columns)
			shown, _ := term.finish(t)
			results, _, _ := strings.Cut(strings.ReplaceAll(shown, "\r", ""), "\nmissing:")
			for _, line := range lines(colors.ReplaceAllString(results, "")) {
				if strings.HasPrefix(line, "ID ") || strings.HasPrefix(line, "5 ") || strings.HasPrefix(line, "7 ") || strings.HasPrefix(line, "123") {
					assert.LessOrEqual(t, runewidth.StringWidth(line), int(columns), "%s: %s", args, line)
				}
			}
			if args == "list" || strings.HasPrefix(args, "get 5") {
				assert.Contains(t, shown, "1234567890123456789", "an ID is not cut")
			}
		}
	}
	assert.Contains(t, outgoing(t, "get", url, "5").stdout, long[:len(long)-1], "elsewhere nothing is cut")
}

var colors = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

func TestTheQuestionNamesTheFirstTheLastAndTheColumn(t *testing.T) {
	_, url := serveDouble(t, 20)
	path := file(t, "phone;Message ID\n+48999000000;43463\n+48999000001;43464\n+48999000002;43471\n")
	for want, args := range map[string][]string{
		`: 43463 (the first) to 43471 (the last), from column 2 ("Message ID") of ` + path + ". Cancel them? [y/N] ": {"--file", path},
		": 43463 (the first) to 43471 (the last). Cancel them? [y/N] ":                                               {"43463", "43471", "43463"},
		": 43463. Cancel them? [y/N] ": {"43463"},
	} {
		term := atTerminal(t, command(t, append([]string{"cancel", url}, args...)...))
		term.waitFor(t, "[y/N] ")
		term.types(t, "n\n")
		shown, status := term.finish(t)
		assert.Equal(t, 130, status)
		assert.Contains(t, shown, want)
	}
}
