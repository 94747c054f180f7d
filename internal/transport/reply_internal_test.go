package transport

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/redact"
)

// greedy is a body without end, which fills what it is given, and remembers how much that was.
type greedy struct{ read int }

func (b *greedy) Read(p []byte) (int, error) {
	b.read += len(p)
	return len(p), nil
}

func TestR8_ALargeBufferDoesNotMakeMoreOfABodyBeRead(t *testing.T) {
	for _, limit := range []int{MaxErrorBody + redact.MaxToken, maxBody, MaxErrorBody + redact.MaxToken, 100} {
		body, r := &greedy{}, &Reply{}
		r.readBody(t.Context(), body, limit)
		require.ErrorIs(t, r.Broken, errTooLarge)
		assert.Len(t, r.Body, limit)
		assert.Equal(t, limit+1, body.read, "one byte more, to know that there is one")
		r.release()
	}
}

// A last step from the limit to one byte more would hold the body twice.
func TestE4_ABufferGrowsToItsLimitWithoutHoldingTheBodyTwice(t *testing.T) {
	for range 3 { // the buffers of the first are used again
		r := &Reply{}
		r.readBody(t.Context(), &greedy{}, maxBody)
		assert.LessOrEqual(t, r.buffer.Cap(), maxBody+maxBody/8)
		r.release()
	}
}

func TestR8_ABodyThatFitsIsReadAsAWhole(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100} {
		r := &Reply{}
		r.readBody(t.Context(), io.LimitReader(&greedy{}, int64(n)), 100)
		require.NoError(t, r.Broken)
		assert.Len(t, r.Body, n)
		r.release()
	}
}
