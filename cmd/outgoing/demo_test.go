package main_test

import (
	"bufio"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDemoNeedsNothingAndIsTheSameEachTime(t *testing.T) {
	run := func() result {
		cmd := command(t, "demo")
		cmd.Env = []string{"HTTPS_PROXY=http://127.0.0.1:1"} // nothing would get through
		return finish(t, cmd)
	}
	begun := time.Now()
	got := run()
	assert.Less(t, time.Since(begun), 2*time.Second)
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Empty(t, got.stderr)
	for _, want := range []string{
		"missing: 7, 8\n120 found, 2 missing, 0 not settled, 0 not sent (3 requests, 3 attempts)\n",
		"(1 repeated ID counts once)",
		"GET    /rest/messages/43554,... (22 IDs)  ->  200",
		"43463       cancelled     204\n",
		"43456       rejected      400  DELIVERED   Only a message that is still scheduled can be cancelled",
		"DELETE /rest/messages/43463,... (5 IDs)  ->  429\n     DELETE /rest/messages/43463,... (5 IDs)  ->  200",
		"3 messages of 120, page 2 of 40",
		"43487       unknown       400  CANCELLED",
		"DELETE /rest/messages/43487 (1 ID)  ->  no answer",
	} {
		assert.Contains(t, got.stdout, want)
	}
	assert.Equal(t, got.stdout, run().stdout)
}

func TestAnInterruptEndsTheDemoAtAnyMoment(t *testing.T) {
	const end = "That was all"
	for n, signal := range slices.Repeat([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, 14) {
		cmd := command(t, "demo")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		shown := bufio.NewReader(stdout)
		for range 1 + n {
			_, err := shown.ReadString('\n')
			require.NoError(t, err)
		}
		_ = cmd.Process.Signal(signal) // it may have ended
		rest, err := io.ReadAll(shown)
		require.NoError(t, err)
		if status := statusOf(t, cmd.Wait()); !strings.Contains(string(rest), end) {
			assert.Equal(t, 130, status, "%v after line %d", signal, 1+n)
		}
	}
}
