package outgoing_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// oddToken has all that encoders write in another way.
const oddToken = `t0ken+/==%2F&amp;"'<>\` + "`~!#$^*()_{}[]|:;,.?@-Z"

// tokenClient is a client of its own token, with a log of everything.
func tokenClient(t testing.TB, token string, transport http.RoundTripper) (*outgoing.Client, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	client, err := outgoing.New(token,
		outgoing.WithHTTPClient(&http.Client{Transport: transport}),
		outgoing.WithLogger(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2, InitialInterval: 1, MaxElapsed: time.Minute}),
		outgoing.WithConcurrency(1))
	require.NoError(t, err)
	return client, log
}

// use calls everything, and returns all results and errors.
func use(t testing.TB, client *outgoing.Client) []any {
	t.Helper()
	got, err := client.GetByIDs(t.Context(), ids(2))
	all := []any{got, err}
	cancelled, err := client.CancelScheduled(t.Context(), ids(2))
	all = append(all, cancelled, err)
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	all = append(all, page, err)
	for m, err := range client.All(t.Context()) {
		all = append(all, m, err)
	}
	for got, err := range client.StreamByIDs(t.Context(), func(yield func(int64) bool) { yield(7) }) {
		all = append(all, got, err)
	}
	return all
}

func TestS1_AnEchoingGatewayIsNotEchoed(t *testing.T) {
	const inBody = `{"type":"X","title":"X","detail":"bearer X.","code":"X","instance":"/X","status":400}`
	bodies := map[string]string{
		"problem":    inBody,
		"text":       "you sent X X",
		"one row":    `[{"id":1,"sent_date":"X"},{"id":2,"parts":"X"},{"id":"X"}]`,
		"no JSON":    `[{"id":1,"parts":X}]`,
		"bad member": `[{"id":1,"X":1},{"id":2,"status":"X"},{"X":X}]`,
		"bad names":  `[{"id":1,"price":"X","X":{"a":1}},{"X":null}]`,
		"row":        `[{"id":1,"status":400,"error":` + inBody + `},{"id":2,"status":400,"error":` + inBody + `}]`,
		"odd row":    `[{"id":1,"status":"400","error":` + inBody + `},{"id":2,"status":[],"error":` + inBody + `}]`,
		"object":     `{"X":"X"}`,
		"broken":     `[{"id":1,"status":400,"error":{"title":"X"}},{"id":2,"sta`,
	}
	for _, token := range []string{testToken, oddToken, "8letters", strings.Repeat("Long/", 200)} {
		for i, spelling := range spell(token) {
			if slices.Contains(spell(token)[:i], spelling) {
				continue
			}
			echo := strings.NewReplacer("X", spelling)
			statuses := []int{200, 302, 400, 404, 429}
			if i > 0 {
				statuses = []int{200, 400}
			}
			for name, body := range bodies {
				t.Run(fmt.Sprintf("%.8s %d %s", token, i, name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						for _, status := range statuses {
							client, log := tokenClient(t, token, roundTrip(func(r *http.Request) (*http.Response, error) {
								require.Equal(t, []string{"Bearer " + token}, r.Header["Authorization"])
								res := answer(status, echo.Replace(body), "Content-Type", "application/problem+json",
									"Location", echo.Replace("/?X"), "X-Total-Results", spelling, "X-Sandbox", spelling,
									"Link", echo.Replace(`</X>; rel=next, <?a=X>; rel="prev"; title="X", <https://X.test/#X>; rel=last`))
								res.Header[echo.Replace("A-X-Name")] = []string{spelling}
								res.Status = fmt.Sprintf("%d %s", status, token)
								return res, nil
							}))
							assertSecret(t, token, append(use(t, client), log.String())...)
						}
					})
				})
			}
		}
	}
}

func TestS1_ABodyOfTokensIsNoLongerThanAnyOther(t *testing.T) {
	client, _ := tokenClient(t, "12345678", roundTrip(func(*http.Request) (*http.Response, error) {
		return answer(400, strings.Repeat("12345678", 9_000)), nil
	}))
	_, err := client.List(t.Context(), outgoing.PageRequest{})
	apiErr, ok := errors.AsType[*outgoing.APIError](err)
	require.True(t, ok)
	assert.LessOrEqual(t, len(apiErr.Body), 64<<10)
}

func TestS1_ATokenAcrossTheCutIsLeftOutAsAWhole(t *testing.T) {
	const limit = 64 << 10
	rest, mark := strings.Repeat("b", 50<<10), "[redacted]"
	for _, spelling := range append(spell(oddToken), strings.Repeat(oddToken, 200)) {
		for at := limit - len(spelling) - 11; at <= limit+1; at += 1 + len(spelling)/64 {
			body := strings.Repeat("a", max(at, 0)) + spelling + rest
			client, _ := tokenClient(t, oddToken, roundTrip(func(*http.Request) (*http.Response, error) { return answer(400, body), nil }))
			_, err := client.List(t.Context(), outgoing.PageRequest{})
			apiErr, ok := errors.AsType[*outgoing.APIError](err)
			require.True(t, ok)
			require.LessOrEqual(t, len(apiErr.Body), limit)
			kept := strings.TrimLeft(string(apiErr.Body), "a")
			for strings.HasPrefix(kept, mark) {
				kept = strings.TrimPrefix(kept, mark)
			}
			require.True(t, strings.HasPrefix(mark, kept) || strings.HasPrefix(rest, kept), "at %d: %.100q", at, kept)
		}
	}
}

func TestS1_MessageFieldsPassUnchanged(t *testing.T) {
	client, _ := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) {
		return answer(200, `[{"id":1,"cid":"`+testToken+`"}]`), nil
	}))
	result, err := client.GetByIDs(t.Context(), ids(1))
	require.NoError(t, err)
	assert.Equal(t, testToken, *result.Messages[0].CID)
}

func TestS1_ErrorsOfTheTransportAndOfTheTokenSource(t *testing.T) {
	long := strings.Repeat("x", 480) + testToken // a text that is cut inside of the token
	for name, failure := range map[string]error{
		"plain":   errors.New("dial with " + testToken),
		"cut":     errors.New(long),
		"wrapped": fmt.Errorf("x: %w", &transportError{header: http.Header{"Authorization": {"Bearer " + testToken}}}),
		"escaped": errors.New("https://h/?a=" + each(testToken, "%%%02x")),
	} {
		t.Run("transport "+name, func(t *testing.T) {
			client, log := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) { return nil, failure }))
			assertSecret(t, testToken, append(use(t, client), log.String())...)
		})
		t.Run("body "+name, func(t *testing.T) {
			for _, status := range []int{200, 400} {
				client, log := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Body: failingBody{failure}}, nil
				}))
				assertSecret(t, testToken, append(use(t, client), log.String())...)
			}
		})
		t.Run("token source "+name, func(t *testing.T) {
			client, err := outgoing.New("", outgoing.WithTokenSource(func(context.Context) (string, error) { return testToken, failure }))
			require.NoError(t, err)
			assertSecret(t, testToken, use(t, client)...)
		})
	}
}

func TestS1_AContextsErrorIsFoundInAnErrorThatHeldTheToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, _ := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, fmt.Errorf("%s: %w", testToken, context.Canceled)
	}))
	_, err := client.GetByIDs(ctx, ids(1))
	require.ErrorIs(t, err, context.Canceled)
	assertSecret(t, testToken, err)
}

type transportError struct{ header http.Header }

func (e *transportError) Error() string { return fmt.Sprint("failed with ", e.header) }

type failingBody struct{ err error }

func (b failingBody) Read([]byte) (int, error) { return 0, b.err }
func (b failingBody) Close() error             { return nil }

func TestS1_AClientPrintsWithoutItsToken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `[{"cid":%q}]`, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	client, err := outgoing.New(testToken, outgoing.WithBaseURL(server.URL))
	require.NoError(t, err)
	assert.Empty(t, find(client, testToken), "before it has connections, whose buffers hold what was sent")
	use(t, client)
	for _, format := range []string{"%v", "%+v", "%#v"} {
		assert.NotContains(t, fmt.Sprintf(format, client), testToken)
		assert.NotContains(t, fmt.Sprintf(format, *client), testToken)
	}
	for _, v := range []any{client, *client} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		assert.NotContains(t, string(text), testToken)
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
		require.ErrorIs(t, err, outgoing.ErrNotSent, "the certificate is nobody's, or the version is too old")
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

func TestS7_NoIdempotencyKeyIsEverSent(t *testing.T) {
	var sent []http.Header
	client, _ := tokenClient(t, testToken, roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.Header.Clone())
		return answer(503, ""), nil
	}))
	use(t, client)
	require.NotEmpty(t, sent)
	for _, header := range sent {
		for key := range header {
			assert.Contains(t, []string{"Accept", "Authorization", "User-Agent"}, key)
		}
	}
}

// A JSON pointer escapes the slash and shortens long names, so that no redactor would find a token in it.
func TestS1_ATokenAsTheNameOfAMemberIsNotInTheError(t *testing.T) {
	for _, token := range []string{"s3cret-token/abc+DEF==", strings.Repeat("0123456789abcdef", 4)} {
		for _, body := range []string{`[{"` + token + `": tru}]`, `[{"x` + strings.Repeat("y", 40) + token + `": {"a":}}]`, `[{"id":{"` + token + `":1}}]`} {
			client, err := outgoing.New(token, outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return answer(200, body), nil
			})}), once)
			require.NoError(t, err)
			_, err = client.GetByIDs(t.Context(), []int64{1})
			require.Error(t, err)
			for i := range len(token) - 12 {
				assert.NotContains(t, strings.ReplaceAll(err.Error(), "~1", "/"), token[i:i+12])
			}
		}
	}
}
