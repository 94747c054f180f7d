package outgoing_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// A context's cause may be anything, also what another request of this library ended in, as with errgroup.WithContext. It
// is not an answer to the request that it stops.
func causes(t *testing.T) map[string]error {
	return map[string]error{
		"404":            answered(t, 404, `{"title":"Not Found"}`),
		"401":            answered(t, 401, `{"title":"Unauthorized"}`),
		"unauthorized":   outgoing.ErrUnauthorized,
		"not sent":       outgoing.ErrNotSent,
		"batch":          &outgoing.BatchError{Failures: []outgoing.Failure{{IDs: ids(3), Err: outgoing.ErrNotFound}}},
		"unexpected EOF": io.ErrUnexpectedEOF,
		"dial":           &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"certificate":    x509.UnknownAuthorityError{},
	}
}

// answered is the *APIError of an answer.
func answered(t *testing.T, status int, body string) error {
	t.Helper()
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
		return answer(status, body, "Content-Type", "application/problem+json"), nil
	}))
	_, err := client.List(t.Context(), outgoing.PageRequest{})
	apiErr, ok := errors.AsType[*outgoing.APIError](err)
	require.True(t, ok)
	return apiErr
}

// assertStopped checks that an error says that the context was cancelled, and why in its text only.
func assertStopped(t *testing.T, err, cause error) {
	t.Helper()
	require.ErrorIs(t, err, context.Canceled)
	if !errors.Is(cause, outgoing.ErrNotSent) { // which the library may say itself
		require.NotErrorIs(t, err, cause)
		for _, s := range sentinels {
			assert.False(t, errors.Is(cause, s) && errors.Is(err, s), "%v: %v", s, err)
		}
	}
	_, answered := errors.AsType[*outgoing.APIError](err)
	assert.False(t, answered, "%v", err)
	_, network := errors.AsType[*net.OpError](err)
	assert.False(t, network, "%v", err)
	for _, f := range failures(err) {
		_, nested := errors.AsType[*outgoing.BatchError](f.Err)
		assert.False(t, nested, "%v", err)
		assert.ErrorContains(t, f.Err, bareText(cause), "the text says why")
	}
}

func failures(err error) []outgoing.Failure {
	if failed, ok := errors.AsType[*outgoing.BatchError](err); ok {
		return failed.Failures
	}
	return []outgoing.Failure{{Err: err}}
}

func bareText(err error) string { return strings.TrimPrefix(err.Error(), "outgoing: ") }

// stoppedDuring runs call with a context that is cancelled with a cause while the second round of requests is in flight, or,
// with before, has been cancelled before the call.
func stoppedDuring(t *testing.T, cause error, before bool, call func(t *testing.T, ctx context.Context, client *outgoing.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000, outgoingtest.WithLatency(time.Second))
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		if before {
			cancel(cause)
		} else {
			time.AfterFunc(1500*time.Millisecond, func() { cancel(cause) })
		}
		call(t, ctx, g.Client())
	})
}

func TestB5_TheCauseOfAContextIsNotAnAnswerToGetByIDs(t *testing.T) {
	for name, cause := range causes(t) {
		for _, before := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				stoppedDuring(t, cause, before, func(t *testing.T, ctx context.Context, client *outgoing.Client) {
					got, err := client.GetByIDs(ctx, ids(1000))
					assertStopped(t, err, cause)
					assert.Empty(t, got.Missing)
					assert.Equal(t, ids(1000)[len(got.Messages):], batchIDs(t, err))
					assert.NotContains(t, err.Error(), "stopped: ", "nothing refused the token")
				})
			})
		}
	}
}

func TestB10_TheCauseOfAContextIsNotAnAnswerToAStream(t *testing.T) {
	for name, cause := range causes(t) {
		for _, before := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				stoppedDuring(t, cause, before, func(t *testing.T, ctx context.Context, client *outgoing.Client) {
					var last error
					for got, err := range client.StreamByIDs(ctx, slices.Values(ids(1000))) {
						assert.Empty(t, got.Missing)
						if err != nil {
							assertStopped(t, err, cause)
						}
						last = err
					}
					require.ErrorIs(t, last, context.Canceled)
				})
			})
		}
	}
}

func TestC1_TheCauseOfAContextIsNotAnAnswerToCancelScheduled(t *testing.T) {
	for name, cause := range causes(t) {
		for _, before := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				stoppedDuring(t, cause, before, func(t *testing.T, ctx context.Context, client *outgoing.Client) {
					got, err := client.CancelScheduled(ctx, ids(1000))
					assertStopped(t, err, cause)
					if before {
						assert.Equal(t, ids(1000), got.IDs(outgoing.NotSent))
						return
					}
					assert.Equal(t, ids(200), got.IDs(outgoing.Cancelled))
					assert.Equal(t, ids(400)[200:], got.IDs(outgoing.Unknown))
					assert.Equal(t, ids(1000)[400:], got.IDs(outgoing.NotSent))
				})
			})
		}
	}
}

// net/http, and transports like it, return the cause of a request's context.
func TestC4_TheCauseOfAContextIsNotTheTransportsReason(t *testing.T) {
	for name, cause := range causes(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				cancel(cause)
				return nil, context.Cause(req.Context())
			}))
			got, err := client.CancelScheduled(ctx, ids(1))
			assertStopped(t, err, cause)
			assert.Equal(t, ids(1), got.IDs(outgoing.Unknown), "the request may have left")
		})
	}
}

func TestB10_TheCauseOfAContextIsNotTheTokenSourcesReason(t *testing.T) {
	for name, cause := range causes(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			client, err := outgoing.New("", outgoing.WithTokenSource(func(ctx context.Context) (string, error) {
				cancel(cause)
				return "", context.Cause(ctx)
			}))
			require.NoError(t, err)
			got, err := client.GetByIDs(ctx, ids(1))
			assertStopped(t, err, cause)
			assert.Empty(t, got.Missing)
		})
	}
}

// An error of the caller's own transport or token source may wrap an *APIError of another request.
func TestB5_AnErrorOfATransportIsNotAnAnswer(t *testing.T) {
	notFound := answered(t, 404, `{"title":"Not Found"}`)
	refused := answered(t, 401, `{"title":"Unauthorized"}`)
	for name, hook := range map[string]error{"404": notFound, "401": refused} {
		client := newClient(t, fails(hook), once, outgoing.WithConcurrency(1))
		got, err := client.GetByIDs(t.Context(), ids(150))
		require.ErrorIs(t, err, hook, name)
		assert.Empty(t, got.Missing, name)
		require.NotErrorIs(t, err, outgoing.ErrNotSent, name)
		assert.Equal(t, 3, got.Attempts, "%s: it does not stop the call", name)
	}
}
