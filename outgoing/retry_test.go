package outgoing_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestR1_StatusesThatAreRetried(t *testing.T) {
	never := []int{501, 505, 506, 508, 510, 511}
	retried := map[int]bool{408: true, 429: true}
	for code := 500; code <= 599; code++ {
		retried[code] = !slices.Contains(never, code)
	}
	for _, code := range []int{
		201, 202, 204, 206, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 418,
		421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 599, 600, 999,
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			synctest.Test(t, func(t *testing.T) {
				attempts, err := getOrCancel(t.Context(), newClient(t, inTurn(status(code))), method)
				if retried[code] {
					assert.Equal(t, 2, attempts, "%s %d", method, code)
					assert.NoError(t, err, "%s %d", method, code)
					return
				}
				assert.Equal(t, 1, attempts, "%s %d", method, code)
				var apiErr *outgoing.APIError
				require.ErrorAs(t, err, &apiErr, "%s %d", method, code)
				assert.Equal(t, code, apiErr.StatusCode)
			})
		}
	}
}

func TestR1_ConnectionErrorsThatAreRetried(t *testing.T) {
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }
	for _, test := range []struct {
		name    string
		err     error
		retried bool
	}{
		{"refused", op("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED)), true},
		{"unreachable", op("dial", os.NewSyscallError("connect", syscall.EHOSTUNREACH)), true},
		{"dial timeout", op("dial", os.ErrDeadlineExceeded), true},
		{"reset", op("read", os.NewSyscallError("read", syscall.ECONNRESET)), true},
		{"broken pipe", op("write", os.NewSyscallError("write", syscall.EPIPE)), true},
		{"closed before the headers", io.EOF, true},
		{"closed within the headers", io.ErrUnexpectedEOF, true},
		{"closed while idle", errors.New("http: server closed idle connection"), true},
		{"the name server does not answer", &net.DNSError{Err: "i/o timeout", Name: "gateway.test", IsTimeout: true, IsTemporary: true}, true},
		{"no such host", &net.DNSError{Err: "no such host", Name: "gateway.test", IsNotFound: true}, false},
		{"untrusted certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false},
		{"bare untrusted certificate", x509.UnknownAuthorityError{}, false},
		{"certificate of another host", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "gateway.test"}, false},
		{"expired certificate", x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}, false},
		{"no TLS at the other end", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, false},
		{"TLS alert of the other end", op("remote error", tls.AlertError(40)), false},
		{"TLS alert of this end", op("local error", tls.AlertError(70)), false},
		{"plain HTTP at the other end", http.ErrSchemeMismatch, false},
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			t.Run(test.name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					attempts, err := getOrCancel(t.Context(), newClient(t, inTurn(fails(test.err))), method)
					if test.retried {
						assert.Equal(t, 2, attempts)
						assert.NoError(t, err)
						return
					}
					assert.Equal(t, 1, attempts)
					assert.ErrorContains(t, err, test.err.Error())
				})
			})
		}
	}
}

func TestR1_BodyThatBreaksOffIsRetriedOnlyForGET(t *testing.T) {
	for _, after := range []int{-1, 1, 20} {
		for method, want := range map[string]int{http.MethodGet: 2, http.MethodDelete: 1} {
			synctest.Test(t, func(t *testing.T) {
				g := outgoingtest.NewGateway()
				g.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})
				g.Inject(outgoingtest.Fault{Truncate: after})
				attempts, err := getOrCancel(t.Context(), g.Client(), method)
				assert.Equal(t, want, attempts, "%s after %d bytes", method, after)
				assert.Equal(t, method == http.MethodGet, err == nil)
				if err != nil {
					assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
			})
		}
	}
}

func TestR1_AttemptTimeoutIsRetried(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		synctest.Test(t, func(t *testing.T) {
			g := outgoingtest.NewGateway()
			g.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})
			g.Inject(outgoingtest.Fault{Delay: time.Hour})
			start := time.Now()
			attempts, err := getOrCancel(t.Context(), g.Client(), method, outgoing.WithAttemptTimeout(10*time.Second))
			require.NoError(t, err)
			assert.Equal(t, 2, attempts)
			assert.LessOrEqual(t, time.Since(start), 10500*time.Millisecond)
			assert.GreaterOrEqual(t, time.Since(start), 10*time.Second)
		})
	}
}

func TestR1_DoneContextIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Inject(outgoingtest.Fault{Delay: time.Hour})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("lunch"))
		defer cancel()
		_, err := g.Client().GetByIDs(ctx, []int64{1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "lunch")
		assert.Len(t, g.Requests(), 1)

		_, err = g.Client().GetByIDs(ctx, []int64{1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, outgoing.ErrNotSent)
		assert.Len(t, g.Requests(), 1, "nothing is sent once the context is done")
	})
}
