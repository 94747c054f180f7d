package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// perMinute admits 100 requests in each minute, and tells when the next one begins in a header that is no Retry-After, or not
// at all.
type perMinute struct {
	http.RoundTripper
	announced bool

	mu     sync.Mutex
	minute int64
	used   int
}

func (g *perMinute) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := pause(req.Context(), 20*time.Millisecond); err != nil {
		return nil, err
	}
	g.mu.Lock()
	now := time.Now()
	if m := now.Unix() / 60; m != g.minute {
		g.minute, g.used = m, 0
	}
	g.used++
	away := g.used > 100
	g.mu.Unlock()
	switch {
	case !away:
		return g.RoundTripper.RoundTrip(req)
	case g.announced:
		return answer(429, "", "X-RateLimit-Reset", strconv.FormatInt((now.Unix()/60+1)*60, 10)), nil
	}
	return answer(429, ""), nil
}

func TestR1_ALimitThatOpensEachMinuteIsNoFailure(t *testing.T) {
	t.Parallel()
	n, concurrencies, announcements := 3_000, []int{4}, []bool{true}
	if full() {
		n, concurrencies, announcements = 10_000, []int{1, 4, 16}, []bool{true, false}
	}
	for _, announced := range announcements {
		for _, concurrency := range concurrencies {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				g.Add(outgoingtest.SampleMessages(n)...)
				client := newClient(t, &perMinute{RoundTripper: g.Transport(), announced: announced}, outgoing.WithConcurrency(concurrency))
				var all []int64
				for m, err := range client.All(t.Context()) {
					require.NoError(t, err)
					all = append(all, m.ID)
				}
				require.Len(t, all, n)
				result, err := client.GetByIDs(t.Context(), all)
				require.NoError(t, err)
				assert.Equal(t, all, messageIDs(result.Messages))
				cancelled, err := client.CancelScheduled(t.Context(), all)
				require.NoError(t, err)
				assert.Len(t, cancelled.Outcomes, n)
				assert.Empty(t, cancelled.IDs(outgoing.NotSent))
			})
		}
	}
}

func TestR1_MaxAttemptsThatIsSetBoundsRateLimitsToo(t *testing.T) {
	for attempts := 1; attempts <= 6; attempts++ {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, status(429), outgoing.WithRetry(outgoing.Retry{MaxAttempts: attempts}))
			result, err := client.GetByIDs(t.Context(), ids(1))
			require.ErrorIs(t, err, outgoing.ErrRateLimited)
			assert.Equal(t, attempts, result.Attempts)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		result, err := newClient(t, status(429)).GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		assert.Greater(t, result.Attempts, 4)
		assert.LessOrEqual(t, time.Since(start), 2*time.Minute, "MaxElapsed")
	})
}

func TestR1_RateLimitsLeaveOtherFailuresTheirAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, inTurn(status(429), status(429), status(502), status(429), status(502), status(429), status(502), status(429)))
		result, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		assert.Equal(t, 9, result.Attempts)
	})
}

func TestR1_AStatusOfACDNEndsNoHistory(t *testing.T) {
	for _, code := range []int{520, 521, 522, 523, 524, 525, 526, 527, 529, 530} {
		synctest.Test(t, func(t *testing.T) {
			g := outgoingtest.NewGateway()
			g.Add(outgoingtest.SampleMessages(300)...)
			n := 0
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if n++; n%3 == 2 {
					return answer(code, "<html>"), nil
				}
				return g.Transport().RoundTrip(req)
			}), outgoing.WithConcurrency(1))
			seen := 0
			for _, err := range client.All(t.Context()) {
				require.NoError(t, err)
				seen++
			}
			assert.Equal(t, 300, seen)
		})
	}
}

// refusingProxy answers each CONNECT with a status and a reason phrase.
func refusingProxy(t *testing.T, status string) (proxyURL string, connects *atomic.Int64) {
	t.Helper()
	baseURL, connects := serveRaw(t, false, func(*http.Request) string { return wire(status, "") })
	return strings.TrimSuffix(baseURL, "/rest"), connects
}

var quickly = outgoing.WithRetry(outgoing.Retry{InitialInterval: 1})

func TestR1_AProxyThatRefusesIsNamedAndNotAskedAgain(t *testing.T) {
	for status, want := range map[string]int64{"403 Forbidden": 1, "407 Proxy Authentication Required": 1, "502 Bad Gateway": 4, "503 Service Unavailable": 4} {
		t.Run(status, func(t *testing.T) {
			proxyURL, connects := refusingProxy(t, status)
			proxy, err := url.Parse(proxyURL)
			require.NoError(t, err)
			transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
			defer transport.CloseIdleConnections()
			result, err := newClient(t, transport, outgoing.WithBaseURL("https://gateway.example/rest"), quickly).CancelScheduled(t.Context(), ids(1))
			require.ErrorContains(t, err, "proxy")
			require.ErrorContains(t, err, status[:3])
			assert.Equal(t, ids(1), result.IDs(outgoing.NotSent))
			assert.Equal(t, want, connects.Load())
		})
	}
}

const proxiedChild = "OUTGOING_TEST_PROXIED"

// net/http reads the environment once, so the default transport is asked in another process.
func TestR1_AProxyOfTheEnvironmentThatRefusesIsNamedWithoutItsWords(t *testing.T) {
	t.Parallel()
	if os.Getenv(proxiedChild) != "" {
		client, err := outgoing.New(testToken, outgoing.WithBaseURL("https://gateway.example/rest"), quickly)
		require.NoError(t, err)
		_, err = client.GetByIDs(context.Background(), ids(1))
		fmt.Println(err)
		return
	}
	for status, want := range map[string]int64{"403 Nope \x1b[31m+48999999999": 1, "407 ": 1, "502 Odd": 4} {
		proxyURL, connects := refusingProxy(t, status)
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), proxiedChild+"=1", "HTTPS_PROXY="+proxyURL, "NO_PROXY=", "no_proxy=")
		out, _ := child.CombinedOutput()
		assert.Contains(t, string(out), "proxy", status)
		assert.Contains(t, string(out), status[:3])
		assert.NotContains(t, string(out), "Nope")
		assert.NotContains(t, string(out), "+48999999999")
		assert.Equal(t, want, connects.Load(), "%q: %s", status, out)
	}
}

func TestRetryAfterReturnsTheLongestWaitThatAnErrorHolds(t *testing.T) {
	api := func(d time.Duration) error { return &outgoing.APIError{StatusCode: 429, RetryAfter: d} }
	batch := func(errs ...error) error {
		b := new(outgoing.BatchError)
		for i, err := range errs {
			b.Failures = append(b.Failures, outgoing.Failure{IDs: []int64{int64(i + 1)}, Err: err})
		}
		return b
	}
	for name, test := range map[string]struct {
		err  error
		want time.Duration
	}{
		"nil":                     {nil, 0},
		"another error":           {errors.New("x"), 0},
		"an answer that says not": {api(0), 0},
		"an answer":               {api(7 * time.Second), 7 * time.Second},
		"a wrapped one":           {fmt.Errorf("call: %w", api(time.Second)), time.Second},
		"several":                 {batch(api(time.Second), errors.New("x"), api(time.Hour), api(0)), time.Hour},
		"joined":                  {errors.Join(errors.New("x"), batch(api(2*time.Second)), api(time.Second)), 2 * time.Second},
		"an empty batch":          {batch(), 0},
	} {
		wait, ok := outgoing.RetryAfter(test.err)
		assert.Equal(t, test.want, wait, name)
		assert.Equal(t, test.want > 0, ok, name)
	}
}

func TestRetryAfterReturnsWhatIsLeftOfAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, inTurn(status(429, "Retry-After", "240")))
		_, err := client.GetByIDs(t.Context(), ids(1))
		wait, ok := outgoing.RetryAfter(err)
		assert.True(t, ok)
		assert.Equal(t, 4*time.Minute, wait)
		time.Sleep(time.Minute)
		_, err = client.GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		wait, _ = outgoing.RetryAfter(err)
		assert.Equal(t, 3*time.Minute, wait, "and not the 4 minutes that another request was told a minute ago")
		time.Sleep(wait)
		_, err = client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err, "so a loop of one's own has one round for each hold")
	})
}

// A 429 without Retry-After holds the client back as well, and a loop of one's own has to know for how long.
func TestRetryAfterKnowsAHoldThatNoHeaderAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &perMinute{RoundTripper: inTurn()}
		client := newClient(t, g, outgoing.WithRetry(outgoing.Retry{MaxElapsed: time.Second, InitialInterval: 30 * time.Second, MaxInterval: time.Minute}), outgoing.WithConcurrency(1))
		rounds := 0
		_, err := client.GetByIDs(t.Context(), ids(150*50))
		for left := []int64(nil); err != nil; rounds++ {
			require.Less(t, rounds, 20)
			left = batchIDs(t, err)
			wait, ok := outgoing.RetryAfter(err)
			require.True(t, ok, "%v", err)
			time.Sleep(wait)
			_, err = client.GetByIDs(t.Context(), left)
		}
		assert.Positive(t, rounds)
	})
}
