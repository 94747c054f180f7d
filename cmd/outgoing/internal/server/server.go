// Package server serves the gateway double over HTTP: it reads faults from the command line, logs requests,
// times writes, makes messages move on and sends callbacks.
package server

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// writeTimeout is how long a client may take to read an answer.
const writeTimeout = 30 * time.Second

// New returns a server of the gateway that logs each request.
func New(gateway http.Handler, log io.Writer) *http.Server {
	return &http.Server{
		Handler:           serve(gateway, log),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// serve writes a line for each request, once it is answered. Headers are left out: one of them is the token.
func serve(gateway http.Handler, log io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		answer := &response{ResponseWriter: w}
		answer.setDeadline(time.Time{}) // now: one that has passed cannot be moved
		returned := false
		defer func() {
			status := "dropped"
			if answer.status != 0 {
				status = fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status))
				if !returned {
					status += ", broken off"
				}
			}
			_, _ = fmt.Fprintf(log, "%s  %s %s  %s  %s\n", begun.Format(time.TimeOnly), r.Method, target(r.URL), status,
				time.Since(begun).Round(100*time.Microsecond))
		}()
		gateway.ServeHTTP(answer, r)
		returned = true
		answer.startTimeout() // an empty answer is written after the handler has returned
	})
}

// target is what a request asks for, without the third and more of its IDs.
func target(u *url.URL) string {
	text := u.RequestURI()
	if ids := strings.Split(text, ","); len(ids) > 3 {
		text = fmt.Sprintf("%s,%s,...(%d IDs)", ids[0], ids[1], len(ids))
	}
	return display.Printable(text)
}

// response records its status, and starts the write timeout with the first byte. net/http starts it with the request, and a
// --latency or a fault's delay may be longer than that.
type response struct {
	http.ResponseWriter
	status int
	timed  bool
}

func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.startTimeout()
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.startTimeout()
	return r.ResponseWriter.Write(p)
}

func (r *response) startTimeout() {
	if !r.timed {
		r.timed = true
		r.setDeadline(time.Now().Add(writeTimeout))
	}
}

func (r *response) setDeadline(deadline time.Time) {
	_ = http.NewResponseController(r.ResponseWriter).SetWriteDeadline(deadline) // each connection of net/http has one
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }
