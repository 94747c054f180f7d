//go:build unix

package main_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe that was read has no writer any more, and opening it again would wait for one.
func TestATokenFromAPipeIsReadOnce(t *testing.T) {
	gateway, url := serveDouble(t, 200)
	pipe := filepath.Join(t.TempDir(), "token")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	go func() { _ = os.WriteFile(pipe, []byte(token+"\n"), 0o600) }()
	got := outgoing(t, "get", url, "--token-file", pipe, "--file", file(t, sequence(43456, 150)))
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Len(t, gateway.Requests(), 3)
}

func TestATokenFromAPipeWithoutEndIsRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "token")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0) // which waits for no reader
	require.NoError(t, err)
	require.NoError(t, writer.SetWriteDeadline(time.Now().Add(patience)))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for err == nil {
			_, err = io.WriteString(writer, strings.Repeat(token+"\n", 100))
		}
	}()
	got := outgoing(t, "list", "--base-url=http://127.0.0.1:1/rest", "--token-file", pipe)
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stderr, "has more than")
	require.NoError(t, writer.Close())
	<-done
}
