package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestWithoutATokenItSaysWhatToSet(t *testing.T) {
	for _, variable := range []string{"HOME=/", "GATEWAY_API_BEARER="} {
		for _, args := range [][]string{{"get", "1"}, {"cancel", "1", "--yes"}, {"list"}} {
			cmd := command(t, args...)
			cmd.Env = []string{variable}
			got := finish(t, cmd)
			assert.Equal(t, 1, got.status)
			assert.Equal(t, "outgoing: no token: GATEWAY_API_BEARER is not set, or empty; set it, or name a file that holds the token "+
				"with --token-file; to try things out, --demo needs none\n", got.stderr)
			assert.Empty(t, got.stdout)
		}
	}
}

func TestATokenFileComesBeforeTheEnvironment(t *testing.T) {
	for _, content := range []string{"from-a-file", "from-a-file\n", "from-a-file\r\n", "from-a-file\n\n", "\ufefffrom-a-file\r\n"} {
		gateway, url := serveDouble(t, 1, outgoingtest.WithToken("from-a-file"))
		got := outgoing(t, "list", url, "--token-file", file(t, content))
		assert.Equal(t, 0, got.status, got.stderr)
		assert.Equal(t, "Bearer from-a-file", gateway.Requests()[0].Header.Get("Authorization"))
	}
}

func TestATokenThatCannotBeOneIsNotRepeated(t *testing.T) {
	for content, want := range map[string]string{
		token + "\n" + token:           "has 2 lines",
		token + " " + token:            "a space",
		"":                             "is empty",
		"\ufeff":                       "is empty",
		inUTF16(token, 0):              "is encoded in UTF-16",
		inUTF16(token, 1):              "is encoded in UTF-16",
		"\xff\xfe" + inUTF16(token, 0): "is encoded in UTF-16",
		"\xfe\xff" + inUTF16(token, 1): "is encoded in UTF-16",
	} {
		gateway, url := serveDouble(t, 1)
		got := outgoing(t, "get", "1", url, "--token-file", file(t, content))
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.stderr, want)
		assert.Empty(t, gateway.Requests())
	}
}

func TestATokenFileWithoutEndIsRefused(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("no /dev/zero here")
	}
	got := outgoing(t, "list", "--base-url=http://127.0.0.1:1/rest", "--token-file=/dev/zero")
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stderr, "/dev/zero has more than")
}

// inUTF16 returns an ASCII text in UTF-16, with the zero bytes after (0) or before (1) the others.
func inUTF16(text string, before int) string {
	encoded := make([]byte, 2*len(text))
	for i := range len(text) {
		encoded[2*i+before] = text[i]
	}
	return string(encoded)
}

func TestARefusedTokenEndsTheWork(t *testing.T) {
	gateway, url := serveDouble(t, 200, outgoingtest.WithToken("another"))
	ids := file(t, sequence(43456, 200))

	got := outgoing(t, "get", url, "--concurrency=1", "--verbose", "--file", ids)
	assert.Equal(t, 2, got.status)
	assert.Len(t, lines(got.stdout), 1+200)
	assert.Contains(t, got.stdout, "43655       not sent: ")
	assert.Contains(t, got.stderr, "401 Unauthorized")
	assert.Contains(t, got.stderr, "not sent: 43506, ")
	assert.Contains(t, got.stderr, " and 140 more\n  ")
	assert.Len(t, gateway.Requests(), 1)

	got = outgoing(t, "cancel", url, "--yes", "--concurrency=1", "--verbose", "--format=csv", "--file", ids)
	assert.Equal(t, 2, got.status)
	assert.Len(t, lines(got.stdout), 1+200)
	assert.Contains(t, got.stderr, "0 cancelled, 0 rejected, 0 unknown, 200 not sent")
	assert.Contains(t, got.stdout, "43655,not sent,,,\"stopped: DELETE /messages/{ids}: 401 Unauthorized")
	assert.Len(t, gateway.Requests(), 2)

	path := file(t, token)
	for _, args := range [][]string{{"get", "1"}, {"cancel", "--yes", "1"}, {"list"}, {"list", "--all"}} {
		assert.Contains(t, outgoing(t, append(args, url)...).stderr, "; check GATEWAY_API_BEARER\n")
		assert.Contains(t, outgoing(t, append(args, url, "--token-file", path)...).stderr, "; check "+path+"\n")
	}

	for _, args := range [][]string{{"get", "1"}, {"cancel", "--yes", "1"}, {"list"}, {"list", "--all"}} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			gateway.Inject(outgoingtest.Fault{Status: status})
			got := outgoing(t, append(args, url)...)
			assert.Equal(t, 2, got.status, "%v: the gateway was asked, and settled nothing", args)
			assert.Contains(t, got.stdout+got.stderr, strconv.Itoa(status)+" "+http.StatusText(status))
		}
	}
}

func TestAnEchoedTokenIsNotShown(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	echo := `{"title":"what is ` + token + `","status":400}`
	gateway.Inject(outgoingtest.Fault{Times: -1, Status: http.StatusBadRequest, Body: &echo, Header: http.Header{"X-Success-Count": {token}}})
	for _, args := range [][]string{{"get", "43456"}, {"cancel", "43463", "--yes"}, {"list"}, {"list", "--all"}} {
		got := outgoing(t, append(args, url, "--verbose")...)
		assert.NotEqual(t, 0, got.status)
		assert.Contains(t, got.stdout+got.stderr, "[redacted]")
	}
}

func TestVerboseLogsRetriesAndNoPhoneNumber(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	gateway.Inject(outgoingtest.Fault{Status: http.StatusBadGateway})
	got := outgoing(t, "get", url, "--verbose", "43456")
	assert.Equal(t, 0, got.status)
	assert.Contains(t, got.stderr, "status=502")
	assert.NotContains(t, got.stderr, "+48")
	assert.NotContains(t, got.stderr, "Przychodnia")
	assert.Contains(t, got.stderr, "1 found, 0 missing, 0 not settled, 0 not sent (1 request, 2 attempts)\n")
}

func TestS2_TheTokenDoesNotReachAProxyInTheClear(t *testing.T) {
	var seen atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer proxy.Close()
	_, url := serveDouble(t, 1)
	for _, host := range []string{"127.0.0.1", "LOCALHOST"} {
		cmd := command(t, "get", strings.Replace(url, "127.0.0.1", host, 1), "43456")
		cmd.Env = append(cmd.Env, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL)
		require.NoError(t, cmd.Run(), host)
	}
	assert.Zero(t, seen.Load())
}
