package ratelimit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestR5_BudgetLetsOneRetryThroughForFiveSuccesses(t *testing.T) {
	limiter := new(Limiter)
	burst := 0
	for limiter.TakeRetry() {
		burst++
	}
	assert.Equal(t, 100, burst)
	for range 4 {
		(&Ticket{limiter: limiter}).RecordSuccess()
	}
	assert.False(t, limiter.TakeRetry())
	(&Ticket{limiter: limiter}).RecordSuccess()
	assert.True(t, limiter.TakeRetry())
	for range 10_000 {
		(&Ticket{limiter: limiter}).RecordSuccess()
	}
	burst = 0
	for limiter.TakeRetry() {
		burst++
	}
	assert.Equal(t, 100, burst, "quiet times save nothing up")
}
