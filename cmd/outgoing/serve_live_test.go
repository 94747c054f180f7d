package main_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	library "github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
)

func TestServeLiveFlagsThatMakeNoSenseAreUsageErrors(t *testing.T) {
	dir := t.TempDir()
	empty, spaced, good := filepath.Join(dir, "empty"), filepath.Join(dir, "spaced"), filepath.Join(dir, "good")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.NoError(t, os.WriteFile(spaced, []byte("hush hush\n"), 0o600))
	require.NoError(t, os.WriteFile(good, []byte("hush\n"), 0o600))
	const url = "--callback=http://127.0.0.1:1/"
	for says, args := range map[string][]string{
		"--rate: it needs --live too":                    {"--rate=5"},
		"--callback: it needs --live too":                {url},
		"--callback-token-file: it needs --callback":     {"--callback-token-file=" + good},
		"--callback-token-file: it needs --callback too": {"--live", "--callback-token-file=" + good},
		"--rate -1":                          {"--live", "--rate=-1"},
		"--rate 60001":                       {"--live", "--rate=60001"},
		"http:// is for loopback hosts only": {"--live", "--callback=http://example.com/hush"},
		"must begin with https:// or http:// and a host": {"--live", "--callback=https:///hush"},
		"it is empty; is a variable unset?":              {"--live", "--callback="},
		"empty is empty":                                 {"--live", url, "--callback-token-file=" + empty},
		"--callback-token-file: the token has a space":   {"--live", url, "--callback-token-file=" + spaced},
		"no such file":                                   {"--live", url, "--callback-token-file=" + filepath.Join(dir, "nothing")},
	} {
		got := outgoing(t, append([]string{"serve", "--addr=127.0.0.1:0"}, args...)...)
		assert.Equal(t, 1, got.status, args)
		assert.Contains(t, got.stderr, says)
		assert.NotContains(t, got.stderr, "hush")
		assert.Empty(t, got.stdout)
	}
}

func TestServeLiveCallsBackWithTheTokenUntilItIsStopped(t *testing.T) {
	t.Parallel()
	tokenFile := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(tokenFile, []byte("made-up-one\n"), 0o600))
	var mu sync.Mutex
	changed := map[string]int{}
	handler, err := callback.New(func(_ context.Context, msgs []library.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range msgs {
			changed[m.StatusCode]++
		}
		return nil
	}, callback.WithTokens("made-up-one"))
	require.NoError(t, err)
	receiver := httptest.NewServer(handler)
	defer receiver.Close()

	s := serve(t, "--live", "--rate=0", "--callback="+receiver.URL+"/sms?key=hush", "--callback-token-file="+tokenFile)
	require.Eventually(t, func() bool { return strings.Contains(s.stderr.String(), "204 No Content") }, patience, tick)
	s.stop(t)
	mu.Lock()
	defer mu.Unlock()
	assert.NotEmpty(t, changed)
	assert.Contains(t, s.stderr.String(), "status changes are POSTed to "+receiver.URL+"/sms\noutgoing: messages move on by themselves, and 0 new ones arrive per minute\n")
	assert.NotContains(t, s.stderr.String(), "hush")
	assert.NotContains(t, s.stderr.String(), "made-up-one")
	assert.NotContains(t, s.stderr.String(), " 401 ")
}

func TestServeThatIsStoppedLetsCallbacksInFlightEnd(t *testing.T) {
	t.Parallel()
	arrived, released := make(chan struct{}), make(chan struct{})
	arrive, release := sync.OnceFunc(func() { close(arrived) }), sync.OnceFunc(func() { close(released) })
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrive()
		<-released
	}))
	defer receiver.Close()
	defer release()
	s := serve(t, "--live", "--rate=0", "--messages=40", "--callback="+receiver.URL)
	<-arrived
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return strings.Contains(s.stderr.String(), "stopping") }, patience, tick)
	release()
	assert.Equal(t, 0, statusOf(t, s.cmd.Wait()))
	assert.Contains(t, s.stderr.String(), "  200 OK  ")
	assert.NotContains(t, s.stderr.String(), "not acknowledged")
}

func TestServeThatIsExposedCallsBackOverPlainHTTP(t *testing.T) {
	s := serve(t, "--expose", "--live", "--rate=0", "--messages=0", "--callback=http://host.docker.internal:8081/")
	s.stop(t)
	assert.Contains(t, s.stderr.String(), "status changes are POSTed to http://host.docker.internal:8081/\n")
}

func TestServeWithoutLiveChangesNothingByItself(t *testing.T) {
	s := serve(t)
	assert.NotContains(t, s.stderr.String(), "by themselves")
	s.stop(t)
	assert.NotContains(t, s.stderr.String(), "callback")
}
