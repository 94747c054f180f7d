package terminal

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheProgressLineShowsHowFarTheWorkIs(t *testing.T) {
	type step struct {
		after time.Duration
		done  int64
		want  string
	}
	for name, test := range map[string]struct {
		total int64
		steps []step
	}{
		"of a known total": {500, []step{
			{0, 0, "get   0% [            ] (0/500) [0s]"},
			{1200 * time.Millisecond, 0, "get   0% [            ] (0/500) [1s]"},
			{2 * time.Second, 200, "get  40% [===>        ] (200/500, 50 IDs/s) [3s:6s]"}, // the average of 0 and 100 a second
			{100 * time.Millisecond, 499, "get  99% [==========> ] (499/500, 50 IDs/s) [3s:0s]"},
			{700 * time.Millisecond, 500, "get 100% [============] (500/500, 125 IDs/s)"}, // of all the time again
		}},
		"of an unknown total": {0, []step{
			{0, 0, "| get (0)"},
			{100 * time.Millisecond, 0, "/ get (0)"},
			{300 * time.Millisecond, 10, "- get (10, 25 IDs/s)"},
			{10 * time.Second, 11, `\ get (11, 1 IDs/s)`},
			{20 * time.Second, 11, "| get (11, 32 IDs/min)"},
		}},
		"slower than one a minute": {2, []step{
			{0, 0, "get   0% [            ] (0/2) [0s]"},
			{2 * time.Hour, 1, "get  50% [=====>      ] (1/2, 0 IDs/hr) [2h0m0s:2h0m0s]"},
		}},
		"that stands still": {2, []step{
			{0, 1, "get  50% [=====>      ] (1/2, 0 IDs/hr) [0s:0s]"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				line := bar{doing: "get", things: "IDs", total: test.total}
				for _, step := range test.steps {
					time.Sleep(step.after)
					assert.Equal(t, step.want, line.render(step.done))
				}
			})
		})
	}
}

func TestTheProgressLineNotesWhatIsNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Counts
		assert.Empty(t, c.notes())
		c.retries.Store(1)
		c.Failed.Store(50)
		c.waitUntil.Store(time.Now().Add(900 * time.Millisecond).UnixNano())
		assert.Equal(t, ", 1 retry, 50 failed, waiting 0.9s", c.notes())
		time.Sleep(time.Second)
		assert.Equal(t, ", 1 retry, 50 failed", c.notes())
	})
}
