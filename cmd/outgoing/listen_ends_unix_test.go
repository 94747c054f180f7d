//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestListenFinishesItsCallbacksWhicheverSignalEndsIt(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		gateway, url := serveDouble(t, 10)
		arrived, release := make(chan struct{}), make(chan struct{})
		gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43456), Before: func(*outgoingtest.Gateway) { close(arrived); <-release }})
		l := listen(t, url)
		callback := l.callback(t, "any", 43456)
		var (
			answered sync.WaitGroup
			status   int
		)
		answered.Go(func() { status, _ = send(callback) })
		<-arrived
		require.NoError(t, l.cmd.Process.Signal(signal))
		require.Eventually(t, func() bool { return strings.Contains(l.stderr.String(), "stopping") }, patience, tick)
		if signal == syscall.SIGHUP { // of the shell, after the kernel's
			require.NoError(t, l.cmd.Process.Signal(signal))
		}
		close(release)
		answered.Wait()
		assert.Equal(t, 204, status, signal)
		require.True(t, l.stdout.Scan(), signal)
		assert.Equal(t, 0, statusOf(t, l.cmd.Wait()), signal)
	}
}

func TestListenAnswersProbesWithoutAWord(t *testing.T) {
	l := listen(t, "--no-confirm", "--callback-token-file", file(t, callbackToken))
	said := l.stderr.String()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		req, err := http.NewRequestWithContext(t.Context(), method, l.url+"/healthz", http.NoBody)
		require.NoError(t, err)
		status, err := send(req)
		require.NoError(t, err)
		assert.Equal(t, 200, status)
	}
	assert.Equal(t, said, l.stderr.String())
	assert.Equal(t, 0, l.stop(t))
}

// appending runs listen with its output at the end of a file, and at most so many blocks of 512 bytes in it: as on a full disk.
func appending(t *testing.T, path, blocks string) listening {
	t.Helper()
	out, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer func() { _ = out.Close() }()
	cmd := command(t, "-c", `ulimit -f `+blocks+`; exec "$0" "$@"`, binary, "listen", "--addr=127.0.0.1:0", "--no-confirm",
		"--callback-token-file", file(t, callbackToken))
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	cmd.Path = shell
	l := listening{cmd: cmd, stderr: new(log)}
	cmd.Stdout, cmd.Stderr = out, l.stderr
	require.NoError(t, cmd.Start())
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	require.Eventually(t, func() bool { l.url = address.FindString(l.stderr.String()); return l.url != "" }, patience, tick)
	return l
}

func TestListenLosesNothingThatItAcknowledgedOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "changes.jsonl")
	l := appending(t, path, "1")
	acknowledged := []int64{}
	for id := int64(1); id < 10; id++ {
		switch status := l.post(t, callbackToken, id); status {
		case 204:
			acknowledged = append(acknowledged, id)
			continue
		default:
			assert.Equal(t, 503, status, "what could not be written whole comes again")
		}
		break
	}
	assert.Equal(t, 3, statusOf(t, l.cmd.Wait()), l.stderr)
	assert.Contains(t, l.stderr.String(), "the results could not be written")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotEqual(t, byte('\n'), content[len(content)-1], "a fragment is left")

	l = appending(t, path, "unlimited")
	assert.Equal(t, 204, l.post(t, callbackToken, 10))
	acknowledged = append(acknowledged, 10)
	assert.Equal(t, 0, l.stop(t))
	content, err = os.ReadFile(path)
	require.NoError(t, err)
	for _, id := range acknowledged {
		assert.Regexp(t, fmt.Sprintf(`(?m)^\{"id":%d,.*\}$`, id), string(content))
	}
	before := string(content)
	l = appending(t, path, "unlimited")
	assert.Equal(t, 0, l.stop(t))
	content, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, string(content), "a whole line gets no empty one after it")
}
