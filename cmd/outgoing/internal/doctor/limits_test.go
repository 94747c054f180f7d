package doctor_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD8_ARateLimitIsWaitedForAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, requests := time.Now(), 0
		found := examine(t, changed(func(_ *http.Request, a *response) {
			a.header.Set("X-RateLimit-Remaining", "7")
			a.header.Set("RateLimit-Policy", "of +48 999 000 105")
			if requests++; requests%12 == 0 {
				*a = response{http.StatusTooManyRequests, http.Header{"Retry-After": {"20"}}, ""}
			}
		}))
		found.is(t, doctor.Note, "rate limit", "2 of 26 answers are a 429; there are 3 RateLimit, X-RateLimit and Retry-After headers; Ratelimit-Policy: text; Retry-After: 20; X-Ratelimit-Remaining: 7")
		found.othersAreGood(t, "rate limit")
		assert.Equal(t, 40*time.Second, time.Since(begun))
	})
}

func TestD8_ALongRateLimitSkipsWhatIsLeft(t *testing.T) {
	for retryAfter, why := range map[string]string{
		"3600": "rate limited: a 429 asks for a wait of more than 30s", "": "after 4 waits for another one",
		"99999999999999999999": "rate limited: a 429", time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat): "rate limited: a 429",
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			transport := newTransport(t, changed(func(_ *http.Request, a *response) {
				if requests++; requests > 10 {
					*a = response{http.StatusTooManyRequests, http.Header{"Retry-After": {retryAfter}}, ""}
				}
			}))
			found := run(t, config(transport))
			found.is(t, doctor.OK, "token", "accepted")
			found.is(t, doctor.Skipped, "wrong token", why)
			found.is(t, doctor.Skipped, "50 IDs", why)
			found.is(t, doctor.Note, "rate limit", "a 429")
			assert.Zero(t, count(found, doctor.Fail))
			assert.LessOrEqual(t, transport.requests.Load(), int32(10+5))
		})
	}
	synctest.Test(t, func(t *testing.T) { // from the first answer on
		gateway := sampled()
		gateway.Inject(outgoingtest.Fault{Times: -1, Status: 503, RetryAfter: "60"})
		found := examine(t, gateway)
		found.is(t, doctor.Skipped, "answer", "rate limited: a 503 asks for a wait of more than 30s")
		assert.Zero(t, count(found, doctor.Fail))
	})
}
