package outgoing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestW6_AGateHoldsBackUntilItOpensOrTheContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var none *gate
		assert.False(t, none.wait(t.Context()), "an operation without one")

		g := new(gate)
		assert.False(t, g.wait(t.Context()), "it is open")

		start := time.Now()
		g.close()
		time.AfterFunc(time.Second, g.open)
		assert.True(t, g.wait(t.Context()))
		assert.Equal(t, time.Second, time.Since(start))
		assert.False(t, g.wait(t.Context()), "it is open again")

		g.close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.True(t, g.wait(ctx))
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}
