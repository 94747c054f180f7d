package outgoing

import (
	"bytes"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// newAPIError is the answer as an error. Nothing in it shares memory with the response, and nothing in it is the token.
func newAPIError(req request, r *response, n int, cause error) *APIError {
	if cause == nil && r.status/100 == 3 {
		cause = errRedirect
	}
	return &APIError{
		Method:     req.Method,
		Path:       req.path,
		StatusCode: r.status,
		Problem:    r.clean.problem(parseProblem(r.withoutBOM(), r.header)),
		Body:       r.clean.cut(r.body, maxErrorBody),
		Header:     r.clean.header(r.header),
		RetryAfter: retryAfter(r.header, time.Now()),
		Attempts:   n,
		cause:      cause,
	}
}

var errRedirect = errors.New("redirects are not followed")

// parseProblem reads a problem document (RFC 9457); the zero Problem means that the body is none. It is one if it is
// served as one, or, since a proxy may rewrite that, if it is an object with a title. Members of the wrong type are left
// out, as the RFC asks; numbers and strings stand in for each other.
func parseProblem(body []byte, h http.Header) Problem {
	var members map[string]jsontext.Value
	if len(body) > maxErrorBody || json.Unmarshal(body, &members, harmless) != nil {
		return Problem{}
	}
	contentType, _ := singleValue(h, "Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType)
	title := problemText(members["title"])
	if mediaType != "application/problem+json" && title == "" {
		return Problem{}
	}
	status, err := strconv.ParseInt(problemText(members["status"]), 10, 64)
	if err != nil || status < 0 || status > math.MaxInt32 {
		status = 0
	}
	return Problem{
		Type:     problemText(members["type"]),
		Status:   int(status),
		Title:    title,
		Detail:   problemText(members["detail"]),
		Code:     problemText(members["code"]),
		Instance: problemText(members["instance"]),
	}
}

// problem is one row's problem without the token; nil if there is none.
func (r *response) problem(p *Problem) *Problem {
	if p == nil {
		return nil
	}
	return new(r.clean.problem(*p))
}

func problemText(member jsontext.Value) string {
	switch member.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, member)
		if err != nil { // an invalid character: what was read of it is still worth having
			text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
		}
		return string(text)
	case '0':
		return member.String()
	}
	return ""
}
