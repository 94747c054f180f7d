// Package server serves the gateway double over HTTP: it reads faults from the command line, logs requests and times writes.
package server

import (
	"io"
	"net/http"
	"time"
)

// writeTimeout is how long a client may take to read an answer.
const writeTimeout = 30 * time.Second

// New returns a server of the gateway that logs each request.
func New(gateway http.Handler, log io.Writer) *http.Server {
	return &http.Server{
		Handler:           logRequests(timeWrites(gateway), log),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// timeWrites starts the write timeout with the first byte of the answer. net/http starts it with the request, and a --latency
// or a fault's delay may be longer than that.
func timeWrites(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &writeTimer{ResponseWriter: w}
		t.setDeadline(time.Time{}) // now: one that has passed cannot be moved
		next.ServeHTTP(t, r)
		t.begin() // an empty answer is written after the handler has returned
	})
}

type writeTimer struct {
	http.ResponseWriter
	begun bool
}

func (t *writeTimer) begin() {
	if !t.begun {
		t.begun = true
		t.setDeadline(time.Now().Add(writeTimeout))
	}
}

func (t *writeTimer) setDeadline(deadline time.Time) {
	_ = http.NewResponseController(t.ResponseWriter).SetWriteDeadline(deadline) // each connection of net/http has one
}

func (t *writeTimer) WriteHeader(status int) {
	t.begin()
	t.ResponseWriter.WriteHeader(status)
}

func (t *writeTimer) Write(p []byte) (int, error) {
	t.begin()
	return t.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (t *writeTimer) Unwrap() http.ResponseWriter { return t.ResponseWriter }
