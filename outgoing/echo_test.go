package outgoing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

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
