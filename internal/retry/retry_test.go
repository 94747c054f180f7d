package retry_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/internal/retry"
)

var defaults = retry.Policy{MaxAttempts: 4, InitialInterval: 500 * time.Millisecond, MaxInterval: 20 * time.Second, MaxElapsed: 2 * time.Minute}

// drawing makes each random number the one that draw gives.
func drawing(t *testing.T, draw func(int64) int64) {
	before := retry.Random
	retry.Random = draw
	t.Cleanup(func() { retry.Random = before })
}

// lowest and highest are the ends of what a random number can be.
func lowest(int64) int64    { return 0 }
func highest(n int64) int64 { return n - 1 }

func TestR2_BackoffDoublesUpToItsBound(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 6: 16 * time.Second,
		7: 20 * time.Second, 8: 20 * time.Second, 63: 20 * time.Second, 64: 20 * time.Second, 200: 20 * time.Second,
	} {
		assert.Equal(t, want, defaults.Backoff(n), "after attempt %d", n)
	}
	for _, r := range []retry.Policy{
		{InitialInterval: math.MaxInt64, MaxInterval: math.MaxInt64},
		{InitialInterval: 1, MaxInterval: math.MaxInt64},
		{InitialInterval: time.Hour, MaxInterval: time.Second},
		{InitialInterval: 1, MaxInterval: 1},
	} {
		for n := 1; n <= 200; n++ {
			longest := r.Backoff(n)
			assert.Positive(t, longest, "%+v after attempt %d", r, n)
			assert.LessOrEqual(t, longest, r.MaxInterval, "%+v after attempt %d", r, n)
		}
		assert.Equal(t, r.MaxInterval, r.Backoff(200))
	}
}

func TestR2_WaitIsSpreadOverTheWholeRange(t *testing.T) {
	r := defaults
	for name, status := range map[string]int{"status": 503, "dropped connection": 0} {
		for n := 1; n <= 8; n++ {
			longest := r.Backoff(n)
			var tenths [10]int
			for range 10_000 {
				wait := r.Delay(n, status, 0)
				if wait <= 0 || wait > longest {
					t.Fatalf("%s, attempt %d: %v is not within (0, %v]", name, n, wait, longest)
				}
				tenths[(wait-1)*10/longest]++
			}
			for i, hits := range tenths { // 1,000 expected; 200 off is more than six standard deviations
				assert.InDelta(t, 1000, hits, 200, "%s, attempt %d, tenth %d", name, n, i)
			}
		}
	}
}

func TestR6_RateLimitWithoutRetryAfterWaitsInTheUpperHalf(t *testing.T) {
	r := defaults
	drawing(t, lowest)
	for n := 1; n <= 200; n++ {
		assert.Greater(t, r.Delay(n, 429, 0), r.Backoff(n)/2, "attempt %d", n)
	}
	one := retry.Policy{InitialInterval: 1, MaxInterval: 1}
	assert.Equal(t, time.Duration(1), one.Delay(1, 429, 0), "of the shortest range, too, some wait is left")
	drawing(t, highest)
	for n := 1; n <= 200; n++ {
		assert.Equal(t, r.Backoff(n), r.Delay(n, 429, 0), "attempt %d", n)
	}
}

func TestR3_RetryAfterIsTheLeastWait(t *testing.T) {
	r := defaults
	drawing(t, highest)
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		assert.Equal(t, 7*time.Second, r.Delay(1, status, 7*time.Second), "%d: longer than the backoff", status)
		assert.Equal(t, 500*time.Millisecond, r.Delay(1, status, time.Nanosecond), "%d: shorter than the backoff", status)
		assert.Equal(t, time.Duration(math.MaxInt64), r.Delay(200, status, math.MaxInt64), "%d: no overflow", status)
	}
}

func TestR1_EveryServerErrorIsRepeatedButThoseThatSayItWillNeverWork(t *testing.T) {
	never := map[int]bool{501: true, 505: true, 506: true, 508: true, 510: true, 511: true}
	for status := 100; status < 1000; status++ {
		want := status == 408 || status == 429 || status >= 500 && status <= 599 && !never[status]
		assert.Equal(t, want, retry.Status(status), "%d", status)
	}
}

func TestC4_ErrorsThatSayThatThereWasNoConnection(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		err                     error
		noConnection, transient bool
	}{
		{&net.OpError{Op: "dial", Err: broken}, true, true},
		{&net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}, true, true},
		{&net.DNSError{IsNotFound: true}, true, false},
		{&tls.CertificateVerificationError{Err: broken}, true, false},
		{tls.RecordHeaderError{Msg: "not TLS"}, true, false},
		{x509.UnknownAuthorityError{}, true, false},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}, true, false},
		{x509.CertificateInvalidError{Reason: x509.Expired}, true, false},
		{http.ErrSchemeMismatch, true, false},
		{&net.OpError{Op: "remote error", Err: broken}, false, false},
		{&net.OpError{Op: "local error", Err: broken}, false, false},
		{&net.OpError{Op: "read", Err: broken}, false, true},
		{broken, false, true},
	} {
		err := fmt.Errorf("wrapped: %w", test.err)
		assert.Equal(t, test.noConnection, retry.NoConnection(err), "%v", err)
		assert.Equal(t, test.transient, retry.Transient(err), "%v", err)
	}
}
