package outgoing

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// newAPIError is the answer as an error. Nothing in it shares memory with the response, and nothing in it is the token.
func newAPIError(req request, r *response, n int, cause error) *APIError {
	if cause == nil && r.status/100 == 3 && r.status != http.StatusNotModified {
		cause = errRedirect
	}
	problem, ok := parseProblem(r.withoutBOM(), r.header)
	return &APIError{
		Method:     req.Method,
		Path:       req.path,
		StatusCode: r.status,
		Problem:    r.redact.problem(problem),
		Body:       r.redact.cut(r.body, maxErrorBody),
		Header:     r.redact.header(r.header),
		RetryAfter: retryAfter(r.header, time.Now()),
		Attempts:   n,
		cause:      cause,
		isProblem:  ok,
	}
}

var errRedirect = errors.New("redirects are not followed")

// parseProblem reads a problem document (RFC 9457), and reports whether the body is one: an object that is served as one or,
// since a proxy may rewrite the type, has a title or a code like the gateway's. Members of the wrong type are left out, as
// the RFC asks; numbers and strings stand in for each other.
func parseProblem(body []byte, h http.Header) (p Problem, ok bool) {
	var members map[string]jsontext.Value
	if len(body) > maxErrorBody || json.Unmarshal(body, &members, harmless) != nil || members == nil {
		return Problem{}, false
	}
	p = Problem{
		Type:     problemText(members["type"]),
		Title:    problemText(members["title"]),
		Detail:   problemText(members["detail"]),
		Code:     problemText(members["code"]),
		Instance: problemText(members["instance"]),
	}
	contentType, _ := singleValue(h, "Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if mediaType != "application/problem+json" && p.Title == "" && !isGatewayCode(p.Code) {
		return Problem{}, false
	}
	status, err := strconv.ParseInt(problemText(members["status"]), 10, 32)
	if err == nil && status > 0 {
		p.Status = int(status)
	}
	return p, true
}

// isGatewayCode reports whether a code has the form of 400-21.
func isGatewayCode(code string) bool {
	status, number, ok := strings.Cut(code, "-")
	return ok && len(status) == 3 && isDigits(status) && isDigits(number)
}

// problem is one row's problem without the token; nil if there is none.
func (r *response) problem(p *Problem) *Problem {
	if p == nil {
		return nil
	}
	return new(r.redact.problem(*p))
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
