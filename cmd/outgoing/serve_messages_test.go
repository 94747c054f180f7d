package main_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServeHasTheMessagesOfAFile(t *testing.T) {
	s := serve(t, "--messages-file", file(t, "\ufeff"+`{"id":7,"sender":"Żółw 🐢","status_code":"QUEUED","price":0.10}`+"\r\n\n"+
		`{"id":3,"cid":"zażółć","status_description":"gęślą jaźń 😀","state":"found","reason":""}`+"\n"+`{"recipient":"+48999999999"}`))
	_, body, err := s.do(t, http.MethodGet, "/messages", "Bearer x")
	require.NoError(t, err)
	for _, want := range []string{"Żółw 🐢", "zażółć", "gęślą jaźń 😀", `"id":8,`, `"price":0.10`} {
		assert.Contains(t, body, want)
	}
	assert.Less(t, strings.Index(body, `"id":7`), strings.Index(body, `"id":3`), "by ID, the highest first")

	listed := outgoing(t, "list", "--all", "--format=jsonl", "--base-url", s.url).stdout
	again := serve(t, "--messages-file", file(t, listed))
	assert.Equal(t, listed, outgoing(t, "list", "--all", "--format=jsonl", "--base-url", again.url).stdout)
	s.stop(t)
	again.stop(t)
}

func TestAMessagesFileThatIsNotOneSaysWhichLine(t *testing.T) {
	for content, want := range map[string]string{
		"{\"id\":1}\n{\"id\":2":            "line 2: ",
		"{\"id\":1}\n\n{\"id\":\"x\"}\n":   "line 3: ",
		"{\"id\":1}\n{\"id\":1}\n":         "line 2: the ID 1 is in line 1 already",
		"{\"id\":-1}":                      "line 1: the ID -1 is below 1",
		"[{\"id\":1}]":                     "line 1: it is not a JSON object",
		"id;status\n1;SENT\n":              "line 1: it is not a JSON object",
		"{\"id\":1,\"statuscode\":\"A\"}":  "line 1: ",
		"{\"id\":1,\"sender\":\"\xb1\"}":   "line 1: ",
		"{\"id\":1,\"sent_date\":\"5.6\"}": "line 1: ",
	} {
		got := outgoing(t, "serve", "--addr=127.0.0.1:0", "--messages-file", file(t, content))
		assert.Equal(t, 1, got.status, content)
		assert.Contains(t, got.stderr, want, content)
		assert.Empty(t, got.stdout)
	}
}

func TestServeHasOnlyThePathsOfTheGateway(t *testing.T) {
	s := serve(t)
	root := strings.TrimSuffix(s.url, "/rest")
	for path, want := range map[string]int{"/rest/messages": 200, "/rest-sandbox/messages": 200, "/messages": 404, "/": 404, "/restful/messages": 404, "/rest": 404} {
		s.url = root
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			status, body, err := s.do(t, method, path, "Bearer x")
			require.NoError(t, err)
			assert.Equal(t, want, status, method+path)
			assert.Equal(t, method == http.MethodHead, body == "", method+path)
		}
	}
	s.stop(t)
	assert.Contains(t, s.stderr.String(), "HEAD /rest/messages  200 OK")
}

func TestAPortInUseIsSaidInWords(t *testing.T) {
	for _, verb := range []string{"serve", "listen"} {
		_, url := serveDouble(t, 1)
		args := []string{verb, "--addr", busyAddr(t)}
		if verb == "listen" {
			args = append(args, url)
		}
		got := outgoing(t, args...)
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.stderr, "already in use")
		assert.Contains(t, got.stderr, "choose another port")
	}
}
