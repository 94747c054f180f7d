package main

import (
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The program is run as it stands in the README, so it needs the address that stands there.
func TestTheFirstProgramOfTheReadme(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		t.Skip("the port of the program is taken:", err)
	}
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(200)...)
	gateway.Add(outgoing.Message{ID: 43460, StatusCode: "UNDELIVERED"})
	server := httptest.NewUnstartedServer(gateway)
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	defer server.Close()

	stdin, stdout := os.Stdin, os.Stdout
	defer func() { os.Stdin, os.Stdout = stdin, stdout }()
	input, ids, err := os.Pipe()
	require.NoError(t, err)
	output, printed, err := os.Pipe()
	require.NoError(t, err)
	os.Stdin, os.Stdout = input, printed
	for id := range 96 { // some hundred bytes, which a pipe holds
		_, err := fmt.Fprintln(ids, 43456+id)
		require.NoError(t, err)
	}
	_, err = fmt.Fprintln(ids, 7)
	require.NoError(t, err)
	require.NoError(t, ids.Close())
	main()
	require.NoError(t, printed.Close())
	table, err := io.ReadAll(output)
	require.NoError(t, err)
	assert.Equal(t, `      57 arrived, DELIVERED
       2 not arrived, REJECTED
       1 not arrived, UNDELIVERED
      12 still under way, QUEUED
      12 still under way, SCHEDULED
      12 still under way, SENT
       1 unknown to the gateway
`, string(table))
}
