package outgoing

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

	rows "github.com/gsmservice-gateway/client-go/internal/oldrows"
)

// How much of a response is read, after decompression.
const (
	maxBody      = 8 << 20         // of a 200; a page of 50 messages has some 20 KiB
	maxErrorBody = 64 << 10        // of any other answer, for its APIError
	maxToken     = 16 << 10        // read after that, so that a token across the cut is recognised
	maxDrained   = 256 << 10       // read and discarded after that, so that the connection can be used again
	errorGrace   = 5 * time.Second // for the body of an error, whose status is known already
)

// response is an answer, read as far as it came. Its body is good until release.
type response struct {
	status int
	header http.Header
	url    *url.URL // of the request
	body   []byte
	broken error // why the body is not whole; nil if it is
	redact redactor
}

// readResponse reads the body and closes it. giveUp ends the attempt.
func readResponse(ctx context.Context, res *http.Response, requested *url.URL, giveUp context.CancelFunc, redact redactor) *response {
	defer res.Body.Close()
	r := &response{status: res.StatusCode, header: res.Header, url: requested, redact: redact}
	if r.status == http.StatusOK {
		r.read(ctx, res.Body, maxBody)
		return r
	}
	if r.status < http.StatusOK { // the body of a 101 is the raw connection; reading it ignores the context
		res.Body = http.NoBody
	}
	defer time.AfterFunc(errorGrace, giveUp).Stop()
	r.read(ctx, res.Body, maxErrorBody+maxToken)
	if errors.Is(r.broken, errTooLarge) {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxDrained))
	}
	return r
}

var errTooLarge = errors.New("the body is larger than anything that the contract describes")

// read reads the body, at most limit bytes of it, and notes why it is not whole.
func (r *response) read(ctx context.Context, body io.Reader, limit int) {
	var err error
	r.body, err = readLimited(body, bodies.Get().([]byte)[:0], limit)
	switch {
	case err == io.EOF: //nolint:errorlint // io.Reader promises the bare value
	case errors.Is(err, errTooLarge):
		r.broken = errTooLarge
	case ctx.Err() != nil:
		r.broken = brokeOff(contextError(ctx))
	case isCorrupt(err):
		r.broken = errCorrupt
	default:
		r.broken = brokeOff(r.redact.error(withoutQuotes(err)))
	}
}

// readLimited reads body to its end, or limit bytes of it, and returns them with the error that ended it: io.EOF or
// errTooLarge, or another. One byte more than the limit is read, to know that there is one, and no further byte, however
// large a buffer of the pool is. A full buffer doubles, and takes its last step at half of the limit: the old one and the
// new one are held together.
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
			return buffer[:limit], errTooLarge
		case err != nil:
			return buffer, err
		}
	}
}

var errCorrupt = errors.New("the body cannot be decompressed")

func isCorrupt(err error) bool {
	_, deflate := errors.AsType[flate.CorruptInputError](err)
	return deflate || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

// release gives the body's buffer to the next response.
func (r *response) release() {
	if cap(r.body) <= maxPooled {
		bodies.Put(r.body) //nolint:staticcheck // one small allocation, for a buffer saved
	}
	r.body = nil
}

const maxPooled = 1 << 20 // one huge answer must not stay in memory

var bodies = sync.Pool{New: func() any { return make([]byte, 0, 32<<10) }}

// withoutBOM is the body as JSON.
func (r *response) withoutBOM() []byte { return rows.WithoutBOM(r.body) }
