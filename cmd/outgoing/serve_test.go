package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// served is a gateway that the command serves.
type served struct {
	cmd    *exec.Cmd
	url    string // the base URL that it printed
	stderr *log
}

// log collects what the command says meanwhile.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func serve(t *testing.T, args ...string) served {
	t.Helper()
	s := served{cmd: command(t, append([]string{"serve", "--addr=127.0.0.1:0"}, args...)...), stderr: new(log)}
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	require.NoError(t, err, s.stderr)
	s.url = strings.TrimSpace(line)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

// stop interrupts the server, as Ctrl-C does.
func (s served) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, statusOf(t, s.cmd.Wait()), s.stderr)
}

func (s served) do(t *testing.T, method, path, authorization string) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return res.StatusCode, string(content), err
}

func TestServeAnswersAnyClient(t *testing.T) {
	s := serve(t, "--messages=30")
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/rest$`, s.url)
	status, body, err := s.do(t, http.MethodGet, "/messages/43456,9", "Bearer whatever")
	require.NoError(t, err)
	assert.Equal(t, 200, status)
	assert.JSONEq(t, "["+sampleJSON+"]", body)
	status, _, err = s.do(t, http.MethodGet, "/messages", "")
	require.NoError(t, err)
	assert.Equal(t, 401, status)

	got := outgoing(t, "list", "--base-url", s.url, "--all", "-f", "jsonl")
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Len(t, lines(got.stdout), 30)
	s.stop(t)
	assert.Regexp(t, `(?m)^\d\d:\d\d:\d\d  GET /rest/messages/43456,9  200 OK  \S+s$`, s.stderr.String())
	assert.Contains(t, s.stderr.String(), "GET /rest/messages  401 Unauthorized")
	assert.NotContains(t, s.stderr.String(), "whatever")
	assert.NotContains(t, s.stderr.String(), token)
}

func TestServeCanWantOneToken(t *testing.T) {
	s := serve(t, "--token=made-up-one")
	status, _, _ := s.do(t, http.MethodGet, "/messages", "Bearer another")
	assert.Equal(t, 401, status)
	status, _, _ = s.do(t, http.MethodGet, "/messages", "Bearer made-up-one")
	assert.Equal(t, 200, status)
	s.stop(t)
	assert.NotContains(t, s.stderr.String(), "made-up-one")
}

func TestServeInjectsFaults(t *testing.T) {
	s := serve(t, "--fault=status=503,times=2,method=GET,retry-after=7", "--fault=method=delete,drop,after-work",
		"--fault=id=43470,truncate=20,times=always", "--fault=id=43456,omit=43456", "--fault=body=a,b=c", "--fault=delay=30ms")
	for range 2 {
		status, _, err := s.do(t, http.MethodGet, "/messages", "Bearer x")
		require.NoError(t, err)
		assert.Equal(t, 503, status)
	}
	_, _, err := s.do(t, http.MethodDelete, "/messages/43463", "Bearer x")
	require.Error(t, err)
	for range 2 {
		_, body, err := s.do(t, http.MethodGet, "/messages/43470", "Bearer x")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Len(t, body, 20)
	}
	_, body, err := s.do(t, http.MethodGet, "/messages/43456", "Bearer x")
	require.NoError(t, err)
	assert.Equal(t, "[]", strings.TrimSpace(body))
	_, body, err = s.do(t, http.MethodGet, "/messages", "Bearer x")
	require.NoError(t, err)
	assert.Equal(t, "a,b=c", body)
	begun := time.Now()
	_, body, err = s.do(t, http.MethodGet, "/messages/43463", "Bearer x")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begun), 30*time.Millisecond)
	assert.Contains(t, body, "CANCELLED", "the work was done, though its answer was dropped")
	s.stop(t)
	assert.Contains(t, s.stderr.String(), "DELETE /rest/messages/43463  dropped")
	assert.Contains(t, s.stderr.String(), "200 OK, broken off")
}

// What a proxy in front of the gateway answers.
func TestServeCanAnswerWithAPageOfHTML(t *testing.T) {
	const page = "<html><body>Bad Gateway, sorry</body></html>"
	s := serve(t, "--fault=status=502,content-type=text/html; charset=utf-8,body="+page, "--fault=content-type=text/plain")
	for _, want := range []struct {
		status  int
		content string
	}{{502, "text/html; charset=utf-8"}, {200, "text/plain"}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/messages/43456", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer x")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		assert.Equal(t, want.status, res.StatusCode)
		assert.Equal(t, want.content, res.Header.Get("Content-Type"))
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, want.status == 502, string(body) == page)
		require.NoError(t, res.Body.Close())
	}
	s.stop(t)
}

// The status is the one that the help promises, however impatient the person is.
func TestServeLeavesAtASecondInterrupt(t *testing.T) {
	s := serve(t, "--fault=id=43456,delay=1h")
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/rest")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET /rest/messages/43456 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
	require.NoError(t, err)
	status, _, err := s.do(t, http.MethodGet, "/messages/43457", "Bearer x") // so the one before it was accepted, too
	require.NoError(t, err)
	assert.Equal(t, 200, status)
	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return strings.Contains(s.stderr.String(), "stopping") }, patience, tick)
	assert.Contains(t, s.stderr.String(), "for 3s at most")
	s.stop(t)
	n, err := conn.Read(make([]byte, 1))
	assert.Zero(t, n, "the request was cut off")
	assert.Error(t, err)
}

func TestServePrintsAnAddressThatItsReaderCanUse(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0"} {
		s := serve(t, "--expose", "--addr="+addr)
		assert.Regexp(t, `^http://127\.0\.0\.1:\d+/rest$`, s.url)
		got := outgoing(t, "list", "--base-url", s.url)
		assert.Equal(t, 0, got.status, got.stderr)
		s.stop(t)
	}
}

func busyAddr(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}
