package main

import (
	"strconv"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// outcome is what became of one ID in a cancel, and why.
type outcome struct {
	outgoing.Outcome
	err error // of the request, if the ID is not settled
}

var outcomeLayout = layout[outcome]{
	columns: []column[outcome]{
		{title: "ID", width: 10, text: outcome.id},
		{title: "STATE", width: 9, text: outcome.state, color: outcome.color},
		{title: "STATUS", width: 6, right: true, text: outcome.status},
		{title: "REASON", text: outcome.reason},
	},
	fields: []field[outcome]{
		{"id", outcome.id}, {"state", outcome.state}, {"status", outcome.status}, {"reason", outcome.reason},
	},
	json: outcome.json,
}

func (o outcome) id() string    { return strconv.FormatInt(o.ID, 10) }
func (o outcome) state() string { return o.State.String() }

func (o outcome) status() string {
	if o.Status == 0 {
		return ""
	}
	return strconv.Itoa(o.Status)
}

func (o outcome) color() string {
	switch o.State {
	case outgoing.Cancelled:
		return green
	case outgoing.Rejected:
		return red
	case outgoing.Unknown:
		return yellow
	}
	return faint
}

func (o outcome) reason() string {
	var why string
	switch {
	case o.Problem != nil && *o.Problem != outgoing.Problem{}:
		why = problemReason(*o.Problem)
	case o.err != nil:
		why = reason(o.err)
	}
	if o.State == outgoing.NotSent && o.Status != 0 {
		why = "the gateway turned the request away: " + why
	}
	if o.Message != nil {
		why += "; when looked up it was " + o.Message.StatusCode
	}
	return why
}

// json is a row of the API, with what is known here beside it.
func (o outcome) json() any {
	row := struct {
		ID      int64             `json:"id"`
		Status  *int              `json:"status"` // null where the gateway gave none
		Error   *outgoing.Problem `json:"error"`
		State   outgoing.State    `json:"state"`
		Reason  string            `json:"reason,omitempty"`
		Message *outgoing.Message `json:"message,omitempty"` // as it was when looked up, if the state is unknown
	}{ID: o.ID, Error: o.Problem, State: o.State, Reason: o.reason(), Message: o.Message}
	if o.Status != 0 {
		row.Status = &o.Status
	}
	return row
}
