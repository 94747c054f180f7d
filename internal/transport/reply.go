package transport

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
)

// How much of a response is read, after decompression.
const (
	maxBody    = 8 << 20         // of a 200; a page of 50 messages has some 20 KiB
	maxDrained = 256 << 10       // read and discarded after an error, so that the connection can be used again
	errorGrace = 5 * time.Second // for the body of an error, whose status is known already

	// MaxErrorBody is how much of any other answer is kept.
	MaxErrorBody = 64 << 10
)

// Reply is an answer, read as far as it came. Its body is good until the function that was given the Reply returns.
type Reply struct {
	Status     int
	Header     http.Header
	URL        *url.URL // of the request
	Body       []byte
	Broken     error         // why the body is not whole; nil if it is
	RetryAfter time.Duration // as the gateway asked; 0 if it did not
	Attempt    int           // 1 for the first
	Redact     redact.Redactor

	buffer *bytes.Buffer // of the body
}

// read reads a response and closes its body. cancel ends the attempt.
func (r *Reply) read(ctx context.Context, res *http.Response, cancel context.CancelFunc) {
	defer res.Body.Close()
	r.Status, r.Header, r.RetryAfter = res.StatusCode, res.Header, retry.After(res.Header, time.Now())
	if r.Status == http.StatusOK {
		r.readBody(ctx, res.Body, maxBody)
		return
	}
	if r.Status < http.StatusOK { // the body of a 101 is the raw connection; reading it ignores the context
		res.Body = http.NoBody
	}
	defer time.AfterFunc(errorGrace, cancel).Stop()
	r.readBody(ctx, res.Body, MaxErrorBody+redact.MaxToken)
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxDrained)) // as go-retryablehttp does
}

var (
	errTooLarge = errors.New("the body is larger than anything that the contract describes")
	errCorrupt  = errors.New("the body cannot be decompressed")
)

// readBody reads at most limit bytes of the body, and one more to know that there is one, and records why it is not whole.
func (r *Reply) readBody(ctx context.Context, body io.Reader, limit int) {
	r.buffer = buffers.Get().(*bytes.Buffer)
	body = io.LimitReader(body, int64(limit)+1)
	_, err := r.buffer.ReadFrom(io.LimitReader(body, maxPooled))
	if r.buffer.Len() == maxPooled { // it doubled so far; a last step to the limit holds less of the body twice
		r.buffer.Grow(limit + 1 + bytes.MinRead - maxPooled)
		_, err = r.buffer.ReadFrom(body)
	}
	r.Body = r.buffer.Bytes()
	_, deflate := errors.AsType[flate.CorruptInputError](err)
	switch {
	case len(r.Body) > limit:
		r.Body, r.Broken = r.Body[:limit], errTooLarge
	case err == nil:
	case ctx.Err() != nil:
		r.Broken = brokeOff(errline.Context(ctx))
	case deflate, errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		r.Broken = errCorrupt
	default:
		r.Broken = brokeOff(r.Redact.Error(redact.Quotes(err)))
	}
}

// brokeOff returns the error of a body that was cut off. It matches io.ErrUnexpectedEOF, whatever the connection said.
func brokeOff(reason error) error {
	return errline.Wrap("the body broke off", reason, io.ErrUnexpectedEOF)
}

// release gives the body's buffer to the next reply.
func (r *Reply) release() {
	if r.buffer.Cap() <= maxPooled {
		r.buffer.Reset()
		buffers.Put(r.buffer)
	}
	r.Body = nil
}

const maxPooled = 1 << 20 // one huge answer must not stay in memory

var buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 32<<10)) }}
