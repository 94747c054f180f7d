package outgoing

import "context"

// Attempt describes the HTTP attempt that a request belongs to. The context of every request that reaches the
// http.RoundTripper of [WithHTTPClient] carries one: tracing and metrics can name a request by its template, and not by its
// 50 IDs.
type Attempt struct {
	Method  string // "GET"
	Path    string // the template: "/messages/{ids}"
	Number  int    // 1 for the first attempt of a request, 2 for its first retry
	IDCount int    // how many IDs the request names; 0 for a page of the history
}

type attemptKey struct{}

// AttemptFrom returns the [Attempt] that the context of a request belongs to, and whether there is one.
func AttemptFrom(ctx context.Context) (Attempt, bool) {
	a, ok := ctx.Value(attemptKey{}).(Attempt)
	return a, ok
}
