package transport_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/retry"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// inTurn answers each request with the next of its answers; 0 drops the connection.
type inTurn struct {
	statuses []int
	tokens   []string // that came
}

func (s *inTurn) RoundTrip(req *http.Request) (*http.Response, error) {
	status := s.statuses[len(s.tokens)]
	s.tokens = append(s.tokens, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	if status == 0 {
		return nil, io.EOF
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("body"))}, nil
}

// do sends a request with this method, and returns the body of a 200.
func do(t *testing.T, through http.RoundTripper, method string, change func(*transport.Sender)) (string, transport.Trace, error) {
	t.Helper()
	sender := &transport.Sender{
		Client:         transport.NewClient(&http.Client{Transport: through}),
		Policy:         retry.Policy{MaxAttempts: 4, InitialInterval: time.Second, MaxInterval: time.Minute, MaxElapsed: time.Hour},
		AttemptTimeout: time.Minute,
		Header:         http.Header{"Accept": {"*/*"}},
		Token:          func(context.Context) (string, error) { return "a-token", nil },
		Logger:         slog.New(slog.DiscardHandler),
		Active:         t.Context(),
		WithAttempt:    func(ctx context.Context, _ transport.Request, _ int) context.Context { return ctx },
		NewError: func(_ transport.Request, r *transport.Reply, cause error) error {
			return errors.Join(errors.New(http.StatusText(r.Status)), cause)
		},
	}
	if change != nil {
		change(sender)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "https://gateway.test/messages", nil)
	require.NoError(t, err)
	body := ""
	trace, err := sender.Do(t.Context(), transport.Request{Request: req, Path: "/messages", IDs: []int64{43456, 43457}}, func(r *transport.Reply) error {
		body = string(r.Body)
		return nil
	})
	return body, trace, err
}

func TestR1_AnAttemptThatFailsIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, trace, err := do(t, &inTurn{statuses: []int{503, 0, 200}}, http.MethodGet, nil)
		require.NoError(t, err)
		assert.Equal(t, "body", body)
		assert.Equal(t, 3, trace.Attempts)
	})
}

func TestC2_ARefusalAfterADroppedConnectionProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, trace, err := do(t, &inTurn{statuses: []int{400}}, http.MethodDelete, nil)
		require.Error(t, err)
		assert.False(t, trace.MayHaveTakenEffect())
		assert.Equal(t, err, trace.Refusal)

		_, trace, err = do(t, &inTurn{statuses: []int{0, 400}}, http.MethodDelete, nil)
		require.Error(t, err)
		assert.True(t, trace.Ambiguous)
		assert.True(t, trace.MayHaveTakenEffect())
		assert.Equal(t, err, trace.Refusal)
		assert.True(t, trace.Answered)
	})
}

// another gives a new token each time.
func another() func(*transport.Sender) {
	asked := 0
	return func(c *transport.Sender) {
		c.Token = func(context.Context) (string, error) {
			asked++
			return strings.Repeat("token", asked), nil
		}
	}
}

func TestB6_ATokenThatIsReplacedTwiceDuringARequestCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &inTurn{statuses: []int{401, 401, 200}}
		body, trace, err := do(t, s, http.MethodGet, another())
		require.NoError(t, err)
		assert.Equal(t, "body", body)
		assert.Equal(t, 3, trace.Attempts)
		assert.Len(t, slices.Compact(s.tokens), 3)
	})
}

func TestB6_ANewTokenThatIsRefusedEachTimeEndsTheRequest(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		synctest.Test(t, func(t *testing.T) {
			s := &inTurn{statuses: slices.Repeat([]int{401}, 100)}
			_, trace, err := do(t, s, method, another())
			require.Error(t, err)
			assert.LessOrEqual(t, len(s.tokens), 4)
			assert.False(t, trace.TokenReplaced, "the last one was refused as well")
		})
	}
}

func TestC6_AReplacedTokenSendsNoSecondDeleteWithOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &inTurn{statuses: []int{401}}
		_, trace, err := do(t, s, http.MethodDelete, func(c *transport.Sender) {
			another()(c)
			c.Policy.MaxAttempts = 1
		})
		require.Error(t, err)
		assert.Len(t, s.tokens, 1)
		assert.True(t, trace.TokenReplaced)
	})
}

func TestTheLogOfARetryNamesTheFirstID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		_, _, err := do(t, &inTurn{statuses: []int{503, 200}}, http.MethodGet, func(c *transport.Sender) {
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		require.NoError(t, err)
		assert.Contains(t, log.String(), "first_id=43456")
	})
}

// endless is a body without end that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestE4_OneByteMoreThanTheLimitIsReadAndNoneAfterThat(t *testing.T) {
	for range 3 { // the buffers of the first are used again
		body := new(endless)
		_, _, err := do(t, roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
		}), http.MethodGet, nil)
		require.Error(t, err)
		assert.Equal(t, 8<<20+1, body.read)
		require.ErrorContains(t, err, "larger than")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
