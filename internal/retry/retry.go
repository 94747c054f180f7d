// Package retry decides which failures are worth another attempt, and after which wait. It neither sends nor sleeps.
package retry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Policy bounds the attempts of one request. All fields are set.
type Policy struct {
	MaxAttempts     int // the first one counts
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxElapsed      time.Duration
	CountThrottled  bool // attempts that met a 429 count, too
}

// Backoff returns the longest wait after the nth attempt: exponential, bounded.
func (p Policy) Backoff(n int) time.Duration {
	longest := float64(p.InitialInterval) * math.Exp2(float64(n-1))
	if longest >= float64(p.MaxInterval) {
		return p.MaxInterval
	}
	return time.Duration(longest)
}

// Random draws a whole number in [0, n), n > 0; replaced in tests.
var Random = rand.Int64N

// Delay returns the wait before the attempt that follows attempt n, which was answered with a status (0 if it was not) and a
// Retry-After (0 if it had none). Callers that failed together do not come back together: it has full jitter, and after a 429
// without Retry-After equal jitter, which is never short (AWS, "Exponential Backoff And Jitter").
func (p Policy) Delay(n, status int, retryAfter time.Duration) time.Duration {
	shortest, longest := time.Duration(0), p.Backoff(n)
	if status == http.StatusTooManyRequests && retryAfter == 0 {
		shortest = longest / 2
	}
	return max(shortest+time.Duration(Random(int64(longest-shortest)))+1, retryAfter)
}

// Status reports whether an attempt that was answered with a status should be repeated. Of the server errors those are not
// that say that it will never work; those of a CDN (520 to 530), which no RFC knows, are.
func Status(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusVariantAlsoNegotiates,
		http.StatusLoopDetected, http.StatusNotExtended, http.StatusNetworkAuthenticationRequired:
		return false
	}
	return status >= 500 && status <= 599
}

// Throttles reports whether an answer asks for fewer requests, and not only for this one to come later.
func Throttles(status int, retryAfter time.Duration) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && retryAfter > 0
}

// Transient reports whether an attempt that ended without an answer should be repeated. TLS errors and a host that does not
// exist do not go away.
func Transient(err error) bool {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	alert := isOp && (op.Op == "remote error" || op.Op == "local error") // of TLS; it may come after a request
	return !isTLS(err) && !alert && !(isDNS && dns.IsNotFound)
}

// NoConnection reports whether err says that no connection could be established.
func NoConnection(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "dial" || has[*net.DNSError](err) || isTLS(err)
}

// isTLS reports whether the two sides of a connection could not agree, or one did not trust the other.
func isTLS(err error) bool {
	return has[*tls.CertificateVerificationError](err) || has[tls.RecordHeaderError](err) || errors.Is(err, http.ErrSchemeMismatch) ||
		has[x509.UnknownAuthorityError](err) || has[x509.HostnameError](err) || has[x509.CertificateInvalidError](err)
}

func has[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
