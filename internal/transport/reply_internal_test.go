package transport

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/redact"
)

// greedy is a body without end, which fills what it is given, and remembers how much that was.
type greedy struct {
	read    int
	buffers []int // the sizes of the buffers that it was read into
}

func (b *greedy) Read(p []byte) (int, error) {
	if size := b.read + len(p); len(b.buffers) == 0 || b.buffers[len(b.buffers)-1] != size {
		b.buffers = append(b.buffers, size)
	}
	b.read += len(p)
	return len(p), nil
}

// pooled are sizes that a buffer from the pool may have.
var pooled = []int{0, 512, 4 << 10, 32 << 10, 64 << 10, MaxErrorBody + redact.MaxToken, MaxErrorBody + redact.MaxToken + 1, 96 << 10, 1 << 20}

func TestR8_ALargeBufferDoesNotMakeMoreOfABodyBeRead(t *testing.T) {
	for _, limit := range []int{MaxErrorBody + redact.MaxToken, maxBody} {
		for _, size := range pooled {
			body := &greedy{}
			got, err := readLimited(body, make([]byte, 0, size), limit)
			require.ErrorIs(t, err, ErrTooLarge)
			assert.Len(t, got, limit)
			assert.Equal(t, limit+1, body.read, "one byte more, to know that there is one (%d)", size)
		}
	}
}

// A last step from the limit to one byte more would hold the body twice.
func TestE4_ABufferGrowsToItsLimitWithoutHoldingTheBodyTwice(t *testing.T) {
	for _, limit := range []int{MaxErrorBody + redact.MaxToken, maxBody} {
		for _, size := range pooled {
			body := &greedy{}
			_, err := readLimited(body, make([]byte, 0, size), limit)
			require.ErrorIs(t, err, ErrTooLarge)
			for i := range body.buffers[1:] {
				old, grown := body.buffers[i], body.buffers[i+1]
				assert.LessOrEqual(t, old, max(limit/2+1, size), "from %d to %d of %d", old, grown, limit)
			}
		}
	}
}

func TestR8_ABodyThatFitsIsReadAsAWhole(t *testing.T) {
	for _, size := range pooled {
		for _, n := range []int{0, 1, 99, 100} {
			got, err := readLimited(io.LimitReader(&greedy{}, int64(n)), make([]byte, 0, size), 100)
			require.Equal(t, io.EOF, err)
			assert.Len(t, got, n)
		}
	}
}
