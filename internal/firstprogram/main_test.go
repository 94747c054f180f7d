package main

import (
	"io"
	"net"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The program is run as it stands in the README, so it needs the address that stands there.
func TestTheFirstProgramOfTheReadme(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		t.Skip("the port of the program is taken:", err)
	}
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(120)...)
	server := httptest.NewUnstartedServer(gateway)
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	defer server.Close()

	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	output, printed, err := os.Pipe()
	require.NoError(t, err)
	os.Stdout = printed
	main()
	require.NoError(t, printed.Close())
	text, err := io.ReadAll(output)
	require.NoError(t, err)
	assert.Equal(t, "43456 DELIVERED\n43463 SCHEDULED\n99999 is unknown to the gateway\n", string(text))
}
