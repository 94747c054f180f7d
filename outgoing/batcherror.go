package outgoing

import (
	"fmt"
	"strconv"
	"strings"
)

// BatchError names every ID that a call could not settle, once, in the order asked. The result beside it holds all that
// was settled. It matches whatever one of its Failures matches.
type BatchError struct{ Failures []Failure }

// Failure is a part of a call that failed for one reason. IDs is empty where an unreadable row of a page gave none.
type Failure struct {
	IDs []int64
	Err error
}

// Error is one line of at most 512 bytes: how many IDs, the first of them, and the first reason.
func (e *BatchError) Error() string {
	ids := 0
	for _, f := range e.Failures {
		ids += len(f.IDs)
	}
	var b strings.Builder
	if ids > 0 {
		b.WriteString("outgoing: " + plural(ids, "ID") + " not settled")
	} else {
		b.WriteString("outgoing: " + plural(len(e.Failures), "row") + " not readable")
	}
	if len(e.Failures) == 0 {
		return b.String()
	}
	var more string
	if n := len(e.Failures) - 1; n > 0 {
		more = "; and " + plural(n, "more failure")
	}
	first := e.Failures[0]
	if len(first.IDs) > 0 {
		b.WriteString(": ID " + strconv.FormatInt(first.IDs[0], 10))
		if n := len(first.IDs) - 1; n > 0 {
			fmt.Fprintf(&b, " and %d more", n)
		}
	}
	if first.Err != nil {
		b.WriteString(": " + clip(strings.TrimPrefix(first.Err.Error(), "outgoing: "), maxErrorText-b.Len()-len(more)-len(": ")))
	}
	return b.String() + more
}

// IDs are the IDs that were not settled, in the order asked.
func (e *BatchError) IDs() []int64 {
	var ids []int64
	for _, f := range e.Failures {
		ids = append(ids, f.IDs...)
	}
	return ids
}

// Unwrap gives the reasons.
func (e *BatchError) Unwrap() []error {
	errs := make([]error, 0, len(e.Failures))
	for _, f := range e.Failures {
		if f.Err != nil {
			errs = append(errs, f.Err)
		}
	}
	return errs
}

// add appends a failure, or its IDs to the last one if the reason is the same.
func (e *BatchError) add(err error, ids ...int64) {
	if n := len(e.Failures); n > 0 && e.Failures[n-1].Err == err { //nolint:errorlint // the same value, not the same kind
		e.Failures[n-1].IDs = append(e.Failures[n-1].IDs, ids...)
		return
	}
	e.Failures = append(e.Failures, Failure{IDs: ids, Err: err})
}

// orNil is nil, and not a typed nil, where nothing failed.
func (e *BatchError) orNil() error {
	if len(e.Failures) == 0 {
		return nil
	}
	return e
}
