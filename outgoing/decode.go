package outgoing

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	rows "github.com/gsmservice-gateway/client-go/internal/oldrows"
)

// The responses are decoded here and not by the generated ...WithResponse methods: those read a body without bound, turn
// one malformed counter header into an error after a cancel has taken effect, lose the HTTP status when an error body is
// not JSON, and answer nil, nil for a 200 that carries HTML.

// decodeRows reads the JSON array of a 200 and hands each row over in turn: row, which is used again for the next one, or,
// for one that is not a T, its bytes and why. One bad row costs no other. The error says that the body as a whole is not
// what the contract says, or broke off; the rows before that have been handed over.
func decodeRows[T any](r *response, each func(row *T), bad func(row jsontext.Value, reason error)) error {
	if errors.Is(r.broken, errTooLarge) || errors.Is(r.broken, errCorrupt) {
		return r.broken
	}
	err := rows.Decode(r.withoutBOM(), each, bad)
	if errors.Is(err, rows.ErrTruncated) {
		err = brokeOff(err)
	}
	return cmp.Or(r.broken, err)
}

// sortedRows are the rows of an answer, each beside the ID that it is about.
type sortedRows[T any] struct {
	rows []T     // by index in the IDs asked for
	has  []bool  // whether there is a row
	bad  []error // an unreadable row of this ID or, where the ID has no row at all, one that does not tell its ID
}

// sortRows reads the rows of a 200 and sorts them by the IDs that were asked for. Rows of other IDs are dropped and logged,
// and so is a repeated row, after differs was asked about it. What was read before an error is returned beside it.
func sortRows[T any](ctx context.Context, op operation, r *response, ids []int64, idFrom func(*T) int64, differs func(first, repeated *T)) (sortedRows[T], error) {
	var (
		sorted  = sortedRows[T]{make([]T, len(ids)), make([]bool, len(ids)), make([]error, len(ids))}
		noID    error // an unreadable row that does not tell its ID
		dropped int
	)
	unreadable := func(id int64, reason error) {
		switch i := slices.Index(ids, id); {
		case i >= 0:
			sorted.bad[i] = reason
		case id == 0:
			noID = reason
		default:
			dropped++
		}
	}
	err := decodeRows(r, func(row *T) {
		id := idFrom(row)
		i := slices.Index(ids, id)
		switch {
		case id == 0:
			unreadable(0, errNoID)
		case i < 0:
			dropped++
		case sorted.has[i]:
			dropped++
			differs(&sorted.rows[i], row)
		default:
			sorted.rows[i], sorted.has[i] = *row, true
		}
	}, func(row jsontext.Value, reason error) { unreadable(rowID(row), r.badRow(reason)) })
	if dropped > 0 {
		op.logger.WarnContext(ctx, "rows that were not requested, or repeated, were dropped", "rows", dropped)
	}
	for i := range ids {
		if !sorted.has[i] && sorted.bad[i] == nil {
			sorted.bad[i] = noID
		}
	}
	return sorted, err
}

var errNoID = newError("the answer has a row without an ID", ErrUnexpectedResponse)

// rowID is the ID of a row that is unreadable otherwise; 0 if it has none.
func rowID(raw jsontext.Value) int64 {
	var row struct {
		ID int64 `json:"id"`
	}
	if rows.DecodeRow(raw, &row) != nil {
		return 0
	}
	return row.ID
}

// badRow returns why a row could not be read, for the caller.
func (r *response) badRow(reason error) error {
	return newError("the answer has an "+r.redact.text(reason.Error()), ErrUnexpectedResponse)
}
