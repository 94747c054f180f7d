package terminal

import (
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The outcomes of a cancel are printed to the end, however long that takes, as long as someone reads them.
func TestASecondInterruptWaitsForASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noEnv := func(string) (string, bool) { return "", false }
		screen := NewScreen(nil, io.Discard, io.Discard, noEnv)
		var left atomic.Bool
		screen.WhenStalled(func() { left.Store(true) })
		for range 10 {
			time.Sleep(MaxStall - time.Millisecond)
			_, err := screen.Out().Write([]byte("43456,not sent,,interrupted\n"))
			require.NoError(t, err)
		}
		time.Sleep(MaxStall - time.Millisecond)
		synctest.Wait()
		assert.False(t, left.Load(), "the results were read until a moment ago")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.True(t, left.Load())
	})
}
