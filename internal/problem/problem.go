// Package problem reads problem documents (RFC 9457) as they come: members of the wrong type are left out, as the RFC asks,
// numbers and strings stand in for each other, and a wrong media type does not hide one.
package problem

import (
	"mime"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/rows"
)

// maxSize is the most of a body that can be a problem.
const maxSize = 64 << 10

// Parse returns the problem that the body of an error is, and reports whether it is one: an object that is served as one or,
// since a proxy may rewrite the type, has a title or a code like the gateway's.
func Parse(body []byte, contentType string) (gen.Problem, bool) {
	value := jsontext.Value(rows.WithoutBOM(body))
	if len(body) > maxSize || value.Kind() != '{' || !value.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return gen.Problem{}, false
	}
	var p gen.Problem
	rows.Object(value, &p)
	Tidy(&p)
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if mediaType != "application/problem+json" && p.Title == "" && !gatewayCode.MatchString(p.Code) {
		return gen.Problem{}, false
	}
	return p, true
}

// Tidy takes out a status that cannot be one.
func Tidy(p *gen.Problem) { p.Status = max(0, p.Status) }

var gatewayCode = regexp.MustCompile(`^\d{3}-\d+$`) // 400-21
