package ratelimit

import "sync"

// The retry quota is that of the AWS SDKs: while most requests fail, at most one in five is repeated.
const (
	maxQuota  = 500
	retryCost = 5
)

// retryQuota is a token bucket, full at first. A retry takes retryCost tokens, a success gives one back.
type retryQuota struct {
	mu    sync.Mutex
	taken int
}

// TakeRetry takes a retry from the quota, and reports whether there was one left.
func (q *retryQuota) TakeRetry() bool { return q.take(retryCost) }

// ReturnRetry puts a retry back that was not sent.
func (q *retryQuota) ReturnRetry() { q.take(-retryCost) }

// take takes n tokens if there are so many; it puts them back if n is negative.
func (q *retryQuota) take(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.taken+n > maxQuota {
		return false
	}
	q.taken = max(0, q.taken+n)
	return true
}
