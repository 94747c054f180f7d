package outgoing

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retry configures retries, for [WithRetry]. Zero fields take the defaults. The package documentation says what is
// retried.
type Retry struct {
	MaxAttempts     int           // the first one counts; 1 never retries; default 4
	InitialInterval time.Duration // the longest wait before the second attempt, doubled for each one after it; default 500ms
	MaxInterval     time.Duration // the longest wait before any attempt, unless the gateway asks for more; default 20s
	MaxElapsed      time.Duration // of one request with its retries: it never sleeps past it; default 2m
}

func (r Retry) withDefaults() Retry {
	return Retry{
		MaxAttempts:     cmp.Or(r.MaxAttempts, 4),
		InitialInterval: cmp.Or(r.InitialInterval, 500*time.Millisecond),
		MaxInterval:     cmp.Or(r.MaxInterval, 20*time.Second),
		MaxElapsed:      cmp.Or(r.MaxElapsed, 2*time.Minute),
	}
}

func (r Retry) check() error {
	if r.MaxAttempts < 0 || r.InitialInterval < 0 || r.MaxInterval < 0 || r.MaxElapsed < 0 {
		return fmt.Errorf("retry %+v: no field may be negative", r)
	}
	return nil
}

// backoff is the longest wait after the nth attempt: exponential, bounded.
func (r Retry) backoff(n int) time.Duration {
	longest := r.InitialInterval
	for range n - 1 {
		if longest >= r.MaxInterval/2 {
			return r.MaxInterval
		}
		longest *= 2
	}
	return min(longest, r.MaxInterval)
}

// A random whole number in [0, n), n > 0: rand.Int64N, but for tests.
type randomFunc func(n int64) int64

var random randomFunc = rand.Int64N

// jitter draws a wait in (0, longest] ("full jitter": callers that failed together do not come back together).
func (draw randomFunc) jitter(longest time.Duration) time.Duration {
	return time.Duration(draw(int64(longest)) + 1)
}

// upperHalf draws a wait in (longest/2, longest].
func (draw randomFunc) upperHalf(longest time.Duration) time.Duration {
	half := longest / 2
	return half + draw.jitter(longest-half)
}

// delay returns the wait before the attempt that follows failed attempt n.
func (r Retry) delay(n int, f *failure, draw randomFunc) time.Duration {
	wait := draw.jitter(r.backoff(n))
	if f.status == http.StatusTooManyRequests && f.retryAfter == 0 {
		wait = draw.upperHalf(r.backoff(n))
	}
	return max(wait, f.retryAfter)
}

// retryable reports whether the attempt should be retried.
func (f *failure) retryable(method string) bool {
	switch f.status {
	case 0:
		return isTransient(f.err)
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusOK:
		return method == http.MethodGet && errors.Is(f.err, io.ErrUnexpectedEOF)
	}
	return false
}

// holds reports whether the gateway asked for fewer requests, not only for this one to come later.
func (f *failure) holds() bool {
	return f.status == http.StatusTooManyRequests || f.status == http.StatusServiceUnavailable && f.retryAfter > 0
}

// isTransient reports whether a transport error may go away on retry. TLS, DNS not-found and token errors do not.
func isTransient(err error) bool {
	return !isTLS(err) && !isTLSAlert(err) && !isNoSuchHost(err) && !errors.Is(err, errNoToken)
}

// isDial reports whether no connection could be established.
func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || ok && op.Op == "dial"
}

func isNoSuchHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// isTLS reports whether the connection failed because the two sides could not agree, or one did not trust the other.
func isTLS(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, hostname := errors.AsType[x509.HostnameError](err)
	_, unusable := errors.AsType[x509.CertificateInvalidError](err)
	return certificate || record || authority || hostname || unusable || errors.Is(err, http.ErrSchemeMismatch)
}

// isTLSAlert reports whether one side of a connection sent the other a TLS alert. That may come after a request.
func isTLSAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date, which is measured against the response's
// own Date so that a wrong clock on either side does no harm. What is not in the future, or cannot be read, is 0; what is
// too large for a Duration is the largest one.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value, ok := singleValue(h, "Retry-After")
	if !ok {
		return 0
	}
	if isDigits(value) {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(math.MaxInt64/time.Second) {
			return math.MaxInt64
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, ok := singleValue(h, "Date"); ok {
		if sent, err := http.ParseTime(date); err == nil {
			now = sent
		}
	}
	return max(0, at.Sub(now)) // Sub saturates
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
