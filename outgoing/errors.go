package outgoing

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The kinds of error, to be asked for with errors.Is. An *APIError matches the one of its status.
var (
	ErrBadRequest         = errors.New("bad request")         // 400
	ErrUnauthorized       = errors.New("unauthorized")        // 401: the token is not accepted
	ErrForbidden          = errors.New("forbidden")           // 403: the token does not allow this
	ErrNotFound           = errors.New("not found")           // 404
	ErrRateLimited        = errors.New("rate limited")        // 429
	ErrServer             = errors.New("server error")        // 5xx
	ErrUnexpectedResponse = errors.New("unexpected response") // a success status whose body or form breaks the contract; a 3xx
	ErrInvalidArgument    = errors.New("invalid argument")    // nothing was sent
	ErrNotSent            = errors.New("not sent")            // this part of the call was not sent; see also NotSent
	ErrDrift              = errors.New("history drifted")     // see All
	ErrIncomplete         = errors.New("history incomplete")  // All delivered what it was shown, and the gateway's counts speak of more
)

// APIError means that the gateway answered, and that the answer is no usable success. It matches the sentinel of its
// status: ErrNotFound for a 404, ErrServer for any 5xx, and so on. Neither its text nor its fields hold the token, even
// if the gateway echoed it.
type APIError struct {
	Method, Path string        // "GET", "/messages/{ids}": the template, good for a metric's label
	StatusCode   int           // of the HTTP answer, whatever the body says
	Problem      Problem       // zero if the body was no problem document (RFC 9457)
	Body         []byte        // at most 64 KiB
	Header       http.Header   // a copy
	RetryAfter   time.Duration // as the gateway asked; 0 if it did not
	Attempts     int           // HTTP attempts made, this one included

	cause     error // why a success status is no success
	isProblem bool  // the body was a problem document, if perhaps one without members
}

// Error is one line of at most 512 bytes: method, path template, status, title, detail, code and attempts.
func (e *APIError) Error() string {
	var head, tail strings.Builder
	fmt.Fprintf(&head, "outgoing: %.16s %.64s: %d", e.Method, e.Path, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		head.WriteString(" " + text)
	}
	tail.WriteString(" (")
	if e.Problem.Code != "" {
		tail.WriteString("code " + clip(e.Problem.Code, 64) + ", ")
	}
	tail.WriteString(plural(e.Attempts, "attempt"))
	if e.RetryAfter > 0 {
		tail.WriteString(", retry after " + e.RetryAfter.String())
	}
	tail.WriteString(")")

	title := e.Problem.Title
	if title == http.StatusText(e.StatusCode) { // which is there already
		title = ""
	}
	for _, part := range []string{e.reason(), clip(title, 120), e.Problem.Detail} {
		if room := maxErrorText - head.Len() - tail.Len() - len(": "); part != "" && room > 0 {
			head.WriteString(": " + clip(part, room))
		}
	}
	return head.String() + tail.String()
}

func (e *APIError) reason() string {
	if e.cause == nil {
		return ""
	}
	return bare(e.cause)
}

// Unwrap gives the sentinel of the status, and why the answer of a success status could not be used.
func (e *APIError) Unwrap() []error {
	var errs []error
	if s := sentinel(e.StatusCode); s != nil {
		errs = append(errs, s)
	}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

func sentinel(status int) error {
	switch {
	case status == http.StatusBadRequest:
		return ErrBadRequest
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= 500 && status <= 599:
		return ErrServer
	case status < 400 || status > 599:
		return ErrUnexpectedResponse
	}
	return nil
}

// refusesToken reports whether the token is to blame: then no other request with it will do better.
func (e *APIError) refusesToken() bool {
	return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden
}

// isAboutCaller reports whether the gateway turned the request away for who sent it, or how often, whatever it asked for.
func (e *APIError) isAboutCaller() bool {
	return e.refusesToken() || e.StatusCode == http.StatusTooManyRequests
}

// isMissing reports whether the gateway itself said that there is no such thing: a 404 with a problem document. Another
// server or a proxy answers 404 without one.
func (e *APIError) isMissing() bool {
	return e.StatusCode == http.StatusNotFound && e.isProblem
}
