package outgoing

import (
	"errors"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// lowest and highest are the ends of what a random number can be.
func lowest(int64) int64    { return 0 }
func highest(n int64) int64 { return n - 1 }

func TestR2_BackoffDoublesUpToItsBound(t *testing.T) {
	defaults := Retry{}.withDefaults()
	for n, want := range map[int]time.Duration{
		1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 6: 16 * time.Second,
		7: 20 * time.Second, 8: 20 * time.Second, 63: 20 * time.Second, 64: 20 * time.Second, 200: 20 * time.Second,
	} {
		assert.Equal(t, want, defaults.backoff(n), "after attempt %d", n)
	}
	for _, r := range []Retry{
		{InitialInterval: math.MaxInt64, MaxInterval: math.MaxInt64},
		{InitialInterval: 1, MaxInterval: math.MaxInt64},
		{InitialInterval: time.Hour, MaxInterval: time.Second},
		{InitialInterval: 1, MaxInterval: 1},
	} {
		for n := 1; n <= 200; n++ {
			longest := r.backoff(n)
			assert.Positive(t, longest, "%+v after attempt %d", r, n)
			assert.LessOrEqual(t, longest, r.MaxInterval, "%+v after attempt %d", r, n)
		}
		assert.Equal(t, r.MaxInterval, r.backoff(200))
	}
}

func TestR2_WaitIsSpreadOverTheWholeRange(t *testing.T) {
	r := Retry{}.withDefaults()
	for name, f := range map[string]*failure{"status": {status: 503}, "dropped connection": {err: errors.New("reset")}} {
		for n := 1; n <= 8; n++ {
			longest := r.backoff(n)
			var tenths [10]int
			for range 10_000 {
				wait := r.delay(n, f, random)
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
	r := Retry{}.withDefaults()
	limited := &failure{status: http.StatusTooManyRequests}
	for n := 1; n <= 200; n++ {
		longest := r.backoff(n)
		assert.Greater(t, r.delay(n, limited, lowest), longest/2, "attempt %d", n)
		assert.Equal(t, longest, r.delay(n, limited, highest), "attempt %d", n)
	}
	one := Retry{InitialInterval: 1, MaxInterval: 1}
	assert.Equal(t, time.Duration(1), one.delay(1, limited, lowest), "of the shortest range, too, some wait is left")
}

func TestR3_RetryAfterIsTheLeastWait(t *testing.T) {
	r := Retry{}.withDefaults()
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		asked := &failure{status: status, retryAfter: 7 * time.Second}
		assert.Equal(t, 7*time.Second, r.delay(1, asked, highest), "%d: longer than the backoff", status)
		asked.retryAfter = time.Nanosecond
		assert.Equal(t, 500*time.Millisecond, r.delay(1, asked, highest), "%d: shorter than the backoff", status)
		asked.retryAfter = math.MaxInt64
		assert.Equal(t, time.Duration(math.MaxInt64), r.delay(200, asked, highest), "%d: no overflow", status)
	}
}

func TestR3_RetryAfterIsReadInEveryShape(t *testing.T) {
	const forever = time.Duration(math.MaxInt64)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, test := range []struct {
		name, value, date string
		want              time.Duration
	}{
		{"seconds", "7", "", 7 * time.Second},
		{"white space", " \t7 ", "", 7 * time.Second},
		{"leading zeros", "007", "", 7 * time.Second},
		{"zero", "0", "", 0},
		{"10^18 seconds", "1000000000000000000", "", forever},
		{"2^64/10^9 seconds, which as a Duration wraps around to a small number", "18446744074", "", forever},
		{"the largest Duration", "9223372036", "", 9223372036 * time.Second},
		{"one second more", "9223372037", "", forever},
		{"too large for 64 bits", "99999999999999999999999999", "", forever},
		{"negative", "-5", "", 0},
		{"signed", "+5", "", 0},
		{"fractional", "1.5", "", 0},
		{"exponent", "1e3", "", 0},
		{"hexadecimal", "0x10", "", 0},
		{"words", "soon", "", 0},
		{"empty", "", "", 0},
		{"a list", "3, 5", "", 0},
		{"digits of another script", "٧", "", 0},
		{"date against the local clock", at(30 * time.Second), "", 30 * time.Second},
		{"date against the response's clock", at(time.Hour), at(time.Hour - 9*time.Second), 9 * time.Second},
		{"date, and a Date that cannot be read", at(30 * time.Second), "yesterday", 30 * time.Second},
		{"RFC 850 date", now.Add(30 * time.Second).Format("Monday, 02-Jan-06 15:04:05 GMT"), "", 30 * time.Second},
		{"asctime date", now.Add(30 * time.Second).Format(time.ANSIC), "", 30 * time.Second},
		{"date in the past", at(-time.Second), "", 0},
		{"date in the past of the response's clock", at(time.Minute), at(time.Hour), 0},
		{"date in the far future", "Fri, 31 Dec 9999 23:59:59 GMT", "", forever},
		{"date in another format", now.Format(time.RFC3339), "", 0},
		{"no such date", "Sun, 32 Mar 2026 12:00:00 GMT", "", 0},
	} {
		header := http.Header{"Retry-After": {test.value}}
		if test.date != "" {
			header.Set("Date", test.date)
		}
		assert.Equal(t, test.want, retryAfter(header, now), test.name)
	}
	assert.Zero(t, retryAfter(http.Header{}, now), "absent")
	assert.Zero(t, retryAfter(http.Header{"Retry-After": {"3", "5"}}, now), "repeated")
	assert.Equal(t, 3*time.Second, retryAfter(http.Header{"retry-after": {"3"}}, now), "not in the canonical case")
}

func TestR5_BudgetLetsOneRetryThroughForFiveSuccesses(t *testing.T) {
	limiter := newLimiter()
	burst := 0
	for limiter.mayRetry() {
		burst++
	}
	assert.Equal(t, 100, burst)
	for range 4 {
		limiter.answered(new(ticket))
	}
	assert.False(t, limiter.mayRetry())
	limiter.answered(new(ticket))
	assert.True(t, limiter.mayRetry())
	for range 10_000 {
		limiter.answered(new(ticket))
	}
	burst = 0
	for limiter.mayRetry() {
		burst++
	}
	assert.Equal(t, 100, burst, "quiet times save nothing up")
}
