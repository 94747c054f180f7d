package outgoing_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// full reports whether grids and simulations run whole, and not at their corners. It is asked in tests, since go test does not
// see what a package reads when it is initialized, and would take an old result.
func full() bool { return os.Getenv("OUTGOING_FULL") != "" }

// watch is what a watch yields until it ends.
func watch(ctx context.Context, client *outgoing.Client, w outgoing.WatchRequest, opts ...outgoing.Option) []told {
	start := time.Now()
	var all []told
	for m, err := range client.Watch(ctx, w, opts...) {
		all = append(all, told{time.Since(start), m.ID, m.StatusCode, err})
	}
	return all
}

// statusesOf are the statuses that were yielded of an ID, in their order.
func statusesOf(all []told, id int64) []string {
	var statuses []string
	for _, one := range all {
		if one.id == id && one.err == nil {
			statuses = append(statuses, one.status)
		}
	}
	return statuses
}

// errorsOf are the errors that were yielded.
func errorsOf(all []told) []error {
	var errs []error
	for _, one := range all {
		if one.err != nil {
			errs = append(errs, one.err)
		}
	}
	return errs
}

// moves gives a message its next status each time that a while has passed.
func moves(g *outgoingtest.Gateway, id int64, each time.Duration, codes ...string) {
	for i, code := range codes {
		time.AfterFunc(time.Duration(i)*each, func() { g.Add(message(id, code)) })
	}
	synctest.Wait()
}

// told is one yield of a watch.
type told struct {
	at     time.Duration // since it began
	id     int64
	status string
	err    error
}

func never(outgoing.Message) bool { return false }

// watchHeap watches n IDs and returns the heap that it takes for each, while it begins and after the first look at all.
func watchHeap(b testing.TB, n int) (beginning, held float64) {
	live := func() float64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return float64(stats.HeapAlloc)
	}
	asked := ids(n)
	large := fmt.Sprintf(`,"status_code":"QUEUED","status_description":"%2000d"}`, 0) // no message is kept
	start := live()
	requests := 0
	client := newClient(b, roundTrip(func(req *http.Request) (*http.Response, error) {
		if requests++; requests == 1 {
			beginning = (live() - start) / float64(n)
		}
		return answer(http.StatusOK, strings.ReplaceAll(rowsFor(req), "}", large)), nil
	}), outgoing.WithConcurrency(1))
	seen := 0
	for _, err := range client.Watch(b.Context(), outgoing.WatchRequest{IDs: asked, Until: never, InitialInterval: time.Hour}) {
		require.NoError(b, err)
		if seen++; seen == n {
			held = (live() - start) / float64(n)
			break
		}
	}
	runtime.KeepAlive(asked)
	return beginning, held
}

// busiest returns the most requests within any window, after the first look took so many.
func busiest(arrivals []time.Duration, window time.Duration, firstLook int) int {
	most, from := 0, firstLook
	for to := firstLook; to < len(arrivals); to++ {
		for arrivals[from] <= arrivals[to]-window {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}
