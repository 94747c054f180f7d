package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/internal/redact"
	"github.com/gsmservice-gateway/client-go/internal/retry"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The bounds of an examination.
const (
	maxRequests    = 60
	maxHold        = 30 * time.Second // the longest wait that a gateway may ask for
	maxWaits       = 4                // in all, so that a report takes minutes and not hours
	defaultHold    = 5 * time.Second  // after a 429 that does not say how long
	requestTimeout = 30 * time.Second
	maxFailures    = 3 // in a row, without a usable answer between: the gateway is down
)

// examination is what has been seen of one gateway.
type examination struct {
	Config
	ctx                       context.Context
	base                      *url.URL
	tokens                    redact.Redactor    // for a gateway that spells a token where a status code should be
	isDialled                 atomic.Bool        // there was a connection
	answers                   []*answer          // all, in order
	cached                    map[string]*answer // usable ones, by target
	sample                    []row
	ids, recorded             map[string]int // what stands for an ID; how often a name or a file was recorded
	recordErr                 error
	requests, waits, failures int   // the failures in a row
	stopped                   error // why nothing more is asked
}

func newExamination(ctx context.Context, cfg Config) *examination {
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	x := &examination{Config: cfg, ctx: ctx, cached: map[string]*answer{}, ids: map[string]int{}, recorded: map[string]int{}}
	x.base, x.stopped = url.Parse(cfg.BaseURL)
	return x
}

// request is one question. Its name is good for a file name.
type request struct {
	name, target string // the target from the base URL on
	token        string // "" is the user's
	page, limit  int    // of a page
}

func pageOf(page, limit int) request {
	return request{
		name: strings.ReplaceAll(fmt.Sprintf("list-page-%s-limit-%d", inWords(page), limit), " ", "-"), target: fmt.Sprintf("/messages?page=%d&limit=%d", page, limit),
		page: page, limit: limit,
	}
}

// fixed is a question that depends on no answer.
func fixed(req request) func(*examination) (request, error) {
	return func(*examination) (request, error) { return req, nil }
}

// asking returns a check that asks one question.
func asking(question func(*examination) (request, error), judge func(*examination, *answer) finding) func(*examination) finding {
	return func(x *examination) finding {
		var a *answer
		req, err := question(x)
		if err == nil {
			a, err = x.see(req)
		}
		if err != nil {
			return skip(err)
		}
		return judge(x, a)
	}
}

// see returns an answer as it was when it was first asked for.
func (x *examination) see(req request) (*answer, error) {
	if a := x.cached[req.target]; a != nil && req.token == "" {
		return a, nil
	}
	return x.ask(req)
}

// ask sends one request. After an answer that asks for fewer requests it waits within bounds and asks again.
func (x *examination) ask(req request) (*answer, error) {
	for {
		switch {
		case x.ctx.Err() != nil:
			x.stopped = interrupt.ErrInterrupted
		case x.stopped == nil && x.requests >= maxRequests:
			x.stopped = fmt.Errorf("%d requests were made, which is the most", maxRequests)
		}
		if x.stopped != nil {
			return nil, x.stopped
		}
		var token string
		if token, x.stopped = x.Token(x.ctx); x.stopped != nil {
			return nil, x.stopped
		}
		x.tokens = x.tokens.With(token)
		x.requests++
		a, err := x.send(req, token)
		if err != nil {
			x.failed(err)
			return nil, err
		}
		x.answers = append(x.answers, a)
		x.record(a)
		switch {
		case retry.Throttles(a.status, retry.After(a.header, a.at)):
			x.wait(a)
			continue
		case a.status >= http.StatusInternalServerError:
			x.failed(a.unusable())
			return a, nil
		case x.cached[a.target] == nil && a.token == "":
			x.cached[a.target] = a
		}
		x.failures = 0
		return a, nil
	}
}

// failed counts failures in a row: a gateway that is down is not asked any further.
func (x *examination) failed(err error) {
	if x.failures++; x.failures >= maxFailures || len(x.answers) == 0 || errors.Is(err, interrupt.ErrInterrupted) {
		x.stopped = err
	}
}

// wait does what a 429 asks for. If that is too long, nothing more is asked.
func (x *examination) wait(a *answer) {
	hold := cmp.Or(retry.After(a.header, a.at), defaultHold)
	if x.waits++; hold > maxHold || x.waits > maxWaits {
		hold, x.stopped = 0, fmt.Errorf("rate limited: a %d asks for a wait of more than %v, or after %d waits for another one", a.status, maxHold, maxWaits)
	}
	select {
	case <-time.After(hold):
	case <-x.ctx.Done(): // which the next question finds
	}
}

// sampled returns a check of the rows of the first pages of the history.
func sampled(judge func([]row) finding) func(*examination) finding {
	return func(x *examination) finding {
		rows, err := x.readSample()
		if err != nil {
			return skip(err)
		}
		return judge(rows)
	}
}

// readSample returns the rows of the first pages, as they were when it was first called: those that each page adds to the
// ones before it, since a message that arrived meanwhile shifts rows to the next page.
func (x *examination) readSample() ([]row, error) {
	if x.sample != nil {
		return x.sample, nil
	}
	seen := map[int64]bool{}
	for n := range 4 {
		a, err := x.see(pageOf(n+1, outgoing.MaxLimit))
		if err == nil {
			err = a.unusable()
		}
		if err != nil && n == 0 {
			return nil, err
		}
		if err != nil {
			break // the pages before it are good
		}
		for _, r := range a.rows {
			if !seen[r.ID] {
				x.sample = append(x.sample, r)
				seen[r.ID] = r.ID != 0
			}
		}
	}
	if x.sample == nil {
		return nil, errors.New("the history is empty")
	}
	return x.sample, nil
}
