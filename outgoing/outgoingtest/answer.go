package outgoingtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
)

// answer is a response before it is written.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	override http.Header // of a Fault
	truncate int         // of a Fault
}

func jsonAnswer(status int, body []byte, header http.Header) answer {
	header.Set("Content-Type", typeJSON)
	return answer{status: status, header: header, body: body}
}

// rowsAnswer returns a 200 with one row for each of rows: an array also where there are none.
func rowsAnswer[T any](header http.Header, rows []T) answer {
	body, err := json.Marshal(rows, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(fmt.Sprintf("outgoingtest: a message cannot be written as JSON: %v", err))
	}
	return jsonAnswer(http.StatusOK, body, header)
}

func problemAnswer(r *http.Request, status int, detail string) answer {
	body, err := json.Marshal(newProblem(status, detail, r.URL.EscapedPath()), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // a struct of strings always marshals
	}
	a := jsonAnswer(status, body, make(http.Header))
	a.header.Set("Content-Type", typeProblem)
	if status == http.StatusUnauthorized {
		a.header.Set("WWW-Authenticate", "Bearer")
	}
	return a
}

// The kinds of problem that the contract shows, by status. The vendor's documents title two of them otherwise than HTTP does.
var problemKinds = map[int]struct{ name, code, title string }{
	http.StatusBadRequest:          {"bad-request", "400-21", ""},
	http.StatusUnauthorized:        {"unauthorized", "401-7", ""},
	http.StatusForbidden:           {"forbidden", "403-5", "Access denied"},
	http.StatusNotFound:            {"not-found", "404-6", ""},
	http.StatusInternalServerError: {"server-error", "500-1", "Internal API Server Error"},
}

func newProblem(status int, detail, instance string) outgoing.Problem {
	kind, ok := problemKinds[status]
	if !ok {
		kind.name, kind.code = "bad-request", fmt.Sprintf("%d-1", status)
		if status >= 500 {
			kind.name = "server-error"
		}
	}
	title := cmp.Or(kind.title, http.StatusText(status), "Status "+strconv.Itoa(status))
	return outgoing.Problem{
		Type:     "https://problems-registry.smartbear.com/" + kind.name + "/",
		Status:   status,
		Title:    title,
		Detail:   detail,
		Code:     kind.code,
		Instance: instance,
	}
}

func setInt(header http.Header, key string, n int) { header.Set(key, strconv.Itoa(n)) }

func setCounts(header http.Header, success, failure int) {
	setInt(header, "X-Success-Count", success)
	setInt(header, "X-Error-Count", failure)
}

// baseURL returns the address by which the client reached the gateway.
func baseURL(r *http.Request, prefix string) url.URL {
	u := url.URL{Scheme: "http", Host: r.Host, Path: prefix}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u
}

// pageLinks returns a Link header (RFC 8288) to the pages that are there and are not this one.
func pageLinks(base url.URL, page, limit, pages int) string {
	var links []string
	add := func(rel string, page int) {
		base.RawQuery = fmt.Sprintf("page=%d&limit=%d", page, limit)
		links = append(links, fmt.Sprintf("<%s>; rel=%q", &base, rel))
	}
	base.Path += "/messages"
	if page > 1 && pages > 0 {
		add("first", 1)
		add("prev", min(page-1, pages))
	}
	if page < pages {
		add("next", page+1)
		add("last", pages)
	}
	return strings.Join(links, ", ")
}

// write sends the answer. Its length is declared, so that a client can tell a body that was cut from a whole one.
func (a *answer) write(w http.ResponseWriter) {
	header := w.Header()
	for key, values := range a.header {
		header[key] = values
	}
	if bodyAllowed(a.status) {
		setInt(header, "Content-Length", len(a.body))
	} else {
		header["Content-Type"] = nil
		a.body = nil
	}
	for key, values := range a.override {
		header[http.CanonicalHeaderKey(key)] = slices.Clone(values) // nil also keeps net/http from adding its own
	}
	w.WriteHeader(a.status)
	if a.truncate == 0 || a.truncate >= len(a.body) {
		_, _ = w.Write(a.body)
		return
	}
	_, _ = w.Write(a.body[:max(a.truncate, 0)])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// bodyAllowed follows RFC 9110, section 6.4.1.
func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
