package outgoing_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// loopback are ways to write the host of a loopback URL.
var loopback = []string{"localhost", "LOCALHOST", "LocalHost", "127.0.0.1", "127.7.7.7", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"}

const baseURLOfChild = "OUTGOING_TEST_BASE_URL"

// net/http reads the environment once, so each URL is asked for by a process of its own.
func TestS2_PlainHTTPGoesThroughNoProxyOfTheEnvironment(t *testing.T) {
	if baseURL := os.Getenv(baseURLOfChild); baseURL != "" {
		client, err := outgoing.New(testToken, outgoing.WithBaseURL(baseURL), once)
		require.NoError(t, err)
		_, err = client.GetByIDs(t.Context(), ids(1)) // no one listens there
		fmt.Println(err)
		return
	}
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	defer proxy.Close()
	ask := func(baseURL string) {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), baseURLOfChild+"="+baseURL, "HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=")
		out, _ := child.CombinedOutput() // a connection to the proxy would be a leak, which fails there too
		require.Contains(t, string(out), "GET /messages/{ids}: ", baseURL)
	}
	for _, host := range loopback {
		ask("http://" + host + ":1/rest")
		assert.Zero(t, proxied.Swap(0), "the token went to the proxy for %s", host)
	}
	ask("https://gateway.example/rest")
	assert.NotZero(t, proxied.Load(), "https goes through it, in a tunnel")
}

// A caller's transport is not changed, so one that would show the token to a proxy is refused.
func TestS2_ACallersProxyForPlainHTTPIsRefused(t *testing.T) {
	proxy, err := url.Parse("http://proxy.example:3128")
	require.NoError(t, err)
	httpOnly := func(req *http.Request) (*url.URL, error) {
		if req.URL.Scheme == "http" && strings.HasSuffix(req.URL.Path, "/rest/messages") {
			return proxy, nil
		}
		return nil, errors.ErrUnsupported
	}
	build := func(baseURL string, choose func(*http.Request) (*url.URL, error)) error {
		_, err := outgoing.New(testToken, outgoing.WithBaseURL(baseURL), outgoing.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: choose}}))
		return err
	}
	for _, host := range loopback {
		for _, choose := range []func(*http.Request) (*url.URL, error){http.ProxyURL(proxy), httpOnly} {
			err := build("http://"+host+":8080/rest", choose)
			require.ErrorIs(t, err, outgoing.ErrInvalidArgument, host)
			require.ErrorContains(t, err, "proxy")
		}
		require.NoError(t, build("http://"+host+":8080/rest", http.ProxyURL(nil)))
		require.NoError(t, build("https://"+host+":8080/rest", http.ProxyURL(proxy)), "a tunnel shows nothing")
	}
}
