package outgoing

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
)

// cancelAnswer is what a 200 says: a row for each ID of the request, seen or not.
type cancelAnswer struct {
	rows []cancelRow
	meta Meta
}

type cancelRow struct {
	seen       bool
	differs    bool // repeated, with another status
	status     int
	problem    *Problem
	unreadable error
}

// readCancelled sorts the rows of a 200 by the IDs that were asked for.
func (c call) readCancelled(ctx context.Context, r *response, ids []int64) (cancelAnswer, error) {
	var (
		rows    = make([]cancelRow, len(ids))
		lost    error // an unreadable row that does not tell its ID
		strange int
	)
	note := func(id int64, status int, problem *Problem) {
		i := slices.Index(ids, id)
		if i < 0 {
			strange++
			return
		}
		row := &rows[i]
		row.differs = row.differs || row.seen && row.status != status
		if !row.seen {
			row.seen, row.status, row.problem = true, status, r.problem(problem)
		}
	}
	err := decodeRows(r, func(m *gen.CancelledMessage) {
		if m.ID == 0 {
			lost = errNoID
			return
		}
		note(m.ID, m.Status, m.Error)
	}, func(raw jsontext.Value, why error) {
		var row struct {
			ID     int64 `json:"id"`
			Status int   `json:"status"`
		}
		if decodeRow(raw, &row) == nil && row.ID != 0 { // so it is the problem that is odd, and no reason to lose the rest
			note(row.ID, row.Status, nil)
			return
		}
		id, why := rowID(raw), r.badRow(why)
		switch i := slices.Index(ids, id); {
		case i >= 0:
			rows[i].unreadable = why
		case id == 0:
			lost = why
		default:
			strange++
		}
	})
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return cancelAnswer{}, err
	}
	c.logRows(ctx, strange)
	for i := range rows {
		if row := &rows[i]; !row.seen && row.unreadable == nil {
			row.unreadable = lost
		}
	}
	if err != nil {
		return cancelAnswer{rows: rows}, err
	}
	return cancelAnswer{rows: rows, meta: c.readCancelMeta(ctx, r)}, nil
}
