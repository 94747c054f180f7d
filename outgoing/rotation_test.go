package outgoing_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// guarded lets one token in, and takes the next one from some requests on; those that are under way have the old one then.
type guarded struct {
	http.RoundTripper
	every             int64 // requests; 0 never
	arrived, replaced atomic.Int64
	refuse            func(token string) bool // more than that; may be nil
}

func (g *guarded) token() string { return "token-number-" + strconv.FormatInt(g.replaced.Load(), 10) }

func (g *guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	if n := g.arrived.Add(1); g.every > 0 && n%g.every == 0 {
		g.replaced.Add(1)
	}
	if err := pause(req.Context(), time.Millisecond); err != nil {
		return nil, err
	}
	token := req.Header.Get("Authorization")
	if token != "Bearer "+g.token() || g.refuse != nil && g.refuse(token) {
		return answer(http.StatusUnauthorized, ""), nil
	}
	return g.RoundTripper.RoundTrip(req)
}

// sourced is a client whose tokens come from source.
func sourced(t *testing.T, transport http.RoundTripper, source func(context.Context) (string, error), opts ...outgoing.Option) *outgoing.Client {
	t.Helper()
	client, err := outgoing.New("", append([]outgoing.Option{
		outgoing.WithHTTPClient(&http.Client{Transport: transport}), outgoing.WithTokenSource(source),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// everyCall is a call of each method about 2,000 messages, or a history of them; each returns how many were settled, and the
// errors.
func everyCall(ctx context.Context, client *outgoing.Client, n int) map[string]func() (int, error) {
	return map[string]func() (int, error){
		"GetByIDs": func() (int, error) { r, err := client.GetByIDs(ctx, ids(n)); return len(r.Messages), err },
		"CancelScheduled": func() (int, error) {
			r, err := client.CancelScheduled(ctx, ids(n))
			return len(r.IDs(outgoing.Cancelled)), err
		},
		"StreamByIDs": func() (settled int, errs error) {
			for r, err := range client.StreamByIDs(ctx, slices.Values(ids(n))) {
				settled, errs = settled+len(r.Messages), errors.Join(errs, err)
			}
			return settled, errs
		},
		"All": func() (seen int, errs error) {
			for _, err := range client.All(ctx) {
				if errs = errors.Join(errs, err); err == nil {
					seen++
				}
			}
			return seen, errs
		},
		"Watch": func() (ended int, errs error) {
			for _, err := range client.Watch(ctx, outgoing.WatchRequest{IDs: ids(n), Until: func(outgoing.Message) bool { return true }}) {
				if errs = errors.Join(errs, err); err == nil {
					ended++
				}
			}
			return ended, errs
		},
	}
}

var everyCallNames = []string{"GetByIDs", "CancelScheduled", "StreamByIDs", "All", "Watch"}

func TestB6_ATokenThatIsReplacedDuringACallCostsNothing(t *testing.T) {
	for _, name := range everyCallNames {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &guarded{RoundTripper: scheduled(2000).Transport(), every: 17}
				client := sourced(t, g, func(context.Context) (string, error) { return g.token(), nil })
				settled, err := everyCall(t.Context(), client, 2000)[name]()
				require.NoError(t, err)
				assert.Equal(t, 2000, settled)
				assert.Greater(t, g.replaced.Load(), int64(1))
			})
		})
	}
}

func TestB6_ATokenThatTheSourceStillGivesStopsTheCall(t *testing.T) {
	for _, name := range everyCallNames {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &guarded{RoundTripper: scheduled(2000).Transport(), every: 17}
				client := sourced(t, g, func(context.Context) (string, error) { return "token-number-0", nil })
				settled, err := everyCall(t.Context(), client, 2000)[name]()
				require.ErrorIs(t, err, outgoing.ErrUnauthorized)
				assert.Less(t, settled, 2000)
				assert.LessOrEqual(t, g.arrived.Load(), int64(17+4), "no request begins after the first refusal")
			})
		})
	}
}

func TestB6_ASourceThatFailsAfterARefusalStopsTheCallWithTheRefusal(t *testing.T) {
	for _, name := range everyCallNames {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &guarded{RoundTripper: scheduled(2000).Transport(), every: 17}
				client := sourced(t, g, func(context.Context) (string, error) {
					if g.replaced.Load() > 0 {
						return "", io.ErrClosedPipe
					}
					return g.token(), nil
				}, outgoing.WithConcurrency(1))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, err := everyCall(ctx, client, 2000)[name]()
				require.ErrorIs(t, err, outgoing.ErrUnauthorized)
				assert.EqualValues(t, 17, g.arrived.Load())
			})
		})
	}
}

func TestB6_ANewTokenThatIsRefusedEachTimeIsTriedAFewTimesForEachRequest(t *testing.T) {
	for _, name := range everyCallNames {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				g := &guarded{RoundTripper: scheduled(2000).Transport(), refuse: func(string) bool { return true }}
				client := sourced(t, g, func(context.Context) (string, error) {
					return "fresh-token-" + strconv.FormatInt(asked.Add(1), 10), nil
				})
				settled, err := everyCall(t.Context(), client, 2000)[name]()
				require.ErrorIs(t, err, outgoing.ErrUnauthorized)
				assert.Zero(t, settled)
				assert.LessOrEqual(t, g.arrived.Load(), int64(4*4), "four attempts of each request in flight")
			})
		})
	}
}

func TestC6_AReplacedTokenSendsNoSecondDELETEWithOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &guarded{RoundTripper: scheduled(150).Transport(), every: 1}
		client := sourced(t, g, func(context.Context) (string, error) { return g.token(), nil })
		result, err := client.CancelScheduled(t.Context(), ids(150), once, outgoing.WithConcurrency(1))
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		assert.EqualValues(t, 3, g.arrived.Load(), "one for each chunk: the token is replaced, and so the call goes on")
		assert.Equal(t, ids(150), result.IDs(outgoing.NotSent))
		assert.Equal(t, 401, result.Outcomes[0].Status)
	})
}

func TestB6_AHostThatCannotBeReachedIsNotAskedForEachChunk(t *testing.T) {
	n := sized(20_000, 100_000)
	for name, reason := range map[string]error{"refused": errRefusedConnection, "dropped": io.EOF} {
		for _, concurrency := range []int{1, 4, 32} {
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int64
				client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
					sent.Add(1)
					return nil, reason
				}), outgoing.WithConcurrency(concurrency))
				most := int64(20+concurrency) * 4

				found, err := client.GetByIDs(t.Context(), ids(n))
				require.ErrorIs(t, err, reason, name)
				require.ErrorIs(t, err, outgoing.ErrNotSent)
				assertLine(t, err)
				assert.Len(t, batchIDs(t, err), n)
				assert.Equal(t, outgoing.GetResult{Meta: outgoing.Meta{Attempts: int(sent.Load())}}, found)
				assert.LessOrEqual(t, sent.Swap(0), most)

				cancelled, err := client.CancelScheduled(t.Context(), ids(n))
				require.ErrorIs(t, err, reason)
				assert.Len(t, cancelled.Outcomes, n)
				assert.EqualValues(t, sent.Load(), cancelled.Attempts)
				assert.LessOrEqual(t, sent.Load(), most)
				if name == "refused" {
					assert.Len(t, cancelled.IDs(outgoing.NotSent), n)
				} else {
					assert.GreaterOrEqual(t, len(cancelled.IDs(outgoing.NotSent)), n-50*(20+concurrency))
				}
			})
		}
	}
}

var errRefusedConnection = dialError(syscall.ECONNREFUSED)

func TestB6_AnAnswerInBetweenBeginsTheCountAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if n++; n%20 != 0 {
				return nil, errRefusedConnection
			}
			return answer(200, rowsFor(req)), nil
		}), once, outgoing.WithConcurrency(1))
		result, err := client.GetByIDs(t.Context(), ids(100*50))
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.Equal(t, 100, result.Attempts)
		assert.Len(t, result.Messages, 5*50)
	})
}

func TestB6_AStreamSaysThatTheGatewayCannotBeReachedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, fails(errRefusedConnection), outgoing.WithConcurrency(1))
		var last error
		yields := 0
		for _, err := range client.StreamByIDs(t.Context(), slices.Values(ids(100_000))) {
			last = err
			yields++
		}
		require.ErrorIs(t, last, outgoing.ErrNotSent)
		require.ErrorIs(t, last, syscall.ECONNREFUSED)
		assert.Equal(t, 21, yields)
	})
}

func TestC3_CancelAgainAfterALostAnswerShowsThatTheMessageIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(120)
		g.Inject(outgoingtest.Fault{Method: http.MethodDelete, AfterWork: true, Drop: true, Times: -1})
		first, err := g.Client().CancelScheduled(t.Context(), ids(120), once)
		require.Error(t, err)
		require.Equal(t, ids(120), first.IDs(outgoing.Unknown))

		gone := g.Client(outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete {
				return answer(200, refusals(req)), nil
			}
			return g.Transport().RoundTrip(req)
		})}))
		second, err := gone.CancelScheduled(t.Context(), ids(120))
		require.NoError(t, err)
		assert.Equal(t, ids(120), second.IDs(outgoing.Rejected))
		for _, o := range second.Outcomes {
			require.NotNil(t, o.Message, "ID %d", o.ID)
			assert.Equal(t, "CANCELLED", o.Message.StatusCode, "ID %d", o.ID)
			assert.NotNil(t, o.Problem)
		}
	})
}

func TestC3_AMessageThatDoesNotExistIsNotLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		result, err := g.Client().CancelScheduled(t.Context(), ids(3))
		require.NoError(t, err)
		assert.Equal(t, ids(3), result.IDs(outgoing.Rejected))
		assert.Zero(t, count(g, http.MethodGet))
	})
}

// As the documentation advises: a cache that is passed by once an attempt has been made.
func TestB6_ACachedTokenIsReadAnewAfterA401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		double := outgoingtest.NewGateway()
		all := double.Add(outgoingtest.SampleMessages(2000)...)
		g := &guarded{RoundTripper: double.Transport(), every: 15}
		var cached atomic.Value
		cached.Store(g.token())
		client := sourced(t, g, func(ctx context.Context) (string, error) {
			attempt, ok := outgoing.AttemptFrom(ctx)
			assert.True(t, ok)
			if attempt.Number > 1 {
				cached.Store(g.token())
			}
			return cached.Load().(string), nil
		})
		result, err := client.GetByIDs(t.Context(), all)
		require.NoError(t, err)
		assert.Len(t, result.Messages, len(all))
	})
}
