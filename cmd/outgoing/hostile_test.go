package main_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// net/http prints what comes on an idle connection with the program's standard logger.
func TestS6_WhatAGatewaySendsUnaskedIsNotPrinted(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = conn.Read(make([]byte, 64<<10))
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]+48999999999 Bearer "+token)
				_, _ = io.Copy(io.Discard, conn) // until the client ends the connection
			}()
		}
	}()
	got := outgoing(t, "watch", "--base-url=http://"+listener.Addr().String()+"/rest", "--until=A", "--initial-interval=100ms", "--timeout=500ms", "1")
	assert.Equal(t, 2, got.status)
	assert.NotContains(t, got.stderr, "+48999999999")
	assert.NotContains(t, got.stderr, "Unsolicited")
}

func TestS2_NoSpellingOfALoopbackHostGoesThroughAProxy(t *testing.T) {
	var seen atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	t.Cleanup(proxy.Close)
	_, flag := serveDouble(t, 1)
	port := flag[strings.LastIndex(flag, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST", "LocalHost"} {
		cmd := command(t, "list", "--base-url", "HTTP://"+host+port)
		cmd.Env = append(cmd.Env, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL)
		assert.Equal(t, 0, finish(t, cmd).status, host)
	}
	assert.Zero(t, seen.Load())
}
