package outgoingtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Fault is what goes wrong with a request. The first fields say with which; the others what, in the order in which it
// happens.
//
// A fault with a Drop, a Status or a Body comes in place of the gateway's work, so that a cancel has no effect, unless
// AfterWork is set. Any other fault leaves the work, and all of the answer that it does not name, as it would have been.
//
// Match and Before are called by the goroutines of the requests, several at once. "From the eighth request on" takes no
// counter: Inject(Fault{Times: 7}, Fault{Times: -1, Drop: true}).
type Fault struct {
	Method string                   // only requests with this method; "" is any
	Match  func(*http.Request) bool // only those it accepts, see [HasID]; nil is any
	Times  int                      // how many matching requests meet it; 0 means 1, negative every one

	// Before runs before the request is looked at: it may add and remove messages, or inject the next fault.
	Before func(*Gateway)

	// AfterWork has the work done before the rest happens, Delay included. Without it, a request that is given up
	// during the Delay has no effect.
	AfterWork bool

	// Delay passes without an answer, until the request is given up at the latest.
	Delay time.Duration

	// Drop ends the connection without an answer. (By itself net/http repeats a GET that was dropped on a connection
	// that had served before. To the gateway that is one more request. The in-memory transport never does so.)
	Drop bool

	// Status is answered, with a problem document or Body, and without the headers that count rows or pages.
	Status int

	// RetryAfter is sent as the header Retry-After: "7", or an HTTP date.
	RetryAfter string

	// Body is sent in place of the usual one. Where Status is 0, that comes with the usual status and headers after
	// work, and with a plain 200 in place of work.
	Body *string

	// Header is set last, on any answer, in place of what the same headers had. An empty slice removes one.
	Header http.Header

	// Omit takes the rows with these IDs out of a 200. The headers that count them stay as they were.
	Omit []int64

	// Truncate breaks the connection after so many bytes of the body; negative is after the header. A body that is no
	// longer than that arrives whole.
	Truncate int
}

// Inject makes the next requests that match meet these faults. A request meets at most one: the first injected that
// matches it and has some of its Times left.
func (g *Gateway) Inject(faults ...Fault) {
	added := make([]*pending, 0, len(faults))
	for _, f := range faults {
		if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
			panic(fmt.Sprintf("outgoingtest: Gateway.Inject: no request can be answered with the status %d", f.Status))
		}
		if f.Times == 0 {
			f.Times = 1
		}
		added = append(added, &pending{f, f.Times})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = slices.Concat(g.faults, added)
}

// HasID returns a Match that accepts requests whose path names at least one of these IDs.
func HasID(ids ...int64) func(*http.Request) bool {
	return func(r *http.Request) bool {
		t, ok := parseTarget(r.URL.Path)
		if !ok || !t.hasIDs {
			return false
		}
		asked, err := parseIDs(t.ids)
		return err == nil && slices.ContainsFunc(asked, func(id int64) bool { return slices.Contains(ids, id) })
	}
}

// pending is a fault that waits for requests.
type pending struct {
	Fault
	left int // negative is without end
}

// meet returns the fault that r meets, if any. Match runs without a lock, since it may ask the gateway something; so
// another request may take the fault meanwhile, and then the next fault is tried.
func (g *Gateway) meet(r *http.Request) (Fault, bool) {
	g.mu.Lock()
	faults := g.faults
	g.mu.Unlock()
	for _, p := range faults {
		if p.matches(r) && g.take(p) {
			return p.Fault, true
		}
	}
	return Fault{}, false
}

func (f *Fault) matches(r *http.Request) bool {
	return (f.Method == "" || f.Method == r.Method) && (f.Match == nil || f.Match(r))
}

func (g *Gateway) take(p *pending) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.left == 0 {
		return false
	}
	if p.left > 0 {
		p.left--
	}
	if p.left == 0 {
		g.faults = slices.DeleteFunc(slices.Clone(g.faults), func(q *pending) bool { return q == p })
	}
	return true
}

// replaces tells whether there is nothing left of the usual answer.
func (f *Fault) replaces() bool {
	return f.Drop || f.Status != 0 || f.Body != nil
}

// change makes of an answer what the fault makes of it. Without work done, a is zero.
func (f *Fault) change(r *http.Request, a *answer) {
	switch {
	case f.Status != 0:
		*a = problemAnswer(r, f.Status, "This failure was injected by a test")
	case a.status == 0:
		*a = jsonAnswer(http.StatusOK, nil, http.Header{})
	}
	if f.Body != nil {
		a.body = []byte(*f.Body)
		if a.status < 400 {
			a.header.Set("Content-Type", typeJSON)
		}
	}
	if f.RetryAfter != "" {
		a.header.Set("Retry-After", f.RetryAfter)
	}
	a.override = maps.Clone(f.Header)
	a.truncate = f.Truncate
}
