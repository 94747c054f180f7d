package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestTheURLOfCallbacksIsHTTPSOrALoopbackOne(t *testing.T) {
	for _, good := range []string{"https://example.com/sms?key=1", "http://localhost:8081", "http://LOCALHOST/", "http://127.0.0.1:1/a", "http://[::1]/"} {
		u, err := ParseCallbackURL(good, false)
		require.NoError(t, err, good)
		assert.NotEmpty(t, u.Host)
	}
	for _, bad := range []string{"", "example.com", "http://example.com/hush", "http://127.0.0.1.example.com/hush", "ftp://localhost/hush", "https:///hush", "https://user:hush@example.com/", "https://example.com/#hush", "https://exa mple/hush", "http://0.0.0.0/hush"} {
		_, err := ParseCallbackURL(bad, false)
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), "hush")
	}
	_, err := ParseCallbackURL("http://host.docker.internal:8081/", true)
	require.NoError(t, err)
	_, err = ParseCallbackURL("ftp://example.com/", true)
	require.Error(t, err)
}

// roundTripper answers in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answered(status int, header http.Header) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(nil))}
}

// record keeps the log, which several goroutines write.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// runCaller runs a caller for a while of virtual time, and returns what it logged.
func runCaller(t *testing.T, receive roundTripper, meanwhile func(*Caller)) string {
	t.Helper()
	u, err := url.Parse("https://callback.test/path?key=hush")
	require.NoError(t, err)
	var log record
	ctx, cancel := context.WithCancel(t.Context())
	caller := NewCaller(ctx, u, "made-up", receive, &log)
	meanwhile(caller)
	cancel()
	caller.Wait()
	assert.NotContains(t, log.String(), "hush")
	assert.NotContains(t, log.String(), "made-up")
	return log.String()
}

// As requests of clients have.
func TestCallbacksInFlightHaveAGraceWhenTheServerIsStopped(t *testing.T) {
	for takes, want := range map[time.Duration]string{
		Grace - time.Second: "callback  1 message  204 No Content  2s\n",
		Grace + time.Second: "callback  1 status change was not acknowledged\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			var stopped time.Time
			calls := 0
			log := runCaller(t, func(r *http.Request) (*http.Response, error) {
				calls++
				select {
				case <-r.Context().Done():
					return nil, r.Context().Err()
				case <-time.After(takes):
					return answered(http.StatusNoContent, nil), nil
				}
			}, func(c *Caller) {
				c.Report(outgoingtest.SampleMessages(1)...)
				synctest.Wait()
				stopped = time.Now()
			})
			assert.Contains(t, log, want)
			assert.Equal(t, min(takes, Grace), time.Since(stopped))
			assert.Equal(t, 1, calls)
		})
	}
}

func TestNoCallbackBeginsOnceTheServerIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		log := runCaller(t, func(*http.Request) (*http.Response, error) {
			calls.Add(1)
			time.Sleep(time.Second)
			return answered(http.StatusNoContent, nil), nil
		}, func(c *Caller) {
			c.Report(outgoingtest.SampleMessages(10 * maxRows)...)
			synctest.Wait()
		})
		assert.Equal(t, int64(MaxCalls), calls.Load())
		assert.Contains(t, log, "300 status changes were not acknowledged")
	})
}

func TestACallbackIsWhatTheVendorSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples := outgoingtest.SampleMessages(60)
		var (
			mu  sync.Mutex
			got []outgoing.Message
		)
		log := runCaller(t, func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, http.MethodPost, r.Method)
			assert.Equal(t, "https://callback.test/path?key=hush", r.URL.String())
			assert.Equal(t, "Bearer made-up", r.Header.Get("Authorization"))
			assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
			var rows []outgoing.Message
			if err := json.NewDecoder(r.Body).Decode(&rows); err != nil {
				t.Error(err)
			}
			assert.True(t, len(rows) == 50 || len(rows) == 10)
			mu.Lock()
			defer mu.Unlock()
			got = append(got, rows...)
			return answered(http.StatusNoContent, nil), nil
		}, func(c *Caller) {
			c.Report(samples...)
			time.Sleep(time.Hour)
		})
		assert.ElementsMatch(t, samples, got)
		for _, line := range []string{"  callback  50 messages  204 No Content  0s\n", "  callback  10 messages  204 No Content  0s\n"} {
			assert.Contains(t, log, line)
		}
	})
}

func TestACallbackComesAgainUntilItIsAcknowledged(t *testing.T) {
	for name, refuse := range map[string]func(*http.Request) (*http.Response, error){
		"503 Service Unavailable": func(*http.Request) (*http.Response, error) { return answered(http.StatusServiceUnavailable, nil), nil },
		"302 Found": func(*http.Request) (*http.Response, error) {
			return answered(http.StatusFound, http.Header{"Location": {"/elsewhere"}}), nil
		},
		"no answer: refused": func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") },
		"no answer: context deadline exceeded": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			var bodies []string
			log := runCaller(t, func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				bodies = append(bodies, string(body))
				if len(bodies) < 4 {
					return refuse(r)
				}
				return answered(http.StatusOK, nil), nil
			}, func(c *Caller) {
				c.Report([]outgoing.Message{{ID: 1, StatusCode: "SENT"}}...)
				time.Sleep(time.Hour)
			})
			require.Len(t, bodies, 4)
			assert.Equal(t, bodies[0], bodies[3], "with the states of the first time")
			for _, wait := range []string{"10s", "20s", "40s"} {
				assert.Contains(t, log, fmt.Sprintf("1 message  %s, again in %s", name, wait))
			}
			assert.Contains(t, log, "200 OK")
			assert.NotContains(t, log, "not acknowledged")
		})
	}
}

func TestWhatIsNotAcknowledgedIsTheLastThingSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := runCaller(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done() // in flight when the caller is stopped
			return nil, r.Context().Err()
		}, func(c *Caller) {
			c.Report(make([]outgoing.Message, 51)...)
			synctest.Wait()
		})
		assert.Regexp(t, `^\S+  callback  51 status changes were not acknowledged\n$`, log)
	})
}

func TestASlowReceiverDoesNotHoldUpAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		atOnce, most := 0, 0
		var mu sync.Mutex
		begun := time.Now()
		var took time.Duration
		runCaller(t, func(*http.Request) (*http.Response, error) {
			mu.Lock()
			atOnce++
			most = max(most, atOnce)
			mu.Unlock()
			time.Sleep(5 * time.Second)
			mu.Lock()
			atOnce--
			took = time.Since(begun)
			mu.Unlock()
			return answered(http.StatusOK, nil), nil
		}, func(c *Caller) {
			c.Report(make([]outgoing.Message, 8*outgoing.MaxIDs)...)
			time.Sleep(time.Hour)
		})
		assert.Equal(t, MaxCalls, most)
		assert.Equal(t, 10*time.Second, took)
	})
}

func TestAReceiverThatIsSlowerThanTheChangesCostsChangesAndNotMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := runCaller(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, func(c *Caller) {
			for range 3 {
				c.Report(make([]outgoing.Message, maxOpen)...)
			}
			synctest.Wait()
		})
		assert.Contains(t, log, "status changes are dropped")
	})
}

// Both sides: messages move on, callbacks are lost, and in the end the receiver knows what the gateway says.
func TestAReceiverThatFailsNowAndThenHearsOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		var mu sync.Mutex
		stored := map[int64]outgoing.Message{}
		calls := 0
		handler, err := callback.New(func(_ context.Context, changed []outgoing.Message) error {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%3 != 0 {
				return errors.New("not now")
			}
			for _, m := range changed {
				if old, ok := stored[m.ID]; !ok || !m.StatusDate.Before(*old.StatusDate) {
					stored[m.ID] = m
				}
			}
			return nil
		}, callback.WithTokens("made-up"))
		require.NoError(t, err)
		receive := roundTripper(func(r *http.Request) (*http.Response, error) {
			w := &memoryWriter{header: http.Header{}}
			handler.ServeHTTP(w, r)
			return answered(w.status, w.header), nil
		})
		log := runCaller(t, receive, func(c *Caller) {
			ctx, cancel := context.WithCancel(t.Context())
			samples := outgoingtest.SampleMessages(300)
			gateway.Add(samples...)
			var living sync.WaitGroup
			live := Live{Gateway: gateway, Messages: samples, PerMinute: 120, Keep: kept, Report: c.Report}
			living.Go(func() { live.Run(ctx) })
			time.Sleep(4 * time.Minute)
			cancel()
			living.Wait()
			time.Sleep(24 * time.Hour)
		})
		assert.NotContains(t, log, "not acknowledged")
		assert.Greater(t, len(stored), 400)
		for id, m := range stored {
			now, _ := gateway.Message(id)
			assert.Equal(t, now, m)
		}
	})
}

// memoryWriter keeps a status.
type memoryWriter struct {
	header http.Header
	status int
}

func (w *memoryWriter) Header() http.Header         { return w.header }
func (w *memoryWriter) WriteHeader(status int)      { w.status = status }
func (w *memoryWriter) Write(p []byte) (int, error) { return len(p), nil }
