package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// rotatingGateway is a gateway whose token changes.
func rotatingGateway(t *testing.T, first string) (gateway *outgoingtest.Gateway, url string, change func(token string)) {
	t.Helper()
	gateway = outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(200)...)
	var good atomic.Pointer[string]
	good.Store(&first)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+*good.Load() {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		gateway.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return gateway, "--base-url=" + server.URL + "/rest", func(token string) { good.Store(&token) }
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func TestB6_ATokenFileIsReadAgainWhenItChanges(t *testing.T) {
	gateway, url, change := rotatingGateway(t, "first")
	tokens := filepath.Join(t.TempDir(), "token")
	write(t, tokens, "first\n")
	gateway.Inject(outgoingtest.Fault{}, outgoingtest.Fault{Before: func(*outgoingtest.Gateway) {
		change("other")
		write(t, tokens, "other\n") // of the same length, at nearly the same time
	}}, outgoingtest.Fault{}, outgoingtest.Fault{Before: func(*outgoingtest.Gateway) { becomes(gateway, 43456, "X") }})
	got := outgoing(t, "watch", url, "--token-file", tokens, "--until=X", "--initial-interval=10ms", "43456")
	assert.Equal(t, 0, got.status, got.stderr)

	gateway.Inject(outgoingtest.Fault{Before: func(*outgoingtest.Gateway) {
		change("third")
		require.NoError(t, os.Remove(tokens))
		write(t, tokens, "third")
	}})
	got = outgoing(t, "get", url, "--token-file", tokens, "--concurrency=1", "--quiet", "--file", file(t, sequence(43456, 150)))
	assert.Equal(t, 0, got.status, got.stderr)
}

func TestATokenFileThatIsBeingWrittenDoesNotStopTheWork(t *testing.T) {
	gateway, url, _ := rotatingGateway(t, "first")
	tokens := filepath.Join(t.TempDir(), "token")
	for name, half := range map[string]func(){
		"empty":    func() { write(t, tokens, "") },
		"gone":     func() { require.NoError(t, os.Remove(tokens)) },
		"no token": func() { write(t, tokens, "two words") },
	} {
		write(t, tokens, "first")
		gateway.Inject(outgoingtest.Fault{Before: func(*outgoingtest.Gateway) { half() }})
		got := outgoing(t, "get", url, "--token-file", tokens, "--concurrency=1", "--quiet", "--file", file(t, sequence(43456, 150)))
		assert.Equal(t, 0, got.status, name+got.stderr)
	}
}

func TestListenTakesTwoTokensWhileOneIsReplaced(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	write(t, tokens, "one\n")
	l := listen(t, "--no-confirm", "--callback-token-file", tokens)
	for _, step := range []struct{ content, in, out string }{
		{"one", "one", "two three"},
		{"one\n\ntwo\r\n", "one two", "three"},
		{"two", "two", "one"},
		{"", "two", "one"}, // half written: those from before go on
		{"two\nthree", "two three", "one"},
	} {
		write(t, tokens, step.content)
		for _, token := range strings.Fields(step.in) {
			assert.Equal(t, 204, l.post(t, token, 1), token)
		}
		for _, token := range strings.Fields(step.out) {
			assert.Equal(t, 401, l.post(t, token, 1), token)
		}
	}
	assert.Equal(t, 0, l.stop(t))
	assert.Equal(t, 1, strings.Count(l.stderr.String(), "the tokens from before go on"), "once, not for each callback")
}
