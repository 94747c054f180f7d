package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	rows "github.com/gsmservice-gateway/client-go/internal/oldrows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// answer is one response. What of it may be shown is decided in mask.go, and by the methods that return fixed words.
type answer struct {
	request
	status int
	proto  string
	header http.Header
	body   []byte
	broken error // why the body is not whole
	tls    *tls.ConnectionState
	at     time.Time // halfway between the request and the header
	took   time.Duration
	conn   connected

	parsed  []row // of a 200
	noArray error // why there are none
}

// row is a message as the gateway sent it: what of it can be read, and the whole.
type row struct {
	index      int   // on its page
	id         int64 // 0 if it cannot be read
	sent       time.Time
	statusDate time.Time
	code       string
	raw        json.RawMessage
}

// rows returns the rows of a 200. The error says why there are none.
func (a *answer) rows() ([]row, error) { return a.parsed, a.noArray }

// maxRows bounds the work on a hostile body; a page has at most 50 rows.
const maxRows = 1000

// parse finds the rows of a 200.
func (a *answer) parse() {
	var raw []json.RawMessage
	if a.status != http.StatusOK || a.broken != nil || json.Unmarshal(a.json(), &raw) != nil || raw == nil {
		a.noArray = a.unusable()
		return
	}
	if len(raw) > maxRows {
		a.noArray = fmt.Errorf("the answer is an array of more than %d rows", maxRows)
		return
	}
	a.parsed = make([]row, len(raw))
	for i, r := range raw {
		a.parsed[i] = readRow(i, r)
	}
}

func readRow(index int, raw json.RawMessage) row {
	r := row{index: index, raw: raw}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return r
	}
	var id json.Number // which takes a number in quotes too
	if json.Unmarshal(members["id"], &id) == nil {
		r.id, _ = strconv.ParseInt(id.String(), 10, 64)
	}
	_ = json.Unmarshal(members["sent_date"], &r.sent) // what cannot be read is zero
	_ = json.Unmarshal(members["status_date"], &r.statusDate)
	_ = json.Unmarshal(members["status_code"], &r.code)
	return r
}

// json is the body without a byte order mark.
func (a *answer) json() []byte { return rows.WithoutBOM(a.body) }

// unusable says why an answer is not a 200 with an array.
func (a *answer) unusable() error {
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return fmt.Errorf("the token was refused: %d", a.status)
	case a.status != http.StatusOK:
		return fmt.Errorf("the answer is %s", a.describe())
	case a.broken != nil:
		return a.broken
	}
	return fmt.Errorf("the answer is %s, not an array of rows", a.describe())
}

// describe names status and body: "404 with a problem document".
func (a *answer) describe() string {
	text := strconv.Itoa(a.status)
	problem, isProblem := a.problem()
	switch {
	case a.status == http.StatusOK && json.Valid(a.json()):
		return text + " with JSON"
	case isProblem:
		text += " with a problem document"
		if gatewayCode.MatchString(problem.Code) {
			text += " (code " + problem.Code + ")"
		}
		if a.contentType() != "application/problem+json" {
			text += " as " + a.contentType()
		}
		return text
	case a.status/100 == 3:
		return text + ", a redirect, which is not followed"
	case len(a.body) == 0:
		return text + " without a body"
	}
	return fmt.Sprintf("%s with %s", text, a.contentType())
}

// contentType returns the media type, if it is a known one.
func (a *answer) contentType() string {
	value := a.header.Get("Content-Type")
	if value == "" {
		return "a body of no type"
	}
	if mediaType, _, err := mime.ParseMediaType(value); err == nil && mediaTypes[mediaType] {
		return mediaType
	}
	return "a body of an unusual type"
}

// problem returns the problem document of an answer that is not a 200, as the library reads it.
func (a *answer) problem() (outgoing.Problem, bool) {
	if a.status == http.StatusOK {
		return outgoing.Problem{}, false
	}
	// A 404 with a problem document means to GetByIDs that there is no such message, and any other is an error.
	const id = 1
	probe := *a
	probe.status = http.StatusNotFound
	client, err := probe.replay()
	if err != nil {
		return outgoing.Problem{}, false
	}
	if _, err := client.GetByIDs(context.Background(), []int64{id}); err != nil {
		return outgoing.Problem{}, false
	}
	_, err = client.List(context.Background(), outgoing.PageRequest{})
	if api, ok := errors.AsType[*outgoing.APIError](err); ok {
		return api.Problem, true
	}
	return outgoing.Problem{}, false
}

// says returns what the headers say about the page, as the library reads them.
func (a *answer) says() outgoing.Page {
	client, err := a.headersOnly().replay()
	if err != nil {
		return outgoing.Page{}
	}
	page, _ := client.List(context.Background(), outgoing.PageRequest{})
	return page
}

// meta returns the counts of a look-up, as the library reads them.
func (a *answer) meta() outgoing.Meta {
	client, err := a.headersOnly().replay()
	if err != nil {
		return outgoing.Meta{}
	}
	result, _ := client.GetByIDs(context.Background(), []int64{1})
	return result.Meta
}

// unreadable returns the rows that the library cannot read.
func unreadable(rows []row) []row {
	var bad []row
	for chunk := range slices.Chunk(rows, outgoing.MaxLimit) {
		if reads(chunk) {
			continue
		}
		for i := range chunk {
			if !reads(chunk[i : i+1]) {
				bad = append(bad, chunk[i])
			}
		}
	}
	return bad
}

// reads reports whether the library can read all of these rows, which are no more than a page may have.
func reads(rows []row) bool {
	raw := make([][]byte, len(rows))
	for i, r := range rows {
		raw[i] = r.raw
	}
	a := answer{status: http.StatusOK, header: http.Header{}, body: fmt.Appendf(nil, "[%s]", bytes.Join(raw, []byte(",")))}
	client, err := a.replay()
	if err != nil {
		return false
	}
	page, err := client.List(context.Background(), outgoing.PageRequest{})
	return err == nil && len(page.Messages) == len(rows)
}

func (a *answer) headersOnly() *answer {
	return &answer{status: http.StatusOK, header: a.header, body: []byte("[]")}
}

// replay returns a client that gets this answer to whatever it asks: so the library says itself how it reads it.
func (a *answer) replay() (*outgoing.Client, error) {
	return outgoing.New("replay", outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}),
		outgoing.WithHTTPClient(&http.Client{Transport: replayTransport{a}}))
}

type replayTransport struct{ *answer }

// RoundTrip answers in memory.
func (t replayTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: t.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: t.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(t.answer.body)), ContentLength: int64(len(t.answer.body)), Request: req,
	}, nil
}
