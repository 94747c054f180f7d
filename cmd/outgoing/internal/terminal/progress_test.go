package terminal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheProgressLineShowsHowFarTheWorkIs(t *testing.T) {
	for want, test := range map[string]struct {
		total, done, failed, retries int
		elapsed                      time.Duration
	}{
		"get   0% (0/500) [0s]":                                          {total: 500},
		"get  40% (200/500, 50 IDs/s, 6s left) [4s]":                     {total: 500, done: 200, elapsed: 4 * time.Second},
		"get 100% (500/500, 125 IDs/s) [4s]":                             {total: 500, done: 500, elapsed: 4 * time.Second},
		"get  50% (1/2, 2 IDs/min, 30s left) [30s]":                      {total: 2, done: 1, elapsed: 30 * time.Second},
		"get (11, 32 IDs/min) [20s]":                                     {done: 11, elapsed: 20*time.Second + 625*time.Millisecond},
		"get (0) [1s]":                                                   {elapsed: 1200 * time.Millisecond},
		"get  40% (200/500, 50 IDs/s, 6s left), 1 retry, 50 failed [4s]": {total: 500, done: 200, failed: 50, retries: 1, elapsed: 4 * time.Second},
		"get   0% (1/1000000, 1000 IDs/s, 16m39s left), 2 retries [0s]":  {total: 1_000_000, done: 1, retries: 2},
	} {
		line := Progress{Doing: "get", Things: "IDs", Total: test.total, Sent: func() (requests, attempts int) { return 7, 7 + test.retries }}
		line.Done.Store(int64(test.done))
		line.Failed.Store(int64(test.failed))
		assert.Equal(t, want, line.Line(test.elapsed))
	}
}
