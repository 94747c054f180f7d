package outgoing_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	asJSON    = "Content-Type: application/json"
	asHTML    = "Content-Type: text/html; charset=utf-8"
	asProblem = "Content-Type: application/problem+json"
	page      = "<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
	problem   = `{"type":"about:blank","status":%d,"title":"A title","detail":"A detail","code":"400-21"}`
)

// hostile is an answer of which nothing can be used, to whatever was asked, and what must be said about it.
type hostile struct {
	name   string
	raw    string
	status int // 0: not even a status can be read
	says   string
	is     error // beside what the status says
	again  bool  // repeated
	holds  bool  // keeps other requests back: no read-back
	open   bool  // the connection stays open
}

func hostileAnswers() []hostile {
	row := `{"id":1,"status":204,"recipient":"+48999999999"}`
	ok := func(name, body, says string, headers ...string) hostile {
		if len(headers) == 0 {
			headers = []string{asJSON}
		}
		return hostile{name: name, raw: wire("200 OK", body, headers...), status: 200, says: says}
	}
	broken := func(name, raw, says string) hostile {
		return hostile{name: name, raw: raw, status: 200, says: says, is: io.ErrUnexpectedEOF, again: true}
	}
	other := func(status, body, says string, headers ...string) hostile {
		var code int
		_, _ = fmt.Sscanf(status, "%3d", &code)
		return hostile{name: status + " " + says, raw: wire(status, body, headers...), status: code, says: says}
	}
	again := func(h hostile) hostile { h.again = true; return h }
	bare := func(status, headers string) string { return "HTTP/1.1 " + status + "\r\n" + headers + "\r\n" }
	with := func(status int) string { return fmt.Sprintf(problem, status) }

	return []hostile{
		ok("200 HTML", page, "not JSON", asHTML),
		ok("200 HTML that claims to be JSON", page, "not JSON"),
		ok("200 XML", `<?xml version="1.0"?><messages/>`, "not JSON", "Content-Type: application/xml"),
		ok("200 without a type", page, "not JSON", "X-Odd: 1"),
		ok("200 empty", "", "empty"),
		ok("200 blanks", " \r\n\t ", "empty"),
		ok("200 only a BOM", "\xef\xbb\xbf", "empty"),
		ok("200 two BOMs", "\xef\xbb\xbf\xef\xbb\xbf[]", "not JSON"),
		ok("200 UTF-16", "\xff\xfe[\x00]\x00", "not JSON"),
		ok("200 null", "null", "null"),
		ok("200 true", "true", "not an array"),
		ok("200 number", "50", "a number"),
		ok("200 string", `"[]"`, "a string"),
		ok("200 object", `{"messages":[`+row+`]}`, "not an array"),
		ok("200 problem", with(400), "not an array", asProblem),
		ok("200 trailing word", "["+row+"] ok", "goes on after"),
		ok("200 trailing array", "["+row+"]["+row+"]", "goes on after"),
		ok("200 trailing NUL", "["+row+"]\x00", "goes on after"),
		ok("200 PHP warning before", "Warning: x in y.php on line 1 ["+row+"]", "not JSON"),
		ok("200 guard prefix", ")]}',\n["+row+"]", "not JSON"),
		ok("200 lone comma", "[,]", "not JSON"),
		ok("200 trailing comma", "["+row+",]", "not JSON"),
		ok("200 single quotes", "[{'id':1}]", "not JSON"),
		ok("200 NaN", `[{"id":1,"price":NaN}]`, "not JSON"),
		ok("200 mismatched", `[{"id":1]}`, "not JSON"),
		ok("200 raw newline in a string", "[{\"id\":1,\"cid\":\"a\nb\"}]", "not JSON"),
		ok("200 deep arrays", strings.Repeat("[", 100_000), "not JSON"),
		ok("200 deep objects", "["+strings.Repeat(`{"a":`, 100_000), "not JSON"),
		ok("200 deep in an unknown member", `[{"id":1,"x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}]`, "not JSON"),
		ok("200 an encoding that was not asked for", "\x0b\x02\x80[]\x03", "not JSON", asJSON, "Content-Encoding: br"),
		ok("200 larger than 8 MiB", "["+strings.Repeat(" ", 9<<20)+"]", "larger than"),
		ok("200 a million bad rows", "["+strings.Repeat("1,", 1_000_000)+"1]", "more than 1000 unreadable rows"),
		broken("200 JSON that stops", wire("200 OK", `[{"id":1,"stat`, asJSON), "ends too early"),
		broken("200 shorter than its length", wire("200 OK", `[{"id":1,"stat`, asJSON, "Content-Length: 999"), "broke off"),
		broken("200 longer than its length", wire("200 OK", "["+row+"]", asJSON, "Content-Length: 9"), "ends too early"),
		broken("200 chunks that stop", wire("200 OK", "5\r\n[{\"id\r\n", asJSON, "Transfer-Encoding: chunked"), "broke off"),
		broken("200 chunks that are none", wire("200 OK", "xyz\r\n[]\r\n", asJSON, "Transfer-Encoding: chunked"), "broke off"),
		ok("200 gzip that is none", "["+row+"]", "cannot be decompressed", asJSON, "Content-Encoding: gzip"),
		broken("200 gzip that stops", wire("200 OK", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", asJSON, "Content-Encoding: gzip"), "broke off"),

		other("201 Created", "["+row+"]", "201 Created", asJSON),
		other("202 Accepted", "["+row+"]", "202 Accepted", asJSON),
		{name: "204", raw: bare("204 No Content", ""), status: 204, says: "204 No Content"},
		other("205 Reset Content", "", "205 Reset Content"),
		other("206 Partial Content", "["+row+"]", "206 Partial Content", asJSON, "Content-Range: bytes 0-9/99"),
		other("207 Multi-Status", "["+row+"]", "207 Multi-Status", asJSON),

		{name: "101", raw: bare("101 Switching Protocols", ""), status: 101, says: "101 Switching Protocols"},
		{name: "101 that goes on", raw: bare("101 Switching Protocols", "Connection: Upgrade\r\nUpgrade: x\r\n"), status: 101, says: "101", open: true},
		{name: "103 before HTML", raw: bare("103 Early Hints", "Link: </a>; rel=next\r\n") + wire("200 OK", page, asHTML), status: 200, says: "not JSON"},
		{name: "103 before a 400", raw: bare("103 Early Hints", "") + wire("400 Bad Request", with(400), asProblem), status: 400, says: "A title"},

		other("300 Multiple Choices", "", "redirects are not followed"),
		other("301 Moved Permanently", "", "redirects are not followed", "Location: https://example.test/"),
		other("302 Found", page, "redirects are not followed", asHTML),
		other("303 See Other", "", "redirects are not followed", "Location: /rest/messages"),
		{name: "304", raw: bare("304 Not Modified", ""), status: 304, says: "304 Not Modified"},
		other("307 Temporary Redirect", "", "redirects are not followed", "Location: http://[::1:%zz/"),
		other("308 Permanent Redirect", "", "redirects are not followed", "Location: a", "Location: b"),

		other("400 Bad Request", with(400), "A title: A detail (code 400-21, 1 attempt)", asProblem),
		other("400 Bad Request", with(204), "400 Bad Request: A title", asProblem),
		other("400 Bad Request", "\xef\xbb\xbf"+with(400), "A title: A detail (code 400-21", "Content-Type: Application/Problem+JSON; charset=utf-8"),
		other("400 Bad Request", `{"title":["no","string"],"status":"400","detail":7,"code":{}}`, "400 Bad Request: 7 (1 attempt)", asProblem),
		other("400 Bad Request", with(400), "400 Bad Request: A title", asJSON),
		other("400 Bad Request", `{"message":"x"}`, "400 Bad Request (1 attempt)", asJSON),
		other("400 Bad Request", page, "400 Bad Request (1 attempt)", asHTML),
		other("400 Bad Request", "", "400 Bad Request (1 attempt)"),
		other("400 Bad Request", strings.Repeat("x", 1<<20), "400 Bad Request (1 attempt)"),
		other("400 Bad Request", "cut", "400 Bad Request (1 attempt)", "Content-Length: 99"),
		other("400 Bad\x01\x7fRequest", "{\"title\":\"a\x07b\\u0000c\\u2028d\",\"detail\":\""+strings.Repeat("ż", 9_000)+"\"}", "400 Bad Request", asProblem),
		other("401 Unauthorized", with(401), "401 Unauthorized", asProblem),
		other("403 Forbidden", page, "403 Forbidden", asHTML),
		other("404 Not Found", `{"error":"no route"}`, "404 Not Found", asJSON),
		other("404 Not Found", page, "404 Not Found", asHTML),
		other("404 Not Found", "", "404 Not Found"),
		other("404 Not Found", "not JSON", "404 Not Found", asProblem),
		other("405 Method Not Allowed", "", "405 Method Not Allowed"),
		again(other("408 Request Timeout", "", "408 Request Timeout")),
		other("414 URI Too Long", page, "414 Request URI Too Long", asHTML),
		again(other("429 Too Many Requests", with(429), "429 Too Many Requests", asProblem)),
		other("429 Too Many Requests", "", "retry after 2562047h47m16.854775807s", "Retry-After: 99999999999999999999"),
		again(other("429 Too Many Requests", "", "(2 attempts)", "Retry-After: -1")),

		again(other("500 Internal Server Error", with(500), "A title", asProblem)),
		other("501 Not Implemented", "", "501 Not Implemented"),
		again(other("502 Bad Gateway", page, "502 Bad Gateway", asHTML)),
		again(other("503 Service Unavailable", "", "503 Service Unavailable", "Retry-After: 0.5")),
		{name: "503 later", raw: wire("503 Service Unavailable", "", "Retry-After: 3600"), status: 503, says: "retry after 1h0m0s", holds: true},
		again(other("504 Gateway Timeout", "", "504 Gateway Timeout")),
		again(other("520 Odd", "", "520")),
		other("600 Odd", "", "600"),
		other("999 Odd", "", "999"),

		{name: "no answer", raw: "", says: "no answer", is: io.EOF, again: true},
		{name: "not HTTP", raw: "220 smtp.example.test ESMTP\r\n", says: "no answer", again: true},
		{name: "a header without end", raw: wire("200 OK", "[]", "X-Long: "+strings.Repeat("x", 1<<20)), says: "no answer", again: true},
		{name: "two lengths", raw: wire("200 OK", "[]", "Content-Length: 2", "Content-Length: 3"), says: "no answer", again: true},
		{name: "a negative length", raw: wire("200 OK", "[]", "Content-Length: -1"), says: "no answer", again: true},
	}
}

// attempts is how many there must be.
func (h hostile) attempts(method string) int {
	if h.again && (method == http.MethodGet || h.status != http.StatusOK) {
		return 2
	}
	return 1
}

// splits reports whether a look-up of several IDs that is answered so is asked again in parts (E5).
func (h hostile) splits() bool {
	switch h.status {
	case 400, 414, 422, 500:
		return true
	case 200:
		return slices.Contains([]string{"not JSON", "empty", "goes on after"}, h.says)
	}
	return false
}

// lookups is how many attempts a look-up of two IDs takes: together, and, if it is split, one by one.
func (h hostile) lookups() int {
	if h.splits() {
		return 3 * h.attempts(http.MethodGet)
	}
	return h.attempts(http.MethodGet)
}

// check looks at an error that must be there, and must say what the answer was.
func (h hostile) check(t *testing.T, err error, method string) {
	t.Helper()
	assertLine(t, err)
	require.ErrorContains(t, err, h.says)
	if h.is != nil {
		require.ErrorIs(t, err, h.is)
	}
	apiErr, ok := errors.AsType[*outgoing.APIError](err)
	require.Equal(t, h.status != 0, ok, "%v", err)
	if !ok {
		return
	}
	assertLine(t, apiErr)
	assert.Equal(t, h.status, apiErr.StatusCode)
	assert.Contains(t, apiErr.Error(), fmt.Sprintf("%s %s: %d", method, apiErr.Path, h.status))
	assert.Equal(t, h.attempts(method), apiErr.Attempts)
	assert.LessOrEqual(t, len(apiErr.Body), 64<<10)
	assert.NotNil(t, apiErr.Header)
	assertMatches(t, apiErr, sentinelOf(h.status))
}

func TestE3_HostileAnswersToGetByIDs(t *testing.T) {
	for _, h := range hostileAnswers() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			baseURL, requests := serveRaw(t, h.open, func(*http.Request) string { return h.raw })
			result, err := rawClient(t, baseURL).GetByIDs(t.Context(), []int64{2, 1, 2})
			h.check(t, err, http.MethodGet)
			assert.Equal(t, []int64{2, 1}, batchIDs(t, err))
			assert.Equal(t, outgoing.GetResult{Meta: outgoing.Meta{Attempts: h.lookups()}}, result)
			assert.EqualValues(t, result.Attempts, requests.Load())
		})
	}
}

func TestE3_HostileAnswersToCancelScheduled(t *testing.T) {
	for _, h := range hostileAnswers() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			baseURL, requests := serveRaw(t, h.open, func(*http.Request) string { return h.raw })
			result, err := rawClient(t, baseURL).CancelScheduled(t.Context(), []int64{2, 1, 2})
			h.check(t, err, http.MethodDelete)
			assert.Equal(t, []int64{2, 1}, batchIDs(t, err))

			want, status, attempts := outgoing.Unknown, 0, h.attempts(http.MethodDelete)
			switch {
			case h.status == 401, h.status == 403, h.status == 429:
				want, status = outgoing.NotSent, h.status
			case h.status/100 == 4:
				want, status = outgoing.Rejected, h.status
			case !h.holds:
				attempts += h.lookups() // read back
			}
			require.Len(t, result.Outcomes, 2)
			for i, o := range result.Outcomes {
				assert.Equal(t, []int64{2, 1}[i], o.ID)
				assert.Equal(t, want, o.State)
				assert.Equal(t, status, o.Status)
				assert.Equal(t, want == outgoing.Rejected, o.Problem != nil)
				assert.Nil(t, o.Message)
			}
			assert.Equal(t, outgoing.Meta{Attempts: attempts}, result.Meta)
			assert.EqualValues(t, result.Attempts, requests.Load())
		})
	}
}

func TestE3_HostileAnswersToList(t *testing.T) {
	for _, h := range hostileAnswers() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			baseURL, requests := serveRaw(t, h.open, func(*http.Request) string { return h.raw })
			result, err := rawClient(t, baseURL).List(t.Context(), outgoing.PageRequest{})
			h.check(t, err, http.MethodGet)
			assert.Zero(t, result)
			assert.EqualValues(t, h.attempts(http.MethodGet), requests.Load())
		})
	}
}

func TestE3_HostileAnswersEndAll(t *testing.T) {
	for _, h := range hostileAnswers() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			baseURL, requests := serveRaw(t, h.open, func(*http.Request) string { return h.raw })
			yields := 0
			for m, err := range rawClient(t, baseURL).All(t.Context()) {
				yields++
				assert.Zero(t, m)
				h.check(t, err, http.MethodGet)
			}
			assert.Equal(t, 1, yields)
			assert.EqualValues(t, h.attempts(http.MethodGet), requests.Load())
		})
	}
}
