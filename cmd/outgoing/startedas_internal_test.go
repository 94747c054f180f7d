package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHintsNameTheCommandAsItWasStarted(t *testing.T) {
	hash := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for executable, want := range map[string]string{
		"/usr/local/bin/outgoing":            "outgoing",
		"/home/me/go-build/outgoing":         "outgoing",
		"":                                   "outgoing",
		"/tmp/go-build123/b001/exe/outgoing": "go run ./cmd/outgoing",
		"/home/me/.cache/go-build/01/" + hash + "-d/outgoing": "go run ./cmd/outgoing",
		`C:\Temp\go-build123\b001\exe\outgoing.exe`:           "go run ./cmd/outgoing",
	} {
		assert.Equal(t, want, startedAs(executable, true), executable)
	}
	assert.Equal(t, "go run github.com/gsmservice-gateway/client-go/cmd/outgoing@latest",
		startedAs("/tmp/go-build123/b001/exe/outgoing", false), "not in a clone")
}
