package output

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Layout says how results of one kind look. What stands in a table or a CSV are members of their JSON.
type Layout[T any] struct {
	columns []column // of a table
	fields  []string // of a CSV
}

// column is one column of a table. Widths are fixed, since a table that waits for its last row to know them would
// neither start at once nor end in bounded memory.
type column struct {
	member string
	title  string
	width  int  // 0 of the last one, which has the rest of the line
	right  bool // numbers
	least  int  // on a terminal with fewer characters in a line the column is left out

	text func(members) string // of a cell, if it is not the member's
}

// Messages is how list shows messages. The fields of the CSV are those of the API, in its order.
var Messages = Layout[outgoing.Message]{
	columns: []column{
		idColumn,
		statusColumn,
		{member: "type", title: "TYPE", width: 8, least: 90, text: typeName},
		recipientColumn,
		{member: "sender", title: "SENDER", width: 11, least: 50},
		{member: "parts", title: "PARTS", width: 5, right: true, least: 97},
		{member: "sent_date", title: "SENT", width: 20, least: 80},
		{member: "price", title: "PRICE", width: 6, right: true, least: 58},
	},
	fields: []string{
		"id", "cid", "type", "recipient", "sender", "parts", "sent_date", "status_date", "status_code",
		"status_description", "unicode", "flash", "price",
	},
}

// Changes is how watch shows messages: with the time since which a message has its status.
var Changes = Layout[outgoing.Message]{
	columns: []column{
		idColumn,
		statusColumn,
		{member: "status_date", title: "SINCE", width: 20, least: 71},
		recipientColumn,
		{member: "status_description", title: "DESCRIPTION"},
	},
	fields: Messages.fields,
}

var (
	idColumn        = column{member: "id", title: "ID", width: 10}
	recipientColumn = column{member: "recipient", title: "RECIPIENT", width: 13}
	statusColumn    = column{member: "status_code", title: "STATUS", width: 10, text: statusOrState}
)

// colors are those of statuses, states and verdicts, in whichever column.
var colors = map[string]string{
	outgoing.StatusScheduled:    terminal.Yellow, // the only ones that can still be stopped
	outgoing.Cancelled.String(): terminal.Green, string(doctor.OK): terminal.Green,
	outgoing.Rejected.String(): terminal.Red, string(doctor.Fail): terminal.Red,
	outgoing.Unknown.String(): terminal.Yellow, string(doctor.Note): terminal.Yellow,
	outgoing.NotSent.String(): terminal.Faint, string(doctor.Skipped): terminal.Faint,
}

func typeName(m members) string {
	names := map[string]string{"1": "SMS PRO", "3": "SMS ECO", "4": "SMS 2WAY", "10": "MMS"}
	return cmp.Or(names[m["type"]], m["type"])
}

// statusOrState is the status of a message, or why a Result has none.
func statusOrState(m members) string {
	if state := m["state"]; state != "" && state != Found {
		return state + ": " + m["reason"]
	}
	return m["status_code"]
}

// Result is what became of one ID in a get.
type Result struct {
	ID                int64  `json:"id"`
	*outgoing.Message        // nil if there is none
	State             string `json:"state"`
	Reason            string `json:"reason,omitempty"` // why there is no message
}

// The states of a Result.
const (
	Found      = "found"
	Missing    = "missing"
	NotSettled = "not settled"
	NotSent    = "not sent"
)

// Results is how get shows messages: with a row for each ID, whether there is a message or not.
var Results = Layout[Result]{
	columns: Messages.columns,
	fields:  slices.Concat(Messages.fields, []string{"state", "reason"}),
}

// Count says how many IDs of a get have a state and, if they are found, a status.
type Count struct {
	State    string `json:"state"`
	Status   string `json:"status_code,omitempty"`
	Messages int    `json:"messages"`
}

// Counts is how get --summary shows what it found.
var Counts = Layout[Count]{
	columns: []column{
		{member: "state", title: "STATE", width: 11},
		{member: "status_code", title: "STATUS", width: 16},
		{member: "messages", title: "MESSAGES", width: 8, right: true},
	},
	fields: []string{"state", "status_code", "messages"},
}

// Outcome is what became of one ID in a cancel: a row of the API, with what is known here beside it.
type Outcome struct {
	ID      int64             `json:"id"`
	Status  *int              `json:"status"` // null where the gateway gave none
	Error   *outgoing.Problem `json:"error"`
	State   outgoing.State    `json:"state"`
	Reason  string            `json:"reason,omitempty"`
	Message *outgoing.Message `json:"message,omitempty"` // as it is now, if the state is unknown or rejected
}

// Outcomes is how cancel shows what became of IDs.
var Outcomes = Layout[Outcome]{
	columns: []column{
		idColumn,
		{member: "state", title: "STATE", width: 9},
		{member: "status", title: "STATUS", width: 6, right: true},
		{member: "message/status_code", title: "NOW", width: 10},
		{member: "reason", title: "REASON"},
	},
	fields: []string{"id", "state", "status", "message/status_code", "reason"},
}

// NewOutcome returns the row of an outcome. The error is that of its request, if the ID is not settled.
func NewOutcome(o outgoing.Outcome, err error) Outcome {
	row := Outcome{ID: o.ID, Error: o.Problem, State: o.State, Message: o.Message}
	switch p := o.Problem; {
	case p != nil && *p != outgoing.Problem{}:
		row.Reason = cmp.Or(p.Detail, p.Title)
		if p.Code != "" {
			row.Reason = strings.TrimSpace(row.Reason + " (code " + p.Code + ")")
		}
	case err != nil:
		row.Reason = strings.TrimPrefix(Reason(err), o.State.String()+": ")
	}
	if o.Status != 0 {
		row.Status = &o.Status
		if o.State == outgoing.NotSent {
			row.Reason = "the gateway turned the request away: " + row.Reason
		}
	}
	return row
}

// Findings is how doctor shows what it found.
var Findings = Layout[doctor.Result]{
	columns: []column{
		{member: "id", title: "RULE", width: 4},
		{member: "verdict", title: "VERDICT", width: 7},
		{member: "title", title: "CHECK", width: 19},
		{member: "seen", title: "SEEN", text: seenAndPromise},
	},
	fields: []string{"id", "title", "verdict", "seen", "promise"},
}

func seenAndPromise(m members) string {
	if m["promise"] == "" || m["verdict"] == string(doctor.OK) {
		return m["seen"]
	}
	return m["seen"] + " [" + m["promise"] + "]"
}

// Reason returns why something did not happen, for people.
func Reason(err error) string {
	// The cause of a context is only text in the library's errors; only an interrupt cancels one here.
	interrupted := errors.Is(err, interrupt.ErrInterrupted) || errors.Is(err, context.Canceled)
	if interrupted && errors.Is(err, outgoing.ErrNotSent) {
		return interrupt.ErrInterrupted.Error()
	}
	text := strings.Replace(WithoutPrefix(err), "context canceled: ", "", 1) // which is how an interrupt reaches the library
	answer, ok := errors.AsType[*outgoing.APIError](err)
	if ok && bytes.HasPrefix(bytes.TrimSpace(answer.Body), []byte("<")) && !strings.Contains(text, "base URL") {
		text += "; the answer is HTML, which usually means a wrong base URL or a proxy"
	}
	return display.Printable(text)
}

// WithoutPrefix returns the text of an error without the library's prefix, which is this command's name too. It is also
// taken away inside, where net/http quotes the library: the cause of a context that it was given.
func WithoutPrefix(err error) string {
	const prefix = "outgoing: "
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), prefix), ": "+prefix, ": ")
}
