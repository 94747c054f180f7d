package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The bounds of an examination.
const (
	maxRequests    = 60
	maxHold        = 30 * time.Second // the longest wait that a gateway may ask for
	maxWaits       = 4                // in all, so that a report takes minutes and not hours
	defaultHold    = 5 * time.Second  // after a 429 that does not say how long
	requestTimeout = 30 * time.Second
	maxFailures    = 3       // in a row: the gateway is down
	maxRows        = 1000    // in a hostile body; a page has at most 50
	maxBody        = 1 << 20 // far more than a page of 50 messages has, which is some 20 KiB
)

// examination is what has been seen of one gateway.
type examination struct {
	Config
	ctx                       context.Context
	tokens                    redact.Redactor // for a gateway that spells a token where a status code should be
	answers                   []*answer       // all, in order
	seen                      map[request]*answer
	sample                    []row
	ids, recorded             map[string]int // what stands for an ID; how often a name or a file was recorded
	requests, waits, failures int            // the failures in a row
	stopped                   error          // why nothing more is asked
}

func newExamination(ctx context.Context, cfg Config) *examination {
	return &examination{Config: cfg, ctx: ctx, seen: map[request]*answer{}, ids: map[string]int{}, recorded: map[string]int{}}
}

// answerError is why a gateway that was asked gave no answer, or not all of one.
type answerError struct{ error }

// request is one question. Its name is good for a file name.
type request struct {
	name, target string // the target from the base URL on
	token        string // "" is the user's
	page, limit  int    // of a page
}

var start = pageOf(1, 1) // the first one

func pageOf(page, limit int) request {
	return request{
		name:   strings.ReplaceAll(fmt.Sprintf("list-page-%s-limit-%d", inWords(page), limit), " ", "-"),
		target: fmt.Sprintf("/messages?page=%d&limit=%d", page, limit),
		page:   page, limit: limit,
	}
}

// see returns an answer as it was when it was first asked for.
func (x *examination) see(req request) *answer {
	if a := x.seen[req]; a != nil {
		return a
	}
	return x.ask(req)
}

// ask sends one request. After an answer that asks for fewer requests it waits within bounds and asks again.
func (x *examination) ask(req request) *answer {
	a := &answer{request: req, Response: new(http.Response)}
	var token string
	switch {
	case x.ctx.Err() != nil:
		x.stopped = interrupt.ErrInterrupted
	case x.stopped == nil && x.requests >= maxRequests:
		x.stopped = fmt.Errorf("%d requests were made, which is the most", maxRequests)
	case x.stopped == nil:
		token, x.stopped = x.Token(x.ctx)
	}
	if a.failed = x.stopped; a.failed != nil {
		return a
	}
	x.requests++
	x.tokens = x.tokens.With(token)
	if a.failed = x.send(a, cmp.Or(req.token, token)); a.failed == nil {
		x.answers = append(x.answers, a)
		x.record(a)
	}
	switch hold := header.RetryAfter(a.Header, a.at); {
	case retry.Throttles(a.StatusCode, hold):
		x.wait(a.StatusCode, cmp.Or(hold, defaultHold))
		return x.ask(req)
	case a.failed == nil && a.StatusCode < http.StatusInternalServerError:
		x.failures, x.seen[req] = 0, cmp.Or(x.seen[req], a)
		return a
	case errors.Is(a.failed, interrupt.ErrInterrupted):
		x.stopped = a.failed
		return a
	}
	// A gateway that is down is not asked any further: one that does not answer the first question, either.
	if x.failures++; x.failures >= maxFailures || a.failed != nil && req == start {
		x.stopped = errors.New(a.unusable().Error()) // for the other checks, which are skipped
	}
	for req != start && x.failures > 0 && x.stopped == nil {
		x.ask(start)
	}
	if a.failed != nil || x.failures > 1 && req != start {
		a.failed = answerError{a.unusable()}
	}
	if x.stopped == nil && a.failed != nil {
		x.seen[req] = a // it may have taken long
	}
	return a
}

// wait does what an answer asks for. If that is too long, nothing more is asked.
func (x *examination) wait(status int, hold time.Duration) {
	if x.waits++; hold > maxHold || x.waits > maxWaits {
		x.stopped = fmt.Errorf("rate limited: a %d asks for a wait of more than %v, or after %d waits for another one",
			status, maxHold, maxWaits)
		return
	}
	select {
	case <-time.After(hold):
	case <-x.ctx.Done(): // which the next question finds
	}
}

// send makes one HTTP request.
func (x *examination) send(a *answer, token string) error {
	ctx, cancel := context.WithTimeout(x.ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, x.BaseURL+a.target, http.NoBody)
	if err != nil {
		return errors.New("the base URL is not one for a request")
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("User-Agent", "client-go-outgoing-doctor")
	began := time.Now()
	res, err := x.Transport.RoundTrip(r)
	if err != nil {
		return describeFailure(r, err)
	}
	defer res.Body.Close()
	took := time.Since(began)
	var body []byte
	if res.StatusCode >= http.StatusOK { // the body of a 101 is the raw connection
		body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	}
	switch {
	case err != nil:
		return fmt.Errorf("the body of an answer broke off: %w", describeFailure(r, err))
	case len(body) > maxBody:
		return fmt.Errorf("an answer has a body of more than %d bytes", maxBody)
	}
	res.Request = r
	a.Response, a.body, a.took, a.at = res, body, took, began.Add(took/2)
	a.parse()
	return nil
}

// describeFailure says why there was no answer, without what net/http quotes of one, and without the host.
func describeFailure(r *http.Request, err error) error {
	timeout, isTimeout := errors.AsType[net.Error](err)
	switch ended := r.Context().Err(); {
	case errors.Is(ended, context.Canceled), errors.Is(err, interrupt.ErrInterrupted):
		return interrupt.ErrInterrupted
	case ended != nil || isTimeout && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF):
		return errors.New("the connection was dropped, or what came is not HTTP")
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		err = cause // the innermost has the reason, and no address
	}
	return errors.New(strings.ReplaceAll(redact.WithoutQuotes(err).Error(), r.URL.Hostname(), "the host"))
}

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
	odd   []rows.OddMember
	raw   jsontext.Value
}

func (a *answer) parse() {
	if a.StatusCode != http.StatusOK {
		p, ok := rows.ParseProblem(a.body, a.Header.Get("Content-Type"))
		a.isProblem, a.code = ok, p.Code
		return
	}
	found := []row{}
	err := rows.Decode(a.body, func(raw *jsontext.Value, _ []rows.OddMember) {
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
