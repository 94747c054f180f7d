package outgoing_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

var invalidOptions = map[string]struct {
	opt  outgoing.Option
	says string
}{
	"nil":                     {nil, "option 1 is nil"},
	"no client":               {outgoing.WithHTTPClient(nil), "the client is nil"},
	"no token source":         {outgoing.WithTokenSource(nil), "the function is nil"},
	"no logger":               {outgoing.WithLogger(nil), "the logger is nil"},
	"concurrency 0":           {outgoing.WithConcurrency(0), "concurrency 0"},
	"concurrency -1":          {outgoing.WithConcurrency(math.MinInt), "concurrency -"},
	"timeout 0":               {outgoing.WithAttemptTimeout(0), "attempt timeout"},
	"timeout -1":              {outgoing.WithAttemptTimeout(-time.Second), "attempt timeout -1s"},
	"retry attempts":          {outgoing.WithRetry(outgoing.Retry{MaxAttempts: -1}), "negative"},
	"retry initial":           {outgoing.WithRetry(outgoing.Retry{InitialInterval: -1}), "negative"},
	"retry max":               {outgoing.WithRetry(outgoing.Retry{MaxInterval: -1}), "negative"},
	"retry elapsed":           {outgoing.WithRetry(outgoing.Retry{MaxElapsed: -1}), "negative"},
	"user agent empty":        {outgoing.WithUserAgent(""), "user agent"},
	"user agent of two lines": {outgoing.WithUserAgent("a\r\nX-B: c"), "user agent"},
	"header name empty":       {outgoing.WithHeader("", "a"), "not a valid name"},
	"header name with colon":  {outgoing.WithHeader("X-A:", "a"), "not a valid name"},
	"header name with blank":  {outgoing.WithHeader("X A", "a"), "not a valid name"},
	"header name of 2 lines":  {outgoing.WithHeader("X-A\r\nX-B", "a"), "not a valid name"},
	"header name, Polish":     {outgoing.WithHeader("Nagłówek", "a"), "not a valid name"},
	"header name, long":       {outgoing.WithHeader(strings.Repeat("\n", 9999), "a"), "not a valid name"},
	"header value":            {outgoing.WithHeader("X-A", "a\nb"), "X-A"},
	"header value NUL":        {outgoing.WithHeader("X-A", "\x00"), "X-A"},
}

func TestInvalidOptionsOfNewAreRefused(t *testing.T) {
	for name, tt := range invalidOptions {
		t.Run(name, func(t *testing.T) {
			client, err := outgoing.New(testToken, tt.opt)
			assertInvalid(t, err, tt.says)
			assert.Nil(t, client)
			assertSecret(t, testToken, err)
		})
	}
}

func TestInvalidOptionsOfCallsAreRefused(t *testing.T) {
	for name, says := range map[string]string{"WithBaseURL": "belongs to New", "WithHTTPClient": "belongs to New", "WithTokenSource": "belongs to New"} {
		invalidOptions[name+" in a call"] = struct {
			opt  outgoing.Option
			says string
		}{map[string]outgoing.Option{
			"WithBaseURL":     outgoing.WithBaseURL(outgoing.SandboxURL),
			"WithHTTPClient":  outgoing.WithHTTPClient(&http.Client{}),
			"WithTokenSource": outgoing.WithTokenSource(func(context.Context) (string, error) { return testToken, nil }),
		}[name], says}
		defer delete(invalidOptions, name+" in a call")
	}
	var requests atomic.Int64
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { requests.Add(1); return answer(200, "[]"), nil }))
	for name, tt := range invalidOptions {
		t.Run(name, func(t *testing.T) {
			if name == "no client" || name == "no token source" {
				tt.says = "belongs to New"
			}
			_, err := client.GetByIDs(t.Context(), nil, tt.opt)
			assertInvalid(t, err, tt.says)
			result, err := client.CancelScheduled(t.Context(), ids(2), tt.opt)
			assertInvalid(t, err, tt.says)
			assert.Zero(t, result)
			_, err = client.List(t.Context(), outgoing.PageRequest{}, tt.opt)
			assertInvalid(t, err, tt.says)
			yields := 0
			for m, err := range client.All(t.Context(), tt.opt) {
				assertInvalid(t, err, tt.says)
				assert.Zero(t, m)
				yields++
			}
			for _, err := range client.StreamByIDs(t.Context(), func(func(int64) bool) { t.Error("asked for IDs") }, tt.opt) {
				assertInvalid(t, err, tt.says)
				yields++
			}
			assert.Equal(t, 2, yields)
		})
	}
	assert.Zero(t, requests.Load())
}

func TestInvalidIDsAndIteratorsAreRefusedUnsent(t *testing.T) {
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { t.Error("sent"); return answer(200, "[]"), nil }))
	for _, id := range []int64{0, -1, math.MinInt64} {
		_, err := client.GetByIDs(t.Context(), append(ids(99), id))
		assertInvalid(t, err, "message ID")
		_, err = client.CancelScheduled(t.Context(), append(ids(99), id))
		assertInvalid(t, err, "message ID")
	}
	for _, err := range client.StreamByIDs(t.Context(), nil) {
		assertInvalid(t, err, "iterator")
	}
}

func TestS2_ABaseURLIsKeptOrRefused(t *testing.T) {
	good := map[string]string{
		outgoing.ProductionURL:         "https://api.szybkisms.pl/rest/messages",
		outgoing.SandboxURL:            "https://api.szybkisms.pl/rest-sandbox/messages",
		"https://h":                    "https://h/messages",
		"https://h///":                 "https://h/messages",
		"HTTPS://H:8443/a/b/":          "https://h:8443/a/b/messages",
		"https://h//other.test":        "https://h//other.test/messages",
		"https://h/a%2Fb%3Fc":          "https://h/a%2Fb%3Fc/messages",
		"https://H/A%2FB":              "https://h/A%2FB/messages",
		"http://localhost:8080/rest":   "http://localhost:8080/rest/messages",
		"http://LOCALHOST":             "http://localhost/messages",
		"http://127.0.0.1":             "http://127.0.0.1/messages",
		"http://127.8.9.10:1":          "http://127.8.9.10:1/messages",
		"http://[::1]:80/":             "http://[::1]:80/messages",
		"http://[::ffff:127.0.0.1]:80": "http://[::ffff:127.0.0.1]:80/messages",
	}
	for base, want := range good {
		var got string
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) { got = r.URL.String(); return answer(200, "[]"), nil }), outgoing.WithBaseURL(base))
		_, err := client.List(t.Context(), outgoing.PageRequest{})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		_, err = client.GetByIDs(t.Context(), []int64{7, 8})
		require.NoError(t, err)
		assert.Equal(t, want+"/7,8", got)
	}
	bad := map[string]string{
		"": "https://", "h": "https://", "/rest": "https://", "//h/rest": "https://", "https://": "no host", "https:///rest": "no host", "https:h": "no host",
		"https://:443": "no host", "ftp://h": "https://", "file:///etc/passwd": "https://", "javascript:alert(1)": "https://", "unix:/run/x": "https://",
		"http://h": "https://", "http://10.0.0.1": "https://", "http://0.0.0.0": "https://", "http://localhost.example.test": "https://",
		"http://127.0.0.1.example.test": "https://", "http://[::]": "https://", "http://127.1": "https://",
		"https://me:hunter2@h": "user", "https://hunter2@h": "user", "https://@h": "user", "http://localhost:hunter2@h": "user",
		"https://h?hunter2": "query", "https://h/?": "query", "https://h#hunter2": "fragment", "https://h/#": "fragment",
		"https://h:hunter2": "not a URL", "https://h/\n": "not a URL", " https://h": "not a URL", "https://h h": "not a URL", "https://%zz": "not a URL", "https://[::1": "not a URL",
	}
	for base, says := range bad {
		_, err := outgoing.New(testToken, outgoing.WithBaseURL(base))
		assertInvalid(t, err, says)
		assert.NotContains(t, err.Error(), "hunter2", base)
	}
}

var badTokens = map[string]string{
	"": "empty", "\n": "newline", "abcdefghi\n": "newline", "abcdefghi\r\n": "newline", "abcdefghi\r": "newline",
	"abcde fghi": "space", " abcdefghi": "space", "abcdefghi ": "space", "abcde\tfghi": "space", "abcde\nfghi": "control", "abcde\x00fghi": "control",
	"abcdefghi\x7f": "control", "zażółćgęś": "non-ASCII", "abcdefghi\xff": "non-ASCII", "\ufeffabcdefghi": "non-ASCII", "abcd\u00a0efghi": "non-ASCII",
}

func TestS4_TokensThatCannotBeSent(t *testing.T) {
	for token, says := range badTokens {
		client, err := outgoing.New(token)
		assertInvalid(t, err, says)
		assert.Nil(t, client)
		if trimmed := strings.TrimSpace(token); trimmed != "" {
			assertSecret(t, trimmed, err)
		}

		client, err = outgoing.New("", outgoing.WithTokenSource(func(context.Context) (string, error) { return token, nil }),
			outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { t.Error("sent"); return answer(200, "[]"), nil })}))
		require.NoError(t, err)
		result, err := client.CancelScheduled(t.Context(), ids(2))
		assertLine(t, err)
		require.ErrorContains(t, err, says)
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.Equal(t, ids(2), result.IDs(outgoing.NotSent))
		if trimmed := strings.TrimSpace(token); trimmed != "" {
			assertSecret(t, trimmed, err)
		}
	}
	_, err := outgoing.New(testToken, outgoing.WithTokenSource(func(context.Context) (string, error) { return testToken, nil }))
	assertInvalid(t, err, "both given")
	assertSecret(t, testToken, err)
}

func TestOptionsOfACallHoldOnlyForThatCall(t *testing.T) {
	var got http.Header
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) { got = r.Header; return answer(200, "[]"), nil }),
		outgoing.WithHeader("x-a", "client"), outgoing.WithUserAgent("client/1"))
	call := func(opts ...outgoing.Option) http.Header {
		_, err := client.List(t.Context(), outgoing.PageRequest{}, opts...)
		require.NoError(t, err)
		return got
	}
	in := call(outgoing.WithHeader("X-A", "call"), outgoing.WithHeader("X-B", "żółw"), outgoing.WithUserAgent("call/2"))
	assert.Equal(t, []string{"call"}, in["X-A"])
	assert.Equal(t, []string{"żółw"}, in["X-B"])
	assert.Equal(t, "call/2", in.Get("User-Agent"))
	after := call()
	assert.Equal(t, []string{"client"}, after["X-A"])
	assert.NotContains(t, after, "X-B")
	assert.Equal(t, "client/1", after.Get("User-Agent"))
}

func TestAConcurrencyThatNoOneCanMeanIsRefused(t *testing.T) {
	for _, n := range []int{1<<16 + 1, math.MaxInt32, math.MaxInt, 0, -1, math.MinInt} {
		_, err := outgoing.New(testToken, outgoing.WithConcurrency(n))
		assertInvalid(t, err, fmt.Sprintf("concurrency %d", n))
	}
}

func TestW6_AHighConcurrencyTakesNoMoreThanTheWork(t *testing.T) {
	client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) { return answer(http.StatusOK, rowsFor(req)), nil }), outgoing.WithConcurrency(1<<16))
	var got []int64
	for m, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(120), Until: func(outgoing.Message) bool { return true }}) {
		require.NoError(t, err)
		got = append(got, m.ID)
	}
	assert.Len(t, got, 120)
}

func TestOddOptionsThatAreFine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) }))
	defer server.Close()
	client, err := outgoing.New("~", outgoing.WithBaseURL(server.URL), outgoing.WithConcurrency(1<<16), outgoing.WithAttemptTimeout(math.MaxInt64),
		outgoing.WithHeader("X-Empty", ""), outgoing.WithHeader("X-Tab", "a\tb"), outgoing.WithUserAgent("żółw"),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: math.MaxInt, InitialInterval: math.MaxInt64, MaxInterval: 1, MaxElapsed: math.MaxInt64}))
	require.NoError(t, err)
	result, err := client.GetByIDs(t.Context(), ids(120))
	require.NoError(t, err)
	assert.Equal(t, ids(120), result.Missing)
	cancelled, err := client.CancelScheduled(t.Context(), []int64{math.MaxInt64})
	require.Error(t, err)
	assert.Equal(t, []int64{math.MaxInt64}, cancelled.IDs(outgoing.Unknown))
}
