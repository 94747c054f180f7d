//go:build unix

package main_test

import (
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The most memory that a process had is counted from what its parent had when it started it. With the race detector that is this
// test, which has more than the command, and would be what is measured.
func TestMemoryDoesNotGrowWithTheIDs(t *testing.T) {
	if fewer.Raced {
		t.Skip("go test without -race runs this, and so does make ci")
	}
	t.Parallel()
	_, url := serveDouble(t, 0, outgoingtest.WithRequestLimit(0))
	use := func(n int) int64 {
		cmd := command(t, "get", url, "--concurrency=8", "--file", "-")
		cmd.Env = append(cmd.Env, "GOGC=20")
		cmd.Stdin = strings.NewReader(sequence(1, n))
		require.Equal(t, 2, statusOf(t, cmd.Run()))                         // none of them exists
		most := int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) //nolint:unconvert // 32 bits wide on 386
		if runtime.GOOS == "darwin" {
			most /= 1 << 10 // bytes there
		}
		return most
	}
	n := 100_000
	if fewer.Full() {
		n = 200_000
	}
	few, many := use(1_000), use(n)
	assert.Less(t, many-few, int64(12<<10), "KiB; %d for few, %d for many", few, many)
}
