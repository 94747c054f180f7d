package outgoing

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// State is what is known about the cancelling of one message. Its zero value is [Unknown].
type State int

// The states of a cancellation; see [Client.CancelScheduled].
const (
	Unknown   State = iota // a request left, and no answer says whether it took effect
	NotSent                // untouched: no request with this ID left this process, or the gateway turned it away as a whole (401, 403, 429)
	Cancelled              // 204
	Rejected               // the gateway refused
)

var stateNames = []string{Unknown: "unknown", NotSent: "not sent", Cancelled: "cancelled", Rejected: "rejected"}

// String returns "unknown", "not sent", "cancelled" or "rejected".
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return stateNames[s]
}

// MarshalText returns what String does, for JSON and logs.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote, so that stored results can be read back. Any other text is an error that
// matches [ErrInvalidArgument], and leaves s as it is.
func (s *State) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames, string(text))
	if i < 0 {
		return invalid(fmt.Sprintf("%.40q is not the name of a State", text))
	}
	*s = State(i)
	return nil
}

// Outcome is what is known about one ID after [Client.CancelScheduled].
type Outcome struct {
	ID      int64
	State   State
	Status  int      // the gateway's code for this ID, or for its whole request: 204, 400, ...; 0 if it gave none
	Problem *Problem // set if Rejected; a zero Problem if the gateway gave no reason
	Message *Message // what the message looked like when read back, if Unknown
}

var (
	errNoRow      = newError("the answer has no row for this ID", ErrUnexpectedResponse)
	errRowsDiffer = newError("the answer has rows for this ID that contradict each other", ErrUnexpectedResponse)
	errDoubt      = newError("an earlier attempt may have cancelled it, so that the gateway refuses now proves nothing")
	errRowServer  = newError("the row for this ID has a status of 5xx: it may have been cancelled", ErrServer)
	errRowStatus  = newError("the row for this ID has a status that is neither 204 nor an error", ErrUnexpectedResponse)
)

// outcomeOf returns what is known about an ID from its row, if there was one, from the attempts, and from the error that
// they ended in. reason is nil where the ID is settled.
func outcomeOf(row cancelRow, t *attempts, err error) (o Outcome, reason error) {
	if row.seen {
		o.Status = row.status
		switch refused := row.status/100 == 4; {
		case row.differs || row.unreadable != nil:
			return o, errRowsDiffer
		case row.status == http.StatusNoContent:
			o.State = Cancelled
			return o, nil
		case refused && t.ambiguous:
			return o, errDoubt
		case refused: // a row speaks of its message, also with a status that speaks of the caller elsewhere
			o.State, o.Problem = Rejected, cmp.Or(row.problem, &Problem{})
			return o, nil
		case row.status/100 == 5:
			return o, errRowServer
		}
		return o, errRowStatus
	}
	switch {
	case row.unreadable != nil:
		return o, row.unreadable
	case err == nil:
		return o, errNoRow
	case t.mayHaveTakenEffect():
		return o, err
	case t.refusal != nil && t.refusal.isAboutCaller():
		o.State, o.Status = NotSent, t.refusal.StatusCode
		return o, err
	case t.refusal != nil:
		o.State, o.Status, o.Problem = Rejected, t.refusal.StatusCode, &t.refusal.Problem
		if t.saysMissing() {
			return o, nil
		}
		return o, err
	}
	o.State = NotSent
	return o, err
}

// saysMissing reports whether "there is no such message" is all that the whole request may have been answered.
func (t *attempts) saysMissing() bool { return t.endsMissing() && !t.mayHaveTakenEffect() }
