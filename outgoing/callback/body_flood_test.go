package callback_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// stalled is a body that stops after so many bytes, and then breaks off when the server has had enough.
type stalled struct {
	left   int
	broken <-chan struct{}
}

func (b *stalled) Read(p []byte) (int, error) {
	if b.left == 0 {
		<-b.broken
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p[:min(len(p), b.left)], blanks)
	b.left -= n
	return n, nil
}

var blanks = bytes.Repeat([]byte(" "), 1<<20)

func (*stalled) Close() error { return nil }

// 400 bodies that stop before their end held 454 MiB when a body could have a MiB.
func TestK7_400StalledBodiesHoldLittleMemoryAndNoPlace(t *testing.T) {
	for name, size := range map[string]int{"as much as a body may have": 128<<10 - 1, "more": 1<<20 - 1, "a byte": 1} {
		synctest.Test(t, func(t *testing.T) {
			gateway := outgoingtest.NewGateway()
			id := gateway.Add(outgoing.Message{StatusCode: "SENT"})[0]
			s := new(store)
			h := newHandler(t, s.save, callback.WithoutToken(), callback.WithConfirmation(gateway.Client()), callback.WithLimit(1))
			before := heap()
			var senders sync.WaitGroup
			broken := make(chan struct{})
			for range 400 {
				senders.Go(func() {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
					r.Body, r.ContentLength = &stalled{size, broken}, -1
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					assert.Contains(t, []int{400, 413}, w.Code)
				})
			}
			synctest.Wait()
			held := heap() - before
			t.Logf("%s: %d MiB", name, held>>20)
			assert.Less(t, held, int64(90<<20), name)
			err := gateway.Notify(t.Context(), h, "", id)
			close(broken)
			senders.Wait()
			require.NoError(t, err, "the one place is free")
			assert.Equal(t, 1, s.calls)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
