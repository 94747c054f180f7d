package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// TestMain is main if it is asked to: so the tests have the service in a process that they can kill.
func TestMain(m *testing.M) {
	if os.Getenv("REMINDERS_TEST_RUNS_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const (
	callbackToken = "callback-token"
	patience      = time.Minute // far more than anything takes
)

var final = []string{"DELIVERED", "UNDELIVERED"} // the double's gateway has these; yours may have others

// service is a running process.
type service struct {
	url    string // of its callbacks
	cmd    *exec.Cmd
	exited chan struct{}

	mu   sync.Mutex
	logs strings.Builder
}

func writeToken(t *testing.T, token string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	return file
}

// start returns when the service is ready for callbacks.
func start(t *testing.T, gatewayURL, database string, args ...string) *service {
	t.Helper()
	s := &service{exited: make(chan struct{})}
	s.cmd = exec.Command(os.Args[0], append([]string{
		"-base-url", gatewayURL + "/rest", "-token-file", writeToken(t, "api-token"),
		"-addr", "127.0.0.1:0", "-callback-token-file", writeToken(t, callbackToken),
		"-database", database, "-final", strings.Join(final, ","),
	}, args...)...)
	s.cmd.Env = append(os.Environ(), "REMINDERS_TEST_RUNS_MAIN=1")
	stderr, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	ready := make(chan string, 1)
	go func() {
		defer close(s.exited)
		address := regexp.MustCompile(`ready for callbacks" addr=(\S+)`)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			fmt.Fprintln(&s.logs, lines.Text())
			s.mu.Unlock()
			if match := address.FindStringSubmatch(lines.Text()); match != nil {
				ready <- match[1]
			}
		}
		_ = s.cmd.Wait()
	}()
	t.Cleanup(func() {
		s.kill()
		assert.False(t, s.logged("DATA RACE"))
		if t.Failed() {
			t.Log(s.logs.String())
		}
	})
	select {
	case addr := <-ready:
		s.url = "http://" + addr + "/callbacks"
	case <-s.exited:
		require.Fail(t, "the service did not start", s.logs.String())
	case <-time.After(patience):
		require.Fail(t, "the service does not start")
	}
	return s
}

// logged reports whether text is in what the service has logged so far.
func (s *service) logged(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.logs.String(), text)
}

// kill ends the process as a power failure would: without a word to it.
func (s *service) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// stop asks the service to end, and returns its exit status.
func (s *service) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.exited:
	case <-time.After(patience):
		require.Fail(t, "the service does not stop")
	}
	return s.cmd.ProcessState.ExitCode()
}

// post sends one callback and returns the status of the answer; 0 if there is none.
func (s *service) post(token string, body []byte) int {
	request, err := http.NewRequest(http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// callbackOf returns the body of the callback that the gateway would send now.
func callbackOf(t *testing.T, gateway *outgoingtest.Gateway, ids ...int64) (body []byte) {
	t.Helper()
	require.NoError(t, gateway.Notify(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}), "", ids...))
	return body
}

func messagesOf(t *testing.T, body []byte) (reported []outgoing.Message) {
	t.Helper()
	require.NoError(t, json.Unmarshal(body, &reported))
	return reported
}

func newGateway(t *testing.T) (*outgoingtest.Gateway, string) {
	t.Helper()
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("api-token"))
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	return gateway, server.URL
}

// row is what the table should have of a message.
type row struct {
	cid, status string
	date        sql.Null[int64] // microseconds since 1970
	final       bool
}

func rowOf(m outgoing.Message) row {
	r := row{status: m.StatusCode, final: slices.Contains(final, m.StatusCode)}
	if m.CID != nil {
		r.cid = *m.CID
	}
	if m.StatusDate != nil {
		r.date = sql.Null[int64]{V: m.StatusDate.UnixMicro(), Valid: true}
	}
	return r
}

// table reads the whole table, in this process.
func table(t *testing.T, database string) map[int64]row {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(database)+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), `SELECT id, COALESCE(cid, ''), status_code, status_date, final FROM message`)
	require.NoError(t, err)
	defer rows.Close()
	found := map[int64]row{}
	for rows.Next() {
		var (
			id int64
			r  row
		)
		require.NoError(t, rows.Scan(&id, &r.cid, &r.status, &r.date, &r.final))
		found[id] = r
	}
	require.NoError(t, rows.Err())
	return found
}

// gatewayTable is the table as it should be: what the gateway says now of the messages 1 to n.
func gatewayTable(t *testing.T, gateway *outgoingtest.Gateway, n int) map[int64]row {
	t.Helper()
	rows := map[int64]row{}
	for id := int64(1); id <= int64(n); id++ {
		m, ok := gateway.Message(id)
		require.True(t, ok)
		rows[id] = rowOf(m)
	}
	return rows
}

// eventually polls until done.
func eventually(t *testing.T, done func() bool, what string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		require.True(t, time.Now().Before(deadline), "waited for a minute: %s", what)
		<-time.After(5 * time.Millisecond)
	}
}
