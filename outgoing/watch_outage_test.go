package outgoing_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// A dead host and many IDs: few requests, and one log line for each, also with many requests at once.
func TestW3_AnOutageIsProbedAndNotFlooded(t *testing.T) {
	t.Parallel()
	n := sized(10_000, 100_000)
	for name, down := range map[string]roundTrip{
		"refused": fails(syscall.ECONNREFUSED),
		"502":     status(http.StatusBadGateway),
		"hangs": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
	} {
		for lasts, most := range map[time.Duration]int{25 * time.Second: 4, time.Hour: 20} {
			for _, concurrency := range []int{1, 4, 64} {
				t.Run(fmt.Sprintf("%s for %v, %d at once", name, lasts, concurrency), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var (
							mu       sync.Mutex
							requests int
							log      bytes.Buffer
						)
						client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
							mu.Lock()
							requests++
							mu.Unlock()
							return down(req)
						}), outgoing.WithConcurrency(concurrency), outgoing.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
						ctx, cancel := context.WithTimeout(t.Context(), lasts)
						defer cancel()
						all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(n), Until: never})
						lines := strings.Count(log.String(), "\n")
						t.Logf("%d requests, %d log lines, %d yields", requests, lines, len(all))
						assert.LessOrEqual(t, requests, 2*concurrency+most)
						assert.LessOrEqual(t, lines, requests)
						require.LessOrEqual(t, len(all), 2, "the first failure, and the end")
						assertLine(t, all[0].err)
						assert.Len(t, batchIDs(t, all[len(all)-1].err), n)
					})
				})
			}
		}
	}
}
