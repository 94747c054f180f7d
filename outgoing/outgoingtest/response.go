package outgoingtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// responseWriter keeps what a handler answers.
type responseWriter struct {
	header http.Header
	sent   http.Header
	status int
	body   []byte
}

// Header is what will be sent, until the status is.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader sends the status and the header. Later calls do nothing.
func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write sends more of the body.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, p...)
	return len(p), nil
}

// Flush has nothing to do: whatever is written counts as sent.
func (w *responseWriter) Flush() {}

// response returns what a client makes of it.
func (w *responseWriter) response(req *http.Request, aborted bool) *http.Response {
	w.WriteHeader(http.StatusOK)
	header := w.sent
	if _, ok := header["Date"]; !ok {
		header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	for key, values := range header {
		if len(values) == 0 {
			delete(header, key)
		}
	}
	body := &body{ctx: req.Context(), broken: aborted}
	length := int64(-1)
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		length = n
		body.broken = int64(len(w.body)) < n
		w.body = w.body[:min(int64(len(w.body)), n)]
	}
	if !bodyAllowed(w.status) {
		length, body.broken = 0, false
	}
	body.rest.Reset(w.body)
	return &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          body,
		ContentLength: length,
		Request:       req,
	}
}

// body is the body of a response as if read from a connection.
type body struct {
	ctx    context.Context
	rest   bytes.Reader
	broken bool
	closed bool
}

// Read ends where the body does, where the connection broke, or with the request's context.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.ctx.Err() != nil:
		return 0, context.Cause(b.ctx)
	}
	n, err := b.rest.Read(p)
	if errors.Is(err, io.EOF) && b.broken {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// Close makes every further Read fail.
func (b *body) Close() error {
	b.closed = true
	return nil
}
