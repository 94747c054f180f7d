package outgoing_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// cancelOne cancels ID 1 and returns how that ended.
func cancelOne(ctx context.Context, t *testing.T, client *outgoing.Client, opts ...outgoing.Option) (outgoing.State, error) {
	t.Helper()
	got, err := client.CancelScheduled(ctx, []int64{1}, opts...)
	require.Len(t, got.Outcomes, 1)
	assert.Equal(t, got.Outcomes[0].State == outgoing.NotSent, isNotSent(err), "the error agrees: %v", err)
	return got.Outcomes[0].State, err
}

// servers serve handler in both versions of HTTP, over TLS; the transports trust them, and are closed with them.
func servers(t *testing.T, test func(t *testing.T, server *httptest.Server, transport *http.Transport), handler http.Handler) {
	t.Helper()
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, version, r.Proto)
				handler.ServeHTTP(w, r)
			}))
			server.EnableHTTP2 = version == "HTTP/2.0"
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			transport := server.Client().Transport.(*http.Transport).Clone()
			t.Cleanup(transport.CloseIdleConnections)
			test(t, server, transport)
		})
	}
}

func ok(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, rowsFor(r)) }

func TestC4_DialRefusedIsNotSent(t *testing.T) {
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		server.Close()
		client := newClient(t, transport, outgoing.WithBaseURL(server.URL))
		state, err := cancelOne(t.Context(), t, client, once)
		assert.Equal(t, outgoing.NotSent, state)
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	}, http.HandlerFunc(ok))
}

func TestC4_TLSFailureIsNotSent(t *testing.T) {
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		client := newClient(t, transport, outgoing.WithBaseURL(server.URL))
		state, err := cancelOne(t.Context(), t, client)
		assert.Equal(t, outgoing.NotSent, state)
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
		assert.True(t, untrusted, "%v", err)
		assert.ErrorContains(t, err, "(1 attempt)", "R1: repeating does not cure it")
	}, http.HandlerFunc(ok))
}

func TestC4_TLSVersionThatIsTooOldIsNotSent(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.StartTLS()
	t.Cleanup(server.Close)
	state, err := cancelOne(t.Context(), t, newClient(t, server.Client().Transport, outgoing.WithBaseURL(server.URL)))
	assert.Equal(t, outgoing.NotSent, state)
	assert.ErrorContains(t, err, "(1 attempt)", "R1: repeating does not cure it")
}

func TestC4_CancelledWhileDiallingIsNotSent(t *testing.T) {
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		ctx, cancel := context.WithCancel(t.Context())
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		state, err := cancelOne(ctx, t, newClient(t, transport, outgoing.WithBaseURL(server.URL)))
		assert.Equal(t, outgoing.NotSent, state)
		assert.ErrorIs(t, err, context.Canceled)
	}, http.HandlerFunc(ok))
}

func TestC4_CancelledWhileWaitingForAConnectionIsNotSent(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		ok(w, r)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	client := newClient(t, transport, outgoing.WithBaseURL(server.URL))
	first := make(chan error)
	go func() {
		_, err := client.GetByIDs(t.Context(), []int64{2})
		first <- err
	}()
	<-arrived
	state, err := cancelOne(t.Context(), t, client, once, outgoing.WithAttemptTimeout(10*time.Millisecond))
	close(release)
	assert.Equal(t, outgoing.NotSent, state)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, <-first)
}

func TestC4_RequestThatArrivedIsUnknown(t *testing.T) {
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		state, err := cancelOne(t.Context(), t, newClient(t, transport, outgoing.WithBaseURL(server.URL)), once)
		assert.Equal(t, outgoing.Unknown, state)
		assert.Error(t, err)
	}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
}

// slow is a connection whose writes arrive, and once it is stuck do not return until it is closed.
type slow struct {
	net.Conn
	stuck  *atomic.Bool
	closed context.Context
	close  context.CancelFunc
}

func (c slow) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.stuck.Load() {
		<-c.closed.Done()
		return 0, net.ErrClosed
	}
	return n, err
}

func (c slow) Close() error {
	c.close()
	return c.Conn.Close()
}

// Over HTTP/2, httptrace has not seen the headers written by then.
func TestC4_RequestThatArrivedBeforeItWasWrittenIsUnknown(t *testing.T) {
	deleted := make(chan struct{}, 8)
	servers(t, func(t *testing.T, server *httptest.Server, transport *http.Transport) {
		var stuck atomic.Bool
		var dialer net.Dialer
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			closed, cancel := context.WithCancel(context.Background())
			t.Cleanup(cancel)
			return slow{conn, &stuck, closed, cancel}, err
		}
		client := newClient(t, transport, outgoing.WithBaseURL(server.URL), once)
		_, err := client.GetByIDs(t.Context(), []int64{1})
		require.NoError(t, err)

		stuck.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-deleted
			cancel()
		}()
		state, err := cancelOne(ctx, t, client)
		assert.Equal(t, outgoing.Unknown, state)
		assert.ErrorIs(t, err, context.Canceled)
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deleted <- struct{}{}
			<-r.Context().Done()
			return
		}
		ok(w, r)
	}))
}

func TestC4_TransportThatTracesNothingIsBelievedOnlyWhenItCouldNotConnect(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want outgoing.State
	}{
		{"refused", &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, outgoing.NotSent},
		{"no such host", &net.DNSError{Err: "no such host", IsNotFound: true}, outgoing.NotSent},
		{"untrusted certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, outgoing.NotSent},
		{"reset", &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, outgoing.Unknown},
		{"write failed", &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, outgoing.Unknown},
		{"closed", io.EOF, outgoing.Unknown},
		{"cancelled", context.Canceled, outgoing.Unknown},
		{"whatever", errors.New("something went wrong"), outgoing.Unknown},
	} {
		for _, most := range []int{1, 4} {
			retry := outgoing.WithRetry(outgoing.Retry{MaxAttempts: most, InitialInterval: 1, MaxInterval: 1})
			state, err := cancelOne(t.Context(), t, newClient(t, fails(test.err)), retry)
			assert.Equal(t, test.want, state, test.name)
			assert.ErrorIs(t, err, test.err, test.name)
		}
	}
}

func TestC4_OneAttemptThatMayHaveArrivedIsEnough(t *testing.T) {
	refused := fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})
	fast := outgoing.WithRetry(outgoing.Retry{MaxAttempts: 3, InitialInterval: 1, MaxInterval: 1})
	for _, faults := range [][]roundTrip{{fails(io.EOF), refused, refused}, {refused, fails(io.EOF), refused}, {refused, refused, fails(io.EOF)}} {
		got, err := newClient(t, inTurn(faults...), fast).CancelScheduled(t.Context(), []int64{1})
		require.Error(t, err)
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Unknown))
	}
}

func TestC4_TokenThatCannotBeHadIsNotSent(t *testing.T) {
	locked := errors.New("the vault is locked")
	client, err := outgoing.New("", outgoing.WithHTTPClient(&http.Client{Transport: fails(io.EOF)}),
		outgoing.WithTokenSource(func(context.Context) (string, error) { return "", locked }))
	require.NoError(t, err)
	state, err := cancelOne(t.Context(), t, client)
	assert.Equal(t, outgoing.NotSent, state)
	assert.ErrorIs(t, err, locked)
}

func TestC4_ErrorOfARequestThatMayHaveArrivedIsNotErrNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		for name, last := range map[string]func() error{
			"refused":  func() error { return refused },
			"no token": func() error { return nil },
		} {
			attempts := 0
			client, err := outgoing.New("",
				outgoing.WithTokenSource(func(context.Context) (string, error) {
					if attempts == 1 && name == "no token" {
						return "", errors.New("the vault is sealed")
					}
					return testToken, nil
				}),
				outgoing.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					if attempts++; attempts == 1 {
						return nil, io.ErrUnexpectedEOF
					}
					return nil, last()
				})}),
				outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2}))
			require.NoError(t, err)
			result, err := client.CancelScheduled(t.Context(), []int64{1})
			require.Error(t, err, name)
			assert.Equal(t, outgoing.Unknown, result.Outcomes[0].State, name)
			assert.NotErrorIs(t, err, outgoing.ErrNotSent, name)
		}
	})
}

// The error of a NotSent ID is the answer that Status is from, also if nothing could be sent after it.
func TestC4_ARefusalBeforeLostConnectionsIsTheError(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusUnauthorized} {
		synctest.Test(t, func(t *testing.T) {
			transport := roundTrip(func(r *http.Request) (*http.Response, error) {
				trace := httptrace.ContextClientTrace(r.Context())
				trace.GetConn("host:443")
				if a, _ := outgoing.AttemptFrom(r.Context()); a.Number > 1 {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
				}
				trace.GotConn(httptrace.GotConnInfo{})
				return answer(status, ""), nil
			})
			client, err := outgoing.New("", outgoing.WithHTTPClient(&http.Client{Transport: transport}),
				outgoing.WithTokenSource(func(ctx context.Context) (string, error) {
					a, _ := outgoing.AttemptFrom(ctx)
					return fmt.Sprintf("token-of-attempt-%d", a.Number), nil
				}))
			require.NoError(t, err)
			result, err := client.CancelScheduled(t.Context(), []int64{1})
			require.Equal(t, outgoing.NotSent, result.Outcomes[0].State)
			require.Equal(t, status, result.Outcomes[0].Status)
			refused, ok := errors.AsType[*outgoing.APIError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, status, refused.StatusCode)
			assert.NotErrorIs(t, err, outgoing.ErrNotSent)
		})
	}
}
