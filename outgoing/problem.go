package outgoing

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	rows "github.com/gsmservice-gateway/client-go/internal/oldrows"
)

// newAPIError is the answer as an error. Nothing in it shares memory with the response, and nothing in it is the token.
func newAPIError(req request, r *response, n int, cause error) *APIError {
	if cause == nil && r.status/100 == 3 && r.status != http.StatusNotModified {
		cause = errRedirect
	}
	problem, ok := problemOf(r.withoutBOM(), r.header)
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

// problemOf reads the problem document of an error, and reports whether the body is one: an object that is served as one or,
// since a proxy may rewrite the type, has a title or a code like the gateway's.
func problemOf(body []byte, h http.Header) (Problem, bool) {
	var p lenientProblem
	if len(body) > maxErrorBody || json.Unmarshal(body, &p, rows.Harmless) != nil {
		return Problem{}, false
	}
	contentType, _ := singleValue(h, "Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if !p.isObject || mediaType != "application/problem+json" && p.Title == "" && !isGatewayCode(p.Code) {
		return Problem{}, false
	}
	return p.Problem, true
}

// lenientProblem is a problem (RFC 9457) of which members of the wrong type are left out, as the RFC asks; numbers and strings
// stand in for each other.
type lenientProblem struct {
	Problem
	isObject bool // else it is zero
}

// UnmarshalJSONFrom reads member by member, since an odd problem may be as large as the whole body.
func (p *lenientProblem) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	p.isObject = true
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		text, err := readText(dec)
		if err != nil {
			return err
		}
		p.set(name, text)
	}
	_, err := dec.ReadToken()
	return err
}

func (p *lenientProblem) set(name, text string) {
	switch name {
	case "type":
		p.Type = text
	case "status":
		if status, err := strconv.ParseInt(text, 10, 32); err == nil {
			p.Status = max(0, int(status))
		}
	case "title":
		p.Title = text
	case "detail":
		p.Detail = text
	case "code":
		p.Code = text
	case "instance":
		p.Instance = text
	}
}

// readText reads a value: a string or number as text, any other as "".
func readText(dec *jsontext.Decoder) (string, error) {
	if kind := dec.PeekKind(); kind != '"' && kind != '0' {
		return "", dec.SkipValue()
	}
	token, err := dec.ReadToken()
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

// isGatewayCode reports whether a code has the form of 400-21.
func isGatewayCode(code string) bool {
	status, number, ok := strings.Cut(code, "-")
	return ok && len(status) == 3 && isDigits(status) && isDigits(number)
}
