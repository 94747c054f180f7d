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

// logRequests writes a line for each request, once it is answered. Headers are left out: one of them is the token.
func logRequests(next http.Handler, log io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		answer := &answerRecorder{ResponseWriter: w}
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
		next.ServeHTTP(answer, r)
		returned = true
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

type answerRecorder struct {
	http.ResponseWriter
	status int
}

func (a *answerRecorder) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answerRecorder) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answerRecorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }
