package outgoingtest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// way is a way to reach a gateway.
type way struct {
	base   string
	client *http.Client
}

// bothWays runs a test in memory and on a port, each with its own gateway.
func bothWays(t *testing.T, test func(t *testing.T, g *outgoingtest.Gateway, to way), opts ...outgoingtest.Option) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) {
		g := outgoingtest.NewGateway(opts...)
		test(t, g, inMemory(g))
	})
	t.Run("on a port", func(t *testing.T) {
		g := outgoingtest.NewGateway(opts...)
		server := httptest.NewServer(g)
		t.Cleanup(server.Close)
		test(t, g, way{server.URL, server.Client()})
	})
}

func inMemory(g *outgoingtest.Gateway) way {
	return way{"https://gateway.test", &http.Client{Transport: g.Transport()}}
}

// reply is a response with as much of its body as came.
type reply struct {
	status int
	header http.Header
	length int64
	body   string
}

// send sends a request. The error may be the body's, beside a reply.
func (to way) send(ctx context.Context, method, path string, authorization ...string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, to.base+path, nil)
	if err != nil {
		return reply{}, err
	}
	req.Header["Authorization"] = authorization
	res, err := to.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, res.ContentLength, string(body)}, err
}

// ask sends a request with a token, which must be answered.
func (to way) ask(t testing.TB, method, path string) reply {
	t.Helper()
	res, err := to.send(t.Context(), method, path, "Bearer any")
	require.NoError(t, err)
	return res
}

// rows decodes the rows of a 200.
func rows[T any](t *testing.T, res reply) []T {
	t.Helper()
	require.Equal(t, http.StatusOK, res.status, res.body)
	assert.Equal(t, "application/json", res.header.Get("Content-Type"))
	var list []T
	require.NoError(t, json.Unmarshal([]byte(res.body), &list))
	require.NotNil(t, list, "an array, also without rows")
	return list
}

func requireProblem(t *testing.T, res reply, status int, code string) gen.Problem {
	t.Helper()
	require.Equal(t, status, res.status, res.body)
	assert.Equal(t, "application/problem+json", res.header.Get("Content-Type"))
	var p gen.Problem
	require.NoError(t, json.Unmarshal([]byte(res.body), &p))
	assert.Equal(t, status, p.Status)
	assert.Equal(t, code, p.Code)
	assert.NotEmpty(t, p.Title)
	assert.NotEmpty(t, p.Detail)
	return p
}

func messageIDs(list []gen.Message) []int64 {
	ids := make([]int64, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

func joined(ids []int64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(parts, ",")
}

func withStatus(codes ...string) []outgoing.Message {
	msgs := make([]outgoing.Message, len(codes))
	for i, code := range codes {
		msgs[i] = outgoing.Message{Recipient: "+48999999999", StatusCode: code}
	}
	return msgs
}
