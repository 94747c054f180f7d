package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
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
	mask *masker

	requests    int
	answers     []*answer          // all, in order
	cached      map[string]*answer // usable ones, by target
	recorded    map[string]bool    // masked answers without what differs each time
	names       map[string]int     // of recorded answers
	recordError error

	sampled   []samplePage
	sampleErr error

	twice [][]int64 // the IDs of page 1, as two looks showed them

	waits       int
	failures    int   // in a row
	stopped     error // why nothing more is asked
	interrupted bool
}

func newExamination(cfg Config) *examination {
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	return &examination{
		Config: cfg, mask: &masker{},
		cached: map[string]*answer{}, recorded: map[string]bool{}, names: map[string]int{},
	}
}

// request is one question. Its name is good for a file name.
type request struct {
	name   string
	target string // from the base URL on
	token  string // "" is the user's

	page, limit int // of a page; 0 if not asked for
}

func listRequest(page, limit int) request {
	return request{
		name:   fmt.Sprintf("list-page-%d-limit-%d", page, limit),
		target: fmt.Sprintf("/messages?page=%d&limit=%d", page, limit),
		page:   page, limit: limit,
	}
}

// list returns a page, as it was when it was first asked for.
func (x *examination) list(ctx context.Context, page, limit int) (*answer, error) {
	req := listRequest(page, limit)
	if a := x.cached[req.target]; a != nil {
		return a, nil
	}
	return x.ask(ctx, req)
}

// rows returns the rows of a page, as they were when it was first asked for. The error says why there are none.
func (x *examination) rows(ctx context.Context, page, limit int) (*answer, []row, error) {
	a, err := x.list(ctx, page, limit)
	if err != nil {
		return a, nil, err
	}
	rows, err := a.rows()
	return a, rows, err
}

// Why something was not looked at.
var (
	errInterrupted = errors.New("interrupted")
	errBudget      = fmt.Errorf("%d requests were made, which is the most", maxRequests)
	errRateLimited = errors.New("rate limited")
)

// ask sends one request. After a 429, or a 503 that says how long, it waits within bounds and asks again. The error is
// the reason for a skipped result; a response that made it give up is returned beside it.
func (x *examination) ask(ctx context.Context, req request) (*answer, error) {
	for {
		if err := x.mayAsk(ctx); err != nil {
			return nil, err
		}
		token, err := x.Token(ctx)
		if err != nil {
			x.interrupted = true
			return nil, errInterrupted
		}
		x.mask.hide(token)
		x.requests++
		a, err := x.send(ctx, req, token)
		if err != nil {
			x.failed(err)
			return nil, err
		}
		a.parse()
		x.answers = append(x.answers, a)
		x.record(a)
		if !a.holds() {
			x.judge(a)
			return a, nil
		}
		if err := x.wait(ctx, a); err != nil {
			return a, err
		}
	}
}

func (x *examination) mayAsk(ctx context.Context) error {
	switch {
	case ctx.Err() != nil || x.interrupted:
		x.interrupted = true
		return errInterrupted
	case x.stopped != nil:
		return x.stopped
	case x.requests >= maxRequests:
		return errBudget
	}
	return nil
}

// failed counts failures in a row: a gateway that is down is not asked any further.
func (x *examination) failed(err error) {
	if errors.Is(err, errInterrupted) {
		x.interrupted = true
		return
	}
	if x.failures++; x.failures >= maxFailures || len(x.answers) == 0 {
		x.stopped = err
	}
}

func (x *examination) judge(a *answer) {
	if a.status >= http.StatusInternalServerError {
		x.failed(a.unusable())
		return
	}
	x.failures = 0
	if x.cached[a.target] == nil && a.token == "" {
		x.cached[a.target] = a
	}
}

// holds reports whether the gateway asks for fewer requests.
func (a *answer) holds() bool {
	return a.status == http.StatusTooManyRequests ||
		a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != ""
}

// wait does what a 429 asks for. If that is too long, nothing more is asked.
func (x *examination) wait(ctx context.Context, a *answer) error {
	hold := a.retryAfter()
	switch {
	case hold > maxHold:
		x.stopped = fmt.Errorf("%w: %d asks for a wait of more than %v", errRateLimited, a.status, maxHold)
	case x.waits >= maxWaits:
		x.stopped = fmt.Errorf("%w: %d after %d waits", errRateLimited, a.status, maxWaits)
	}
	if x.stopped != nil {
		return x.stopped
	}
	x.waits++
	timer := time.NewTimer(hold)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		x.interrupted = true
		return errInterrupted
	}
}

// retryAfter returns the wait that a 429 or 503 asks for: in seconds, or as a date, measured against the response's own.
func (a *answer) retryAfter() time.Duration {
	value := a.header.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 31)
	switch {
	case err == nil:
		return time.Duration(seconds) * time.Second
	case errors.Is(err, strconv.ErrRange):
		return math.MaxInt64
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return defaultHold
	}
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		date = a.at
	}
	return max(at.Sub(date), defaultHold)
}

// record hands a masked answer on, if there was none like it.
func (x *examination) record(a *answer) {
	if x.Record == nil || x.recordError != nil {
		return
	}
	masked := x.mask.answer(a)
	if x.recorded[masked.key()] {
		return
	}
	x.recorded[masked.key()] = true
	name := fmt.Sprintf("%s-%d", a.name, a.status)
	x.names[name]++
	if n := x.names[name]; n > 1 {
		name += "-" + strconv.Itoa(n)
	}
	x.recordError = x.Record(name+".http", masked.bytes())
}

// sample returns the first pages of the history, as they were when it was first called, and the rows that they add to each
// other: a message that arrived meanwhile shifts rows to the next page, where they are not counted again. The error says
// why there are none.
func (x *examination) sample(ctx context.Context) ([]samplePage, error) {
	if x.sampled == nil && x.sampleErr == nil {
		x.sampled, x.sampleErr = x.readSample(ctx)
	}
	return x.sampled, x.sampleErr
}

func (x *examination) readSample(ctx context.Context) ([]samplePage, error) {
	const pages, limit = 4, 50
	var (
		sampled []samplePage
		seen    = map[int64]bool{}
	)
	for n := 1; n <= pages; n++ {
		a, rows, err := x.rows(ctx, n, limit)
		if err != nil || len(rows) == 0 {
			if n == 1 {
				return nil, cmp.Or(err, errEmptyHistory)
			}
			break // the pages before it are good
		}
		fresh := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.id != 0 && seen[r.id] })
		if len(fresh) == 0 {
			break // the page is ignored, or the last one is repeated
		}
		for _, r := range fresh {
			seen[r.id] = true
		}
		sampled = append(sampled, samplePage{n, fresh})
		if total := a.says().TotalResults; len(rows) < limit && total != nil && len(seen) >= *total {
			break // the last one
		}
	}
	return sampled, nil
}

// samplePage is what a page adds to those before it.
type samplePage struct {
	number int
	fresh  []row
}

var errEmptyHistory = errors.New("the history is empty")
