package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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
	tokens                    redact.Redactor // for a gateway that spells a token where a status code should be
	isDialled                 atomic.Bool     // there was a connection; a gateway in memory has none
	answers                   []*answer       // all, in order
	sample                    []row
	ids, recorded             map[string]int // what stands for an ID; how often a name or a file was recorded
	requests, waits, failures int            // the failures in a row
	stopped                   error          // why nothing more is asked
}

func newExamination(ctx context.Context, cfg Config) *examination {
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	return &examination{Config: cfg, ctx: ctx, ids: map[string]int{}, recorded: map[string]int{}}
}

// request is one question. Its name is good for a file name.
type request struct {
	name, target string // the target from the base URL on
	token        string // "" is the user's
	page, limit  int    // of a page
}

func pageOf(page, limit int) request {
	return request{
		name:   strings.ReplaceAll(fmt.Sprintf("list-page-%s-limit-%d", inWords(page), limit), " ", "-"),
		target: fmt.Sprintf("/messages?page=%d&limit=%d", page, limit),
		page:   page, limit: limit,
	}
}

// judging returns a check of what see finds; an error of that skips it.
func judging[T any](see func(*examination) (T, error), judge func(T) finding) func(*examination) finding {
	return func(x *examination) finding {
		seen, err := see(x)
		if err != nil {
			return skip(err)
		}
		return judge(seen)
	}
}

// first is the first answer, whatever it is.
func first(x *examination) (*answer, error) {
	a := x.see(pageOf(1, 1))
	return a, a.failed
}

// to returns the answer to a request, if it is about what was asked.
func to(req request) func(*examination) (*answer, error) {
	return func(x *examination) (*answer, error) {
		a := x.see(req)
		return a, a.inconclusive()
	}
}

// see returns an answer as it was when it was first asked for.
func (x *examination) see(req request) *answer {
	for _, a := range x.answers {
		if a.request == req && a.StatusCode < http.StatusInternalServerError && a.StatusCode != http.StatusTooManyRequests {
			return a
		}
	}
	return x.ask(req)
}

// ask sends one request. After an answer that asks for fewer requests it waits within bounds and asks again.
func (x *examination) ask(req request) *answer {
	for {
		var token string
		switch {
		case x.ctx.Err() != nil:
			x.stopped = interrupt.ErrInterrupted
		case x.stopped == nil && x.requests >= maxRequests:
			x.stopped = fmt.Errorf("%d requests were made, which is the most", maxRequests)
		case x.stopped == nil:
			token, x.stopped = x.Token(x.ctx)
		}
		if x.stopped != nil {
			return &answer{request: req, Response: new(http.Response), failed: x.stopped}
		}
		x.tokens = x.tokens.With(token)
		x.requests++
		a := x.send(req, token)
		if a.failed == nil {
			x.answers = append(x.answers, a)
			x.record(a)
		}
		switch hold := retry.After(a.Header, a.at); {
		case retry.Throttles(a.StatusCode, hold):
			x.wait(a.StatusCode, cmp.Or(hold, defaultHold))
			continue
		case a.failed == nil && a.StatusCode < http.StatusInternalServerError:
			x.failures = 0
			return a
		}
		// A gateway that is down is not asked any further.
		x.failures++
		if x.failures >= maxFailures || len(x.answers) == 0 || errors.Is(a.failed, interrupt.ErrInterrupted) {
			x.stopped = a.unusable()
		}
		return a
	}
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

// sample returns the rows of the first pages, as they were when it was first called: those that each page adds to the ones
// before it, since a message that arrived meanwhile shifts rows to the next page.
func sample(x *examination) ([]row, error) {
	if x.sample != nil {
		return x.sample, nil
	}
	seen := map[int64]bool{}
	for n := range 4 {
		a := x.see(pageOf(n+1, outgoing.MaxLimit))
		if a.rows == nil && n == 0 {
			return nil, a.unusable()
		}
		if a.rows == nil {
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
