package outgoing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// oddToken has all that encoders write in another way.
const oddToken = `t0ken+/==%2F&amp;"'<>\` + "`~!#$^*()_{}[]|:;,.?@-Z"

func TestS1_AnEchoingGatewayIsNotEchoed(t *testing.T) {
	t.Parallel()
	const inBody = `{"type":"X","title":"X","detail":"bearer X.","code":"X","instance":"/X","status":400}`
	bodies := []struct{ name, body string }{
		{"problem", inBody},
		{"text", "you sent X X"},
		{"one row", `[{"id":1,"sent_date":"X"},{"id":2,"parts":"X"},{"id":"X"}]`},
		{"no JSON", `[{"id":1,"parts":X}]`},
		{"bad member", `[{"id":1,"X":1},{"id":2,"status":"X"},{"X":X}]`},
		{"bad names", `[{"id":1,"price":"X","X":{"a":1}},{"X":null}]`},
		{"row", `[{"id":1,"status":400,"error":` + inBody + `},{"id":2,"status":400,"error":` + inBody + `}]`},
		{"odd row", `[{"id":1,"status":"400","error":` + inBody + `},{"id":2,"status":[],"error":` + inBody + `}]`},
		{"object", `{"X":"X"}`},
		{"broken", `[{"id":1,"status":400,"error":{"title":"X"}},{"id":2,"sta`},
	}
	tokens := []string{testToken, oddToken}
	if full() {
		tokens = append(tokens, "8letters", strings.Repeat("Long/", 200))
	}
	for _, token := range tokens {
		for i, spelling := range spell(token) {
			if slices.Contains(spell(token)[:i], spelling) || i > 0 && token == testToken && !full() {
				continue
			}
			echo := strings.NewReplacer("X", spelling)
			for j, echoed := range bodies {
				statuses := []int{200, 400}
				switch {
				case i == 0 && (j < 2 || full()):
					statuses = append(statuses, 302, 404, 429)
				case i > 0 && (i+j)%raced(5, sized(2, 1)) > 0:
					continue
				}
				t.Run(fmt.Sprintf("%.8s %d %s", token, i, echoed.name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						for _, status := range statuses {
							client, log := tokenClient(t, token, roundTrip(func(r *http.Request) (*http.Response, error) {
								require.Equal(t, []string{"Bearer " + token}, r.Header["Authorization"])
								res := answer(status, echo.Replace(echoed.body), "Content-Type", "application/problem+json",
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
	t.Parallel()
	const limit = 64 << 10
	rest, mark := strings.Repeat("b", 50<<10), "[redacted]"
	cuts := 6
	if full() {
		cuts = 64
	}
	for _, spelling := range append(spell(oddToken), strings.Repeat(oddToken, 200)) {
		for at := limit - len(spelling) - 11; at <= limit+1; at += 1 + len(spelling)/cuts {
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

func TestTheWalkFindsWhatIsHidden(t *testing.T) {
	type inner struct{ secret any }
	type outer struct {
		private map[string][]*inner
		self    *outer
	}
	o := &outer{private: map[string][]*inner{"a": {nil, {secret: []byte("a token b")[:1]}}}}
	o.self = o
	assert.Equal(t, "(*(*it).private[a][1]).secret", find(o, "token"))
	assert.Empty(t, find(o, "other"))
	assert.NotEmpty(t, find(map[string]int{"a token": 1}, "token"))
	assert.NotEmpty(t, find(fmt.Errorf("x: %w", &url.Error{Op: "token"}), "token"))
}

// tokens are given out in turn.
func tokens(all ...string) func(context.Context) (string, error) {
	var mu sync.Mutex
	n := 0
	return func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		return all[min(n, len(all))-1], nil
	}
}

func TestS1_ATokenThatWasReplacedBetweenTwoAttemptsIsNotEchoedEither(t *testing.T) {
	const old, longer, last = "old-token-0123", "old-token-0123456789", "new-token-abcdef"
	for name, seen := range map[string][]string{
		"replaced": {old, last},
		"twice":    {old, longer, last},
		"longer":   {old, longer},
		"shorter":  {longer, old},
		"again":    {old, old, last},
	} {
		echo := strings.Join(seen, " ")
		for kind, final := range map[string]roundTrip{
			"problem": func(*http.Request) (*http.Response, error) {
				return answer(400, `{"title":"`+echo+`"}`, "X-Echo", echo, "Content-Type", "application/problem+json"), nil
			},
			"row": func(*http.Request) (*http.Response, error) {
				return answer(200, `[{"id":1,"status":400,"error":{"title":"`+echo+`"}},{"id":2,"status":"`+echo+`"}]`), nil
			},
			"error": fails(errors.New("lost: " + echo)),
			"body": func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Body: failingBody{errors.New(echo)}}, nil
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				answers := make([]roundTrip, len(seen)-1, len(seen))
				for i := range answers {
					answers[i] = status(503)
				}
				client, err := outgoing.New("", outgoing.WithTokenSource(tokens(seen...)),
					outgoing.WithHTTPClient(&http.Client{Transport: inTurn(append(answers, final)...)}),
					outgoing.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))),
					outgoing.WithRetry(outgoing.Retry{MaxAttempts: len(seen)}))
				require.NoError(t, err)
				got, err := client.CancelScheduled(t.Context(), ids(2))
				require.Error(t, err)
				for _, token := range seen {
					assertSecret(t, token, got, err, log.String())
				}
				assert.Empty(t, find([]any{got, err, log.String()}, "456789"), "%s, %s: nor the end of the longer one", name, kind)
			})
		}
	}
}
