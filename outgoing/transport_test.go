package outgoing_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// loopback are ways to write the host of a loopback URL.
var loopback = []string{"localhost", "LOCALHOST", "LocalHost", "127.0.0.1", "127.7.7.7", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"}

const baseURLsOfChild = "OUTGOING_TEST_BASE_URL"

// net/http reads the environment once, so each URL is asked for by another process.
func TestS2_PlainHTTPGoesThroughNoProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	if baseURLs := os.Getenv(baseURLsOfChild); baseURLs != "" {
		for baseURL := range strings.FieldsSeq(baseURLs) {
			client, err := outgoing.New(testToken, outgoing.WithBaseURL(baseURL), once)
			require.NoError(t, err)
			_, err = client.GetByIDs(t.Context(), ids(1)) // no one listens there
			fmt.Println(err)
		}
		return
	}
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	defer proxy.Close()
	ask := func(baseURLs ...string) {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), baseURLsOfChild+"="+strings.Join(baseURLs, " "),
			"HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=")
		out, _ := child.CombinedOutput() // a connection to the proxy would be a leak, which fails there too
		require.Equal(t, len(baseURLs), strings.Count(string(out), "GET /messages/{ids}: "), "%s", out)
	}
	var plain []string
	for _, host := range loopback {
		plain = append(plain, "http://"+host+":1/rest")
	}
	ask(plain...)
	assert.Zero(t, proxied.Load(), "the token went to the proxy")
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

// elsewhere is a second server, where nothing must arrive.
func elsewhere(t *testing.T) (url string) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = io.WriteString(w, "[]")
	}))
	t.Cleanup(func() {
		server.Close()
		assert.Zero(t, requests.Load(), "the second server was asked")
	})
	return server.URL
}

func TestS3_ARedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, where := range []string{"same", "other"} {
			t.Run(fmt.Sprint(status, " ", where), func(t *testing.T) {
				target := elsewhere(t)
				var methods []string
				first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					methods = append(methods, r.Method+" "+r.URL.Path)
					if where == "same" {
						target = "/rest/elsewhere"
					}
					w.Header().Set("Location", target+"?token="+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
					w.WriteHeader(status)
				}))
				defer first.Close()
				hc := &http.Client{Transport: first.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
				client, err := outgoing.New(testToken, outgoing.WithBaseURL(first.URL+"/rest"), outgoing.WithHTTPClient(hc))
				require.NoError(t, err)
				all := use(t, client)
				assertSecret(t, testToken, all...)
				assert.Equal(t, []string{"GET /rest/messages/1,2", "DELETE /rest/messages/1,2", "GET /rest/messages/1,2", "GET /rest/messages", "GET /rest/messages", "GET /rest/messages/7"}, methods)
				for _, v := range all {
					if err, ok := v.(error); ok && err != nil {
						require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
						require.ErrorContains(t, err, "redirects are not followed")
					}
				}
			})
		}
	}
}

func TestS3_ACallersHTTPClientStaysAsItWas(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") }))
	defer server.Close()
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "x"}, MaxIdleConnsPerHost: 3}
	defer transport.CloseIdleConnections()
	for _, hc := range []*http.Client{{}, {Transport: transport}, {Transport: transport, Jar: jar, Timeout: time.Minute}} {
		before := *hc
		client, err := outgoing.New(testToken, outgoing.WithBaseURL(server.URL), outgoing.WithHTTPClient(hc))
		require.NoError(t, err)
		use(t, client)
		assert.Equal(t, before, *hc)
		assert.EqualValues(t, tls.VersionTLS13, transport.TLSClientConfig.MinVersion)
		assert.Equal(t, "x", transport.TLSClientConfig.ServerName)
		assert.Equal(t, 3, transport.MaxIdleConnsPerHost)
		assert.Nil(t, hc.CheckRedirect)
	}
	assert.Nil(t, http.DefaultClient.Transport)
	assert.Nil(t, http.DefaultClient.CheckRedirect)
}

func TestS5_AServerWithoutTLS12IsRefused(t *testing.T) {
	for version, refused := range map[uint16]bool{tls.VersionTLS11: true, tls.VersionTLS12: false, tls.VersionTLS13: false} {
		var requests atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.StartTLS()
		client, err := outgoing.New(testToken, outgoing.WithBaseURL(server.URL))
		require.NoError(t, err)
		_, err = client.List(t.Context(), outgoing.PageRequest{})
		assertLine(t, err)
		require.ErrorIs(t, err, outgoing.ErrNotSent, "the certificate is not trusted, or the version is too old")
		assert.Equal(t, refused, strings.Contains(err.Error(), "protocol version"), "%v", err)
		assert.Zero(t, requests.Load())
		server.Close()
	}
}

func TestS6_LogsCarryNoRecipientAndNoBody(t *testing.T) {
	for _, status := range []int{200, 400, 404, 429, 500} {
		for _, body := range []string{
			`[{"id":1,"recipient":"+48111222333","cid":"MARK","status":204},{"id":9,"recipient":"+48111222333"},{"id":2,"recipient":["+48111222333"],"cid":"MARK"},"MARK"]`,
			`{"title":"MARK +48111222333","detail":"MARK"}`,
			"MARK +48111222333",
		} {
			synctest.Test(t, func(t *testing.T) {
				client, log := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) {
					return answer(status, body, "X-Total-Results", "MARK", "Link", "<MARK>; rel=next", "X-Success-Count", "MARK", "Retry-After", "MARK"), nil
				}))
				use(t, client)
				assert.NotContains(t, log.String(), "48111222333")
				assert.NotContains(t, log.String(), "MARK")
				assertSecret(t, testToken, log.String())
			})
		}
	}
}

// What is wrong with an answer may be said; the answer itself may be anything, and is not repeated.
func TestS6_BytesThatNetHTTPQuotesAreNotRepeated(t *testing.T) {
	const phone = "+48111222333"
	for name, raw := range map[string]string{
		"not HTTP":             phone + "\r\n\r\n",
		"not HTTP, quotes":     `"` + phone + `\" "` + phone + "\r\n\r\n",
		"status code":          "HTTP/1.1 " + phone + " OK\r\n\r\n",
		"status code, short":   "HTTP/1.1 2" + phone + "\r\n\r\n",
		"version":              "HTTP/" + phone + " 200 OK\r\n\r\n",
		"header line":          wire("200 OK", "[]", phone),
		"header name":          wire("200 OK", "[]", "recipient "+phone+": x"),
		"first header line":    "HTTP/1.1 200 OK\r\n " + phone + "\r\n\r\n",
		"length":               wire("200 OK", "[]", "Content-Length: "+phone+"x"),
		"two lengths":          wire("200 OK", "[]", "Content-Length: 1", "Content-Length: "+phone),
		"transfer encoding":    wire("200 OK", "[]", "Transfer-Encoding: "+phone),
		"transfer encodings":   wire("200 OK", "[]", "Transfer-Encoding: "+phone, "Transfer-Encoding: "+phone),
		"trailer of a 200":     wire("200 OK", "2\r\n[]\r\n0\r\n"+phone+"\r\n\r\n", "Transfer-Encoding: chunked"),
		"trailer of an error":  wire("400 Bad Request", "0\r\n"+phone+"\r\n\r\n", "Transfer-Encoding: chunked"),
		"chunk of a 200":       wire("200 OK", phone+"\r\n[]\r\n", "Transfer-Encoding: chunked"),
		"forbidden trailer":    wire("200 OK", "0\r\n\r\n", "Transfer-Encoding: chunked", "Trailer: Content-Length", "X: "+phone),
		"trailer of no length": wire("200 OK", "[]", "Trailer: Content-Length, "+phone),
	} {
		t.Run(name, func(t *testing.T) {
			baseURL, _ := serveRaw(t, false, func(*http.Request) string { return raw })
			var log bytes.Buffer
			client := rawClient(t, baseURL, outgoing.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
			for op, call := range operations(t, client) {
				err := call()
				assert.NotContains(t, log.String(), phone[1:], op)
				if err != nil {
					assert.NotContains(t, err.Error(), phone[1:], op)
				}
				if apiErr, answered := errors.AsType[*outgoing.APIError](err); !answered {
					assert.Empty(t, find(err, phone[1:]), "%s: %v", op, err)
				} else {
					assert.NotContains(t, apiErr.Error(), phone[1:], op)
				}
			}
		})
	}
}

func TestS6_AnErrorWithoutWhatItQuotesIsStillTheSame(t *testing.T) {
	for _, test := range []struct {
		err  error
		text string
	}{
		{fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", fmt.Errorf("malformed HTTP response %q", `MARK"\MARK`)), `malformed HTTP response "..."`},
		{fmt.Errorf(`http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=%q`, "MARK\x00\n\""), `debug="..."`},
		{fmt.Errorf(`http: message cannot contain multiple Content-Length headers; got %q`, []string{"MARK", "MARK"}), `got ["..." "..."]`},
		{fmt.Errorf(`Get "https://MARK/": %w`, io.ErrUnexpectedEOF), `Get "...": unexpected EOF`},
		{errors.New(`cut off: "MARK`), `cut off: "..."`},
		{fmt.Errorf(`read "MARK": %w`, syscall.ECONNRESET), `read "...": connection reset by peer`},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, log := tokenClient(t, testToken, fails(test.err))
			_, err := client.List(t.Context(), outgoing.PageRequest{})
			require.ErrorIs(t, err, test.err, "for those who know what they look for")
			require.ErrorIs(t, err, root(test.err))
			require.ErrorContains(t, err, test.text)
			assert.Empty(t, find(err, "MARK"))
			assert.NotContains(t, log.String(), "MARK")
		})
	}
}

func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

func TestACallersTransportMayReturnNothing(t *testing.T) {
	for name, transport := range map[string]roundTrip{
		"nothing":      func(*http.Request) (*http.Response, error) { return nil, nil }, //nolint:nilnil // what a broken one does
		"no body":      func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: http.StatusOK}, nil },
		"no status":    func(*http.Request) (*http.Response, error) { return &http.Response{Body: http.NoBody}, nil },
		"early status": func(*http.Request) (*http.Response, error) { return answer(103, "[]"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, transport, once, outgoing.WithLogger(slog.New(slog.DiscardHandler)))
			result, err := client.CancelScheduled(t.Context(), ids(2))
			assertLine(t, err)
			assert.Equal(t, ids(2), result.IDs(outgoing.Unknown))
			_, err = client.GetByIDs(t.Context(), ids(2))
			assert.Equal(t, ids(2), batchIDs(t, err))
			_, err = client.List(t.Context(), outgoing.PageRequest{})
			assertLine(t, err)
		})
	}
}
