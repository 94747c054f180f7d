package outgoing_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// most is what a call may take: three times the 8 MiB of a response that are read (E4).
const most = 3 * 8 << 20

// peak runs work and returns by how much the heap grew meanwhile. How much garbage there is beside is the program's
// choice (GOGC), so it is collected all the time here: what is seen is what is held.
func peak(work func()) int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	held := func() int64 {
		runtime.GC()
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	start, highest := held(), int64(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	for {
		highest = max(highest, held()-start)
		select {
		case <-done:
			return highest
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// repeated is a text again and again.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	return len(p), nil
}

func TestE4_NoMoreThan8MiBOf400AreHeld(t *testing.T) {
	squeeze := func(r io.Reader) string {
		var b strings.Builder
		zip := gzip.NewWriter(&b)
		_, err := io.Copy(zip, r)
		require.NoError(t, err)
		require.NoError(t, zip.Close())
		return b.String()
	}
	// A member after a member is valid gzip.
	zipped := squeeze(strings.NewReader("[")) + strings.Repeat(squeeze(&io.LimitedReader{R: &repeated{" ", 0}, N: 4 << 20}), 100)

	bodies := map[string]func() io.Reader{
		"": func() io.Reader {
			return io.MultiReader(strings.NewReader("["), io.LimitReader(&repeated{" ", 0}, 400<<20))
		},
		"gzip": func() io.Reader { return strings.NewReader(zipped) },
	}
	statuses := []int{200, 400}
	if full() {
		statuses = append(statuses, 500)
	}
	for encoding, body := range bodies {
		for _, status := range statuses {
			if !full() && (encoding == "") == (status == 200) {
				continue
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if encoding != "" {
					w.Header().Set("Content-Encoding", encoding)
				}
				w.WriteHeader(status)
				_, _ = io.Copy(w, body())
			}))
			client := rawClient(t, server.URL, once)
			t.Run(encoding+" "+http.StatusText(status), func(t *testing.T) {
				for op, call := range operations(t, client) {
					var err error
					grown := peak(func() { err = call() })
					assertLine(t, err)
					require.ErrorIs(t, err, sentinelOf(status), op)
					if status == 200 {
						require.ErrorContains(t, err, "larger than", op)
					}
					assert.Less(t, grown, int64(most), op)
				}
			})
			server.Close()
		}
	}
}

func TestE4_ManyAndHugeRowsStayWithinBounds(t *testing.T) {
	notForRaces(t)
	const limit = 8 << 20
	tests := []struct{ name, before, filling, after string }{
		{"a million odd rows", `[{"id":"1"}`, `,{"id":"1"}`, "]"},
		{"a million tiny rows", `[{"a":0}`, `,{"a":0}`, "]"},
		{"a million repeated rows", `[{"id":1}`, `,{"id":1}`, "]"},
		{"a huge field that is no UTF-8", `[{"id":1,"status_description":"`, "\xff", `"}]`},
		{"a huge field, odd row", `[{"id":1,"status_description":"`, "x", `","parts":"1"}]`},
		{"a huge field", `[{"id":1,"status_description":"`, "x", `"}]`},
		{"a huge field, bad row", `[{"id":1,"status_description":"`, "x", `","parts":[]}]`},
		{"a huge price", `[{"id":1,"price":0.`, "1", `}]`},
		{"a huge number", `[{"id":1,"parts":`, "1", `}]`},
		{"a huge unknown field", `[{"id":1,"x":[0`, ",0", `]}]`},
		{"a problem of tokens", `[{"id":1,"status":400,"error":{"detail":"`, testToken, `"}}]`},
		{"many names", `[{"id":1`, `,"` + strings.Repeat("x", 1000) + `":1`, `}]`},
		{"a huge problem", `[{"id":1,"status":400,"error":{"detail":"`, "x", `"}}]`},
	}
	for i, tt := range tests {
		if i%3 != 0 && !full() {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			n := (limit - len(tt.before) - len(tt.after)) / len(tt.filling) * len(tt.filling)
			if !full() && len(tt.filling) > 1 {
				n /= 8 * len(tt.filling)
				n *= len(tt.filling) // many rows are slow, and no larger than fewer
			}
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				body := io.MultiReader(strings.NewReader(tt.before), io.LimitReader(&repeated{tt.filling, 0}, int64(n)), strings.NewReader(tt.after))
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
			}), once)
			check := func(op string, call func() error) {
				var err error
				held := peak(func() { err = call() })
				if err != nil {
					assertLine(t, err)
					assert.NotContains(t, err.Error(), "larger than")
				}
				assert.LessOrEqual(t, held, int64(most+64<<10), op) // and what belongs to the test
				t.Logf("%s: %.1f MiB", op, float64(held)/(1<<20))
			}
			if strings.Contains(tt.before, "status\"") {
				check("cancel", func() error { _, err := client.CancelScheduled(t.Context(), ids(1)); return err })
				return
			}
			check("get", func() error { _, err := client.GetByIDs(t.Context(), ids(1)); return err })
		})
	}
}
