package output

import (
	"strconv"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Outcome is what became of one ID in a cancel, and why.
type Outcome struct {
	outgoing.Outcome
	Err error // of the request, if the ID is not settled
}

// Outcomes is how cancel shows what became of IDs.
var Outcomes = Layout[Outcome]{
	columns: []column[Outcome]{
		{title: "ID", width: 10, most: 19, text: Outcome.id},
		{title: "STATE", width: 9, text: Outcome.state, color: Outcome.color},
		{title: "STATUS", width: 6, right: true, text: Outcome.status},
		{title: "NOW", width: 10, most: 16, text: Outcome.now},
		{title: "REASON", text: Outcome.reason},
	},
	fields: []field[Outcome]{
		{"id", Outcome.id}, {"state", Outcome.state}, {"status", Outcome.status}, {"status_code", Outcome.now}, {"reason", Outcome.reason},
	},
	json: Outcome.json,
}

func (o Outcome) id() string    { return strconv.FormatInt(o.ID, 10) }
func (o Outcome) state() string { return o.State.String() }

func (o Outcome) status() string {
	if o.Status == 0 {
		return ""
	}
	return strconv.Itoa(o.Status)
}

// now is the status of the message when it was read back.
func (o Outcome) now() string {
	if o.Message == nil {
		return ""
	}
	return o.Message.StatusCode
}

func (o Outcome) color() string {
	switch o.State {
	case outgoing.Cancelled:
		return terminal.Green
	case outgoing.Rejected:
		return terminal.Red
	case outgoing.Unknown:
		return terminal.Yellow
	}
	return terminal.Faint
}

func (o Outcome) reason() string {
	var text string
	switch {
	case o.Problem != nil && *o.Problem != outgoing.Problem{}:
		text = problemReason(*o.Problem)
	case o.Err != nil:
		text = Reason(o.Err)
	}
	if o.State == outgoing.NotSent && o.Status != 0 {
		text = "the gateway turned the request away: " + text
	}
	return text
}

// json is a row of the API, with what is known here beside it.
func (o Outcome) json() any {
	row := struct {
		ID      int64             `json:"id"`
		Status  *int              `json:"status"` // null where the gateway gave none
		Error   *outgoing.Problem `json:"error"`
		State   outgoing.State    `json:"state"`
		Reason  string            `json:"reason,omitempty"`
		Message *outgoing.Message `json:"message,omitempty"` // as it is now, if the state is unknown or rejected
	}{ID: o.ID, Error: o.Problem, State: o.State, Reason: o.reason(), Message: o.Message}
	if o.Status != 0 {
		row.Status = &o.Status
	}
	return row
}
