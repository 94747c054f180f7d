package main_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// binary is the command as people run it, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "outgoing-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "outgoing")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("8") // tests that run at once mostly wait, for the command or for time to pass
	}
	return m.Run()
}

const (
	token    = "s3cret-t0ken-that-no-one-may-see"
	patience = 30 * time.Second // before a test gives up; none waits so long
	tick     = 5 * time.Millisecond
)

// command is a run of the binary that is not started yet, in an environment without surprises.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{"TMPDIR=" + t.TempDir(), "TERM=xterm", "GATEWAY_API_BEARER=" + token}
	return cmd
}

type result struct {
	stdout, stderr string
	status         int
}

// outgoing runs the command to its end, and checks what holds for every run: the token is nowhere.
func outgoing(t *testing.T, args ...string) result {
	t.Helper()
	return finish(t, command(t, args...))
}

func outgoingWithInput(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	return finish(t, cmd)
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	status := statusOf(t, cmd.Run())
	assert.NotContains(t, stdout.String(), token)
	assert.NotContains(t, stderr.String(), token)
	return result{stdout.String(), stderr.String(), status}
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	require.NoError(t, err)
	return 0
}

// serveDouble puts a gateway with sample messages on a port, and returns the flag that leads to it.
func serveDouble(t *testing.T, messages int, opts ...outgoingtest.Option) (gateway *outgoingtest.Gateway, flag string) {
	t.Helper()
	gateway = outgoingtest.NewGateway(opts...)
	gateway.Add(outgoingtest.SampleMessages(messages)...)
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	return gateway, "--base-url=" + server.URL + "/rest"
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ids.csv")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
