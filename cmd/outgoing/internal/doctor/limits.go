package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// checkLimits is D8: what the answers so far said about how many requests are allowed. It asks for nothing.
func checkLimits(_ context.Context, x *examination) []Result {
	const title, promise = "rate limit", "R6: a 429, and a 503 with Retry-After, hold all requests of a client; other headers are not read"
	if len(x.answers) == 0 {
		return []Result{skip(title, errors.New("there was no answer"))}
	}
	var seen, masks []string
	limited := 0
	for _, a := range x.answers {
		if a.status == http.StatusTooManyRequests {
			limited++
		}
		for name, values := range a.header {
			name = http.CanonicalHeaderKey(name)
			if !slices.Contains(limitHeaders, name) || slices.Contains(seen, name) {
				continue
			}
			seen = append(seen, name)
			masks = append(masks, name+": "+maskHeader(name, strings.Join(values, ", ")))
		}
	}
	slices.Sort(masks)
	if limited > 0 {
		masks = append([]string{fmt.Sprintf("%d of %d answers are a 429", limited, len(x.answers))}, masks...)
	}
	if len(masks) == 0 {
		return []Result{ok(title, "no RateLimit, X-RateLimit or Retry-After header on %d answers, and no 429", len(x.answers))}
	}
	return []Result{note(title, "%s", strings.Join(masks, "; ")).resting(promise)}
}
