// Package doctor examines a gateway: it asks what no document says, and tells which promises of the library hold there.
//
// It only reads, one request after the other. Nothing in a [Result] or a record is a token, a recipient, a sender, a
// caller's ID or a text: what is shown of an answer passes an allow-list first (mask.go).
package doctor

import (
	"context"
	"fmt"
	"iter"
	"net/http"
)

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Note    Verdict = "note"    // differs where no document says how it is
	Fail    Verdict = "FAIL"    // a promise of the documents or of the library does not hold
	Skipped Verdict = "skipped" // could not be looked at; Seen says why
)

// Result is one line of the report.
type Result struct {
	ID      string  `json:"id"` // of the rule: D1 to D8
	Title   string  `json:"title"`
	Verdict Verdict `json:"verdict"`
	Seen    string  `json:"seen"`
	Promise string  `json:"promise,omitempty"` // which one rests on it
}

// Config says which gateway is examined, and how it is reached.
type Config struct {
	BaseURL string // one that outgoing.New accepts
	Gateway string // what the report calls it: its URL may be no one else's business
	Version string // of the command

	// Token is asked once for each request; an error of it ends the examination.
	Token     func(context.Context) (string, error)
	Transport http.RoundTripper // is given each request as it is, so that no redirect is followed

	// Record is given each distinct answer, masked, and a file name for it; nil records nothing. After an error it is not
	// called again, and the examination goes on.
	Record func(name string, answer []byte) error
}

// check is one rule of the examination. It asks for what it needs and has not been seen yet.
type check struct {
	id  string
	run func(context.Context, *examination) []Result
}

var checks = []check{
	{"D1", checkReach},
	{"D2", checkToken},
	{"D3", checkRows},
	{"D4", checkPages},
	{"D5", checkOrder},
	{"D6", checkLookups},
	{"D7", checkErrors},
	{"D8", checkLimits},
}

// Run examines the gateway. It yields the results in the order of their rules, those of a rule as soon as it is done with
// it. When ctx is done it ends after the rule that was being looked at, whose open results are skipped.
func Run(ctx context.Context, cfg Config) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		x := newExamination(cfg)
		for _, c := range checks {
			for _, result := range c.run(ctx, x) {
				result.ID = c.id
				result.Seen = x.mask.text(result.Seen)
				if !yield(result) {
					return
				}
			}
			if ctx.Err() != nil || x.interrupted {
				return
			}
		}
	}
}

func ok(title, format string, args ...any) Result {
	return Result{Title: title, Verdict: OK, Seen: fmt.Sprintf(format, args...)}
}

func note(title, format string, args ...any) Result {
	return Result{Title: title, Verdict: Note, Seen: fmt.Sprintf(format, args...)}
}

func fail(title, format string, args ...any) Result {
	return Result{Title: title, Verdict: Fail, Seen: fmt.Sprintf(format, args...)}
}

func skip(title string, why error) Result {
	return Result{Title: title, Verdict: Skipped, Seen: why.Error()}
}

// resting names the promise that rests on a result.
func (r Result) resting(promise string) Result {
	r.Promise = promise
	return r
}
