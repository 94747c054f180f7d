package outgoing

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/errline"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// State is what is known about the cancelling of one message.
type State int

// The states, which the package documentation explains under Cancelling.
const (
	Unknown   State = iota // a request was sent, and no answer says whether it took effect
	NotSent                // untouched: no request was sent, or the gateway refused it as a whole (401, 403, 429)
	Cancelled              // 204
	Rejected               // the gateway refused
)

var stateNames = []string{Unknown: "unknown", NotSent: "not sent", Cancelled: "cancelled", Rejected: "rejected"}

func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return stateNames[s]
}

// MarshalText returns what String does.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it; any other text is [ErrInvalidArgument].
func (s *State) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames, string(text))
	if i < 0 {
		return invalid(fmt.Sprintf("%.40q is not the name of a State", text))
	}
	*s = State(i)
	return nil
}

// Outcome is what [Client.CancelScheduled] knows about one ID.
type Outcome struct {
	ID      int64
	State   State
	Status  int      // the gateway's code for this ID, or for its whole request: 204, 400, ...; 0 if it gave none
	Problem *Problem // set if Rejected; a zero Problem if the gateway gave no reason
	Message *Message // what a look-up showed later, if Unknown or Rejected by its row; nil if it failed or found nothing
}

var (
	errNoRow     = unexpected(errors.New("the answer has no row for this ID"))
	errRowStatus = unexpected(errors.New("the row for this ID has a status that is neither 204 nor an error"))
	errRowServer = errline.New("the row for this ID has a status of 5xx: it may have been cancelled", ErrServer)
	errDoubt     = errline.New("an earlier attempt may have cancelled it, so that the gateway refuses now proves nothing")
)

// outcomeOf returns what is known about the i-th ID from its row, if there was one, or else from how its request ended.
// reason is nil where the ID is settled.
func outcomeOf(found *requestResult[gen.CancelledMessage], i int) (o Outcome, reason error) {
	switch row := found.Rows[i]; {
	case row.Value != nil:
		return outcomeOfRow(row, &found.trace)
	case row.Err != nil:
		return o, unexpected(row.Err)
	case found.err == nil:
		return o, errNoRow
	}
	return outcomeWithoutRow(&found.trace, found.err)
}

// outcomeOfRow returns what a row says of its message. Its status concerns that message, also a 401 or 429, which would
// concern the caller if the whole request had got it.
func outcomeOfRow(row rows.Row[gen.CancelledMessage], t *transport.Trace) (o Outcome, reason error) {
	o.Status = row.Value.Status
	switch {
	case row.Err != nil:
		return o, unexpected(row.Err)
	case o.Status == http.StatusNoContent:
		o.State = Cancelled
		return o, nil
	case o.Status/100 == 4 && t.Ambiguous:
		return o, errDoubt
	case o.Status/100 == 4:
		o.State, o.Problem = Rejected, t.Redact.Problem(row.Value.Error)
		return o, nil
	case o.Status/100 == 5:
		return o, errRowServer
	}
	return o, errRowStatus
}

// outcomeWithoutRow returns what is known about an ID whose request ended in err, without a row for it.
func outcomeWithoutRow(t *transport.Trace, err error) (o Outcome, reason error) {
	refusal := answerOf(t.Refusal)
	switch {
	case t.MayHaveTakenEffect():
		return o, err
	case refusal == nil:
		o.State = NotSent
		return o, err
	case refusal.isCallerError():
		o.State, o.Status = NotSent, refusal.StatusCode
		if !errors.Is(err, refusal) || errors.Is(err, ErrNotSent) { // what came later tells less
			err = refusal
		}
		return o, err
	}
	o.State, o.Status, o.Problem = Rejected, refusal.StatusCode, &refusal.Problem
	if answerOf(err).noneKnown() {
		return o, nil
	}
	return o, err
}
