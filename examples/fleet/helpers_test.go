package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is main if it is asked to: so the tests have the service in processes that they can kill.
func TestMain(m *testing.M) {
	if os.Getenv("FLEET_TEST_RUNS_MAIN") != "" {
		go func() { // ends with the test, however that ends
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
		main()
		return
	}
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // the tests wait more than they compute
	code := m.Run()
	if running != nil {
		running.stop()
	}
	os.Exit(code)
}

const callbackToken = "callback-token"

// patience is far more than anything takes.
var patience = time.Duration(setting("FLEET_PATIENCE", 80)) * time.Second

var knownStatuses = statuses{Arrived: []string{"DELIVERED"}, Failed: []string{"UNDELIVERED"}, Cancelled: []string{"CANCELLED"}}

// database is where the processes of a test keep their tables.
type database struct{ url, file string }

func (d database) open(t *testing.T) *store {
	t.Helper()
	s, err := openStore(t.Context(), d.url, d.file, 4, knownStatuses, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(s.close)
	return s
}

// inBoth runs a test with each of the two databases.
func inBoth(t *testing.T, test func(t *testing.T, d database)) {
	t.Helper()
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { test(t, database{file: filepath.Join(t.TempDir(), "a table?.db")}) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, database{url: newPostgres(t)}) })
}

func writeToken(t *testing.T, token string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	return file
}

// process is a running service.
type process struct {
	name            string
	public, private string // base URLs
	cmd             *exec.Cmd
	exited          chan struct{}

	mu   sync.Mutex
	logs strings.Builder
}

// start returns when the service is ready.
func start(t *testing.T, name string, d database, args ...string) *process {
	t.Helper()
	p := &process{name: name, exited: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], append([]string{
		"-name", name, "-addr", "127.0.0.1:0", "-admin-addr", "127.0.0.1:0", "-database", d.file,
		"-arrived", "DELIVERED", "-failed", "UNDELIVERED", "-connections", "8",
	}, args...)...)
	p.cmd.Env = append(os.Environ(), "FLEET_TEST_RUNS_MAIN=1", "DATABASE_URL="+d.url)
	_, err := p.cmd.StdinPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	ready := make(chan []string, 1)
	go func() {
		defer close(p.exited)
		address := regexp.MustCompile(`msg=ready .*callbacks=(\S+) page=(\S+)`)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.logs, lines.Text())
			p.mu.Unlock()
			if match := address.FindStringSubmatch(lines.Text()); match != nil {
				ready <- match
			}
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		assert.False(t, p.logged("DATA RACE"))
		if t.Failed() {
			t.Log(p.logs.String())
		}
	})
	select {
	case match := <-ready:
		p.public, p.private = match[1], match[2]
	case <-p.exited:
		require.Fail(t, "the service did not start", p.logs.String())
	case <-time.After(patience):
		require.Fail(t, "the service does not start")
	}
	return p
}

// logged reports whether text is in what the service has logged so far.
func (p *process) logged(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(p.logs.String(), text)
}

// kill ends the process as a power failure would: without a word to it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// stop asks the service to end, and returns its exit status.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.Fail(t, "the service does not stop")
	}
	return p.cmd.ProcessState.ExitCode()
}

// ask sends a request and returns the status and body of the answer; 0 if there is none.
func ask(method, url, token, body string) (status int, text string) {
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	all, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(all)
}

// eventually polls until done.
func eventually(t *testing.T, done func() bool, what string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		require.True(t, time.Now().Before(deadline), "waited in vain: %s", what)
		<-time.After(20 * time.Millisecond)
	}
}
