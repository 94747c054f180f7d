package rows

import (
	"mime"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
)

// maxProblem is the most of a body that can be a problem.
const maxProblem = 64 << 10

var gatewayCode = regexp.MustCompile(`^\d{3}-\d+$`) // 400-21

// ParseProblem returns the problem document (RFC 9457) that the body of an error is, and reports whether it is one: an
// object that is served as one or, since a proxy may rewrite the type, has a title or a code like the gateway's. Members
// that cannot be read, and a status that cannot be one, are left out, as the RFC asks.
func ParseProblem(body []byte, contentType string) (p gen.Problem, ok bool) {
	value := jsontext.Value(WithoutBOM(body))
	if len(body) > maxProblem || value.Kind() != '{' || !value.IsValid(harmless) {
		return gen.Problem{}, false
	}
	Object(value, &p)
	p.Status = max(0, p.Status)
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if mediaType != "application/problem+json" && p.Title == "" && !gatewayCode.MatchString(p.Code) {
		return gen.Problem{}, false
	}
	return p, true
}
