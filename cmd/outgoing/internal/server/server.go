// Package server serves the gateway double over HTTP: it reads faults and messages, logs requests, makes messages move on and
// sends callbacks.
package server

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// New returns a server of the gateway. A write has no time limit: --latency or a fault's delay may be of any length.
func New(gateway http.Handler, out io.Writer) *http.Server {
	return &http.Server{
		Handler:           logged(gateway, out),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(out, "", 0),
	}
}

// logged returns a handler that writes a line for each request, once it is answered. Headers are left out: one of them
// is the token. As at the real gateway there is nothing outside of /rest and /rest-sandbox.
func logged(gateway http.Handler, out io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, method, answer, end := time.Now(), r.Method, &response{ResponseWriter: w}, ", broken off"
		defer func() {
			result := fmt.Sprintf("%d %s%s", answer.status, http.StatusText(answer.status), end)
			switch {
			case answer.status == 0 && r.Context().Err() != nil:
				result = "client left"
			case answer.status == 0:
				result = "dropped"
			}
			_, _ = fmt.Fprintf(out, "%s  %s %s  %s  %s\n", begun.Format(time.TimeOnly), method,
				display.Printable(r.URL.RequestURI()), result, time.Since(begun).Round(100*time.Microsecond))
		}()
		if r.Method == http.MethodHead {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet // net/http leaves the body out, since it knows what was asked
		}
		if strings.HasPrefix(r.URL.Path, "/rest/") || strings.HasPrefix(r.URL.Path, "/rest-sandbox/") {
			gateway.ServeHTTP(answer, r)
		} else {
			http.Error(answer, "404 page not found: paths begin with /rest or /rest-sandbox", http.StatusNotFound)
		}
		end = ""
	})
}

// response records its status. The gateway says WriteHeader before it writes anything.
type response struct {
	http.ResponseWriter
	status int
}

func (r *response) WriteHeader(status int) {
	r.status = cmp.Or(r.status, status)
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }
