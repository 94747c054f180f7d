package outgoing

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/history"
	"github.com/gsmservice-gateway/client-go/internal/ratelimit"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// Sentinel errors, for errors.Is. An *[APIError] matches its status's, if any.
var (
	ErrBadRequest         = errors.New("bad request")         // 400
	ErrUnauthorized       = errors.New("unauthorized")        // 401: the token is not accepted
	ErrForbidden          = errors.New("forbidden")           // 403: the token does not allow this
	ErrNotFound           = errors.New("not found")           // 404
	ErrRateLimited        = errors.New("rate limited")        // 429
	ErrServer             = errors.New("server error")        // 5xx
	ErrUnexpectedResponse = errors.New("unexpected response") // a 2xx that breaks the contract, or a 3xx
	ErrInvalidArgument    = errors.New("invalid argument")    // nothing was sent
	ErrNotSent            = errors.New("not sent")            // this part of the call was not sent
	ErrDrift              = history.ErrDrift                  // the history changed faster than All could follow
	ErrIncomplete         = history.ErrIncomplete             // the gateway counts more messages than All was shown
)

// APIError is an answer of the gateway that is not a usable success. It matches the sentinel of its status. Neither
// its text nor its fields hold the token, even if the gateway echoed it.
type APIError struct {
	Method, Path string        // "GET", "/messages/{ids}": the template, good for a metric's label
	StatusCode   int           // of the HTTP answer, whatever the body says
	Problem      Problem       // zero if the body was not a problem document (RFC 9457)
	Body         []byte        // at most 64 KiB
	Header       http.Header   // a copy
	RetryAfter   time.Duration // as the gateway asked; 0 if it did not
	Attempts     int           // HTTP attempts made, this one included

	cause     error // why a success status is not a success
	isProblem bool  // the body was a problem document, perhaps one without members
}

func (e *APIError) Error() string {
	status := http.StatusText(e.StatusCode)
	text := strings.TrimSuffix(fmt.Sprintf("%.16s %.64s: %d %s", e.Method, e.Path, e.StatusCode, status), " ")
	end := errline.Plural(e.Attempts, "attempt")
	if e.Problem.Code != "" {
		end = "code " + errline.Clip(e.Problem.Code, 64) + ", " + end
	}
	if e.RetryAfter > 0 {
		end += ", retry after " + e.RetryAfter.String()
	}
	var parts []string
	if e.cause != nil {
		parts = append(parts, errline.Text(e.cause))
	}
	if e.Problem.Title != status { // which is there already
		parts = append(parts, errline.Clip(e.Problem.Title, 120))
	}
	isHTML, isProblem := bytes.HasPrefix(bytes.TrimSpace(e.Body), []byte("<")), e.isProblem || e.Problem != Problem{}
	if e.StatusCode == http.StatusOK && isHTML || e.StatusCode == http.StatusNotFound && !isProblem {
		parts = append(parts, "this is no answer of the gateway: the base URL may be wrong, or a proxy answered")
	}
	for _, part := range append(parts, e.Problem.Detail) {
		if room := errline.Max - len(text) - len(end) - len(":  ()"); part != "" && room > 0 {
			text += ": " + errline.Clip(part, room)
		}
	}
	return errline.Prefix + text + " (" + end + ")"
}

func (e *APIError) Unwrap() []error {
	return slices.DeleteFunc([]error{sentinel(e.StatusCode), e.cause}, func(err error) bool { return err == nil })
}

var sentinels = map[int]error{400: ErrBadRequest, 401: ErrUnauthorized, 403: ErrForbidden, 404: ErrNotFound, 429: ErrRateLimited}

func sentinel(status int) error {
	switch status / 100 {
	case 4:
		return sentinels[status]
	case 5:
		return ErrServer
	}
	return ErrUnexpectedResponse
}

// noneKnown reports whether the answer is that the gateway knows no such message or page: a 404 with a problem document.
// Another server or a proxy answers 404 without one. The receiver may be nil.
func (e *APIError) noneKnown() bool {
	return e != nil && e.StatusCode == http.StatusNotFound && e.isProblem
}

// blamesIDs reports whether one of the IDs may be why the request as a whole failed: the gateway blames the request, fails
// at it again and again, or writes something that is not JSON. The receiver may be nil.
func (e *APIError) blamesIDs() bool {
	if e == nil {
		return false
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusRequestURITooLong, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return true
	}
	return e.StatusCode == http.StatusOK && errors.Is(e.cause, rows.ErrSyntax)
}

// refusesToken reports whether the token was refused, as it will be with every other request.
func (e *APIError) refusesToken() bool {
	return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden
}

// isPermanent reports whether the gateway will answer the same request in the same way again: a 4xx that is not about the
// caller, a timeout, or another server.
func (e *APIError) isPermanent() bool {
	return e.StatusCode/100 == 4 && !e.isCallerError() && e.StatusCode != http.StatusNotFound && e.StatusCode != http.StatusRequestTimeout
}

// isCallerError reports whether the gateway refused the caller, or how often it sends, and not what the request asked
// for.
func (e *APIError) isCallerError() bool {
	return e.refusesToken() || e.StatusCode == http.StatusTooManyRequests
}

// answerOf returns the answer that ended a request with this error; nil if something else did. An answer deeper in the error is
// none to this request, or not the last one: errors of a caller's transport and token source may hold any.
func answerOf(err error) *APIError {
	answer, _ := err.(*APIError) //nolint:errorlint // see above
	return answer
}

// newAPIError returns the answer as an error. Nothing in it shares memory with the reply, and nothing in it is the token.
func newAPIError(req transport.Request, r *transport.Reply, cause error) error {
	if cause == nil && r.Status/100 == 3 && r.Status != http.StatusNotModified {
		cause = errors.New("redirects are not followed")
	}
	p, ok := rows.ParseProblem(r.Body, r.Header.Get("Content-Type"))
	return &APIError{
		Method:     req.Method,
		Path:       req.Path,
		StatusCode: r.Status,
		Problem:    *r.Redact.Problem(&p),
		Body:       r.Redact.Bytes(r.Body, transport.MaxErrorBody),
		Header:     r.Redact.Header(r.Header),
		RetryAfter: r.RetryAfter,
		Attempts:   r.Attempt,
		cause:      cause,
		isProblem:  ok,
	}
}

// BatchError names every ID that a call could not settle, once, in the order asked. The result with it is good. It
// matches what its failures do.
type BatchError struct{ Failures []Failure }

// Failure is a part of a call that failed for one reason. IDs is empty for a row of a page without a readable ID.
type Failure struct {
	IDs []int64
	Err error
}

func (e *BatchError) Error() string {
	text := errline.Plural(len(e.Failures), "row") + " not readable"
	if n := len(e.IDs()); n > 0 {
		text = errline.Plural(n, "ID") + " not settled"
	}
	if len(e.Failures) == 0 {
		return errline.Prefix + text
	}
	first, more := e.Failures[0], ""
	if n := len(e.Failures) - 1; n > 0 {
		more = "; and " + errline.Plural(n, "more failure")
	}
	if n := len(first.IDs); n > 0 {
		text += fmt.Sprintf(": ID %d", first.IDs[0])
		if n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
	}
	if first.Err != nil {
		text += ": " + errline.Clip(errline.Text(first.Err), errline.Max-len(text)-len(more)-len(": "))
	}
	return errline.Prefix + text + more
}

// IDs returns the IDs of all failures, in the order asked.
func (e *BatchError) IDs() []int64 {
	var ids []int64
	for _, f := range e.Failures {
		ids = append(ids, f.IDs...)
	}
	return ids
}

func (e *BatchError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// RetryAfter returns how long to wait before a call that ended in err is worth repeating: the longest wait that the
// gateway asked for, or that is left of a hold; 0 and false if nothing in err says.
func RetryAfter(err error) (time.Duration, bool) {
	var wait time.Duration
	var inner []error
	switch e := err.(type) { //nolint:errorlint // the whole tree is walked
	case *APIError:
		wait, inner = e.RetryAfter, e.Unwrap()
	case *ratelimit.HeldError: // and not what another request was told when the hold began
		wait = time.Until(e.Until)
	case interface{ Unwrap() error }:
		inner = []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	}
	for _, err := range inner {
		w, _ := RetryAfter(err)
		wait = max(wait, w)
	}
	return max(wait, 0), wait > 0
}

func invalid(what string) error {
	return errline.New("invalid argument: "+what, ErrInvalidArgument)
}

// notSent returns an error that says that a part of a call was not sent, and why.
func notSent(cause error) error {
	return errline.Wrap("not sent", cause, ErrNotSent)
}

// unexpected returns the error of a part of an answer that breaks the contract.
func unexpected(reason error) error {
	return errline.New(errline.Text(reason), ErrUnexpectedResponse, reason)
}
