package outgoing

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
)

var errNoID = errorLine("the answer has a row without an ID", ErrUnexpectedResponse)

// rowID is the ID of a row that is unreadable otherwise; 0 if it has none.
func rowID(raw jsontext.Value) int64 {
	var row struct {
		ID int64 `json:"id"`
	}
	if decodeRow(raw, &row) != nil {
		return 0
	}
	return row.ID
}

// badRow is why a row could not be read, for the caller.
func (r *response) badRow(why error) error {
	return errorLine("the answer has an "+r.clean.text(bare(why)), ErrUnexpectedResponse)
}

func (c call) logRows(ctx context.Context, strange int) {
	if strange > 0 {
		c.logger.WarnContext(ctx, "rows that nobody asked for, or twice the same, were dropped", "rows", strange)
	}
}

func (c call) logNoneKnown(ctx context.Context, method string, ids int) {
	c.logger.WarnContext(ctx, "the gateway knows none of the IDs; with a wrong base URL it looks the same",
		"method", method, "path", messagesByID, "ids", ids)
}
