package transport

import (
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
}

// readReply reads the body and closes it. cancel ends the attempt.
func readReply(ctx context.Context, res *http.Response, r *Reply, cancel context.CancelFunc) {
	defer res.Body.Close()
	r.Status, r.Header, r.RetryAfter = res.StatusCode, res.Header, retry.After(res.Header, time.Now())
	if r.Status == http.StatusOK {
		r.read(ctx, res.Body, maxBody)
		return
	}
	if r.Status < http.StatusOK { // the body of a 101 is the raw connection; reading it ignores the context
		res.Body = http.NoBody
	}
	defer time.AfterFunc(errorGrace, cancel).Stop()
	r.read(ctx, res.Body, MaxErrorBody+redact.MaxToken)
	if errors.Is(r.Broken, ErrTooLarge) { // drained so that the connection is used again, as go-retryablehttp does
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxDrained))
	}
}

var (
	// ErrTooLarge means that a body is larger than is read.
	ErrTooLarge = errors.New("the body is larger than anything that the contract describes")
	errCorrupt  = errors.New("the body cannot be decompressed")
)

// read reads the body, at most limit bytes of it, and records why it is not whole.
func (r *Reply) read(ctx context.Context, body io.Reader, limit int) {
	var err error
	r.Body, err = readLimited(body, bodies.Get().([]byte)[:0], limit)
	switch {
	case err == io.EOF: //nolint:errorlint // io.Reader promises the bare value
	case errors.Is(err, ErrTooLarge):
		r.Broken = ErrTooLarge
	case ctx.Err() != nil:
		r.Broken = BrokeOff(errline.Context(ctx))
	case isCorrupt(err):
		r.Broken = errCorrupt
	default:
		r.Broken = BrokeOff(r.Redact.Error(redact.Quotes(err)))
	}
}

// CheckUsable returns why nothing of a 200 can be read; nil if something can, even if it broke off.
func (r *Reply) CheckUsable() error {
	if r.Broken != nil && !errors.Is(r.Broken, io.ErrUnexpectedEOF) {
		return r.Broken
	}
	return nil
}

// BrokeOff returns the error of a body that was cut off. It matches io.ErrUnexpectedEOF, whatever the connection said.
func BrokeOff(reason error) error {
	return errline.Wrap("the body broke off", reason, io.ErrUnexpectedEOF)
}

// readLimited reads body to its end, or limit bytes of it, and returns them with the error that ended it: io.EOF, ErrTooLarge,
// or another. One byte more than the limit is read, to know that there is one, and no further byte, however large a buffer of
// the pool is. A full buffer doubles, and takes its last step at half of the limit: the old one and the new one are held
// together.
func readLimited(body io.Reader, buffer []byte, limit int) ([]byte, error) {
	most := limit + 1
	for {
		if len(buffer) == cap(buffer) {
			size := max(2*cap(buffer), 4<<10)
			if size > most/2 {
				size = most
			}
			buffer = append(make([]byte, 0, size), buffer...)
		}
		n, err := body.Read(buffer[len(buffer):min(cap(buffer), most)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case len(buffer) > limit:
			return buffer[:limit], ErrTooLarge
		case err != nil:
			return buffer, err
		}
	}
}

func isCorrupt(err error) bool {
	_, deflate := errors.AsType[flate.CorruptInputError](err)
	return deflate || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

// release gives the body's buffer to the next reply.
func (r *Reply) release() {
	if cap(r.Body) <= maxPooled {
		bodies.Put(r.Body) //nolint:staticcheck // one small allocation, for a buffer saved
	}
	r.Body = nil
}

const maxPooled = 1 << 20 // one huge answer must not stay in memory

var bodies = sync.Pool{New: func() any { return make([]byte, 0, 32<<10) }}
