package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// answer is what came of a request, as the library reads it.
type answer struct {
	request
	*http.Response           // a zero one if there is none
	failed         error     // why there is none
	at             time.Time // halfway between the request and the header
	took           time.Duration
	body           []byte
	rows           []row // nil if it is not a 200 with rows, of which there may be none
	isProblem      bool
	code           string // of the problem
}

// row is a message as the library reads it, and as it came.
type row struct {
	outgoing.Message
	where string // "page 1: /5"
	odd   []rows.Odd
	raw   jsontext.Value
}

const maxRows = 1000 // bounds the work on a hostile body; a page has at most 50 rows

func (a *answer) parse() {
	if a.StatusCode != http.StatusOK {
		p, ok := rows.ParseProblem(a.body, a.Header.Get("Content-Type"))
		a.isProblem, a.code = ok, p.Code
		return
	}
	found := []row{}
	err := rows.Decode(a.body, func(raw *jsontext.Value, _ []rows.Odd) {
		if len(found) <= maxRows {
			r := row{raw: raw.Clone(), where: fmt.Sprintf("page %d: /%d", a.page, len(found))}
			r.odd = rows.Object(r.raw, &r.Message)
			found = append(found, r)
		}
	})
	if err == nil && len(found) <= maxRows {
		a.rows = found
	}
}

const problemType = "application/problem+json"

// describe names status and body: "404 with a problem document (code 404-6)".
func (a *answer) describe() string {
	what := a.contentType()
	switch {
	case a.rows != nil:
		what = errline.Plural(len(a.rows), "row")
	case a.isProblem:
		what = strings.TrimSuffix("a problem document as "+what, " as "+problemType)
		if isCode(a.code, a.StatusCode) {
			what += " (code " + a.code + ")"
		}
	case a.StatusCode/100 == 3:
		what = "a redirect, which is not followed"
	case len(a.body) == 0:
		what = "no body"
	case a.StatusCode == http.StatusOK && jsontext.Value(rows.WithoutBOM(a.body)).IsValid():
		what = fmt.Sprintf("JSON that is not an array of rows, or has more than %d", maxRows)
	}
	return fmt.Sprintf("%d with %s", a.StatusCode, what)
}

// contentType returns the media type, if it is a known one.
func (a *answer) contentType() string {
	name, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return cmp.Or(mediaType.FindString(name), "a body of an unusual type, or of none")
}

// unusable returns why an answer is not a 200 with rows; nil if it is.
func (a *answer) unusable() error {
	if a.failed != nil || a.rows != nil {
		return a.failed
	}
	return errors.New("the answer is " + a.describe())
}

// inconclusive returns why an answer is about the caller or the gateway's health, and not about what was asked; nil if it is
// about that.
func (a *answer) inconclusive() error {
	if a.failed != nil || a.StatusCode >= http.StatusInternalServerError || a.isRefused() && a.token == "" {
		return a.unusable()
	}
	return nil
}

func (a *answer) isRefused() bool {
	return a.StatusCode == http.StatusUnauthorized || a.StatusCode == http.StatusForbidden
}

func (a *answer) count(name string) *int { return header.Count(a.Header, name) }

func idsOf(rows []row) (ids []int64) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}
