package output

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Layout says how results of one kind look.
type Layout[T any] struct {
	columns []column // of a table
	cells   func(T) []string
	fields  []string // of a CSV
	record  func(T) []string
	json    func(T) any
}

// column is one column of a table. Widths are fixed, since a table that waits for its last row to know them would
// neither start at once nor end in bounded memory.
type column struct {
	title string
	width int  // 0 for the rest of the line
	most  int  // width of a cell that is not cut, and pushes the others to the right; 0 for width
	right bool // numbers
	least int  // on a terminal with fewer characters in a line the column is left out

	colors map[string]string // of cells, by their text
}

// Messages is how list shows messages. The fields of the CSV are those of the API, in its order.
var Messages = Layout[outgoing.Message]{
	columns: []column{
		idColumn,
		statusColumn,
		{title: "TYPE", width: 8, least: 90},
		recipientColumn,
		{title: "SENDER", width: 11, least: 50},
		{title: "PARTS", width: 5, right: true, least: 97},
		{title: "SENT", width: 20, least: 80},
		{title: "PRICE", width: 6, right: true, least: 58},
	},
	cells: func(m outgoing.Message) []string {
		return []string{
			number(m.ID), m.StatusCode, cmp.Or(typeNames[m.Type], fmt.Sprintf("type %d", m.Type)), m.Recipient,
			optional(m.Sender, asIs), optional(m.Parts, strconv.Itoa), optional(m.SentDate, timestamp), m.Price.String(),
		}
	},
	fields: []string{
		"id", "cid", "type", "recipient", "sender", "parts", "sent_date", "status_date", "status_code",
		"status_description", "unicode", "flash", "price",
	},
	record: func(m outgoing.Message) []string {
		return []string{
			number(m.ID), optional(m.CID, asIs), strconv.Itoa(int(m.Type)), m.Recipient, optional(m.Sender, asIs),
			optional(m.Parts, strconv.Itoa), optional(m.SentDate, timestamp), optional(m.StatusDate, timestamp), m.StatusCode,
			m.StatusDescription, strconv.FormatBool(m.Unicode), strconv.FormatBool(m.Flash), m.Price.String(),
		}
	},
	json: func(m outgoing.Message) any { return m },
}

// Changes is how watch shows messages: with the time since which a message has its status.
var Changes = Layout[outgoing.Message]{
	columns: []column{
		idColumn, statusColumn, {title: "SINCE", width: 20, least: 71}, recipientColumn, {title: "DESCRIPTION"},
	},
	cells: func(m outgoing.Message) []string {
		return []string{number(m.ID), m.StatusCode, optional(m.StatusDate, timestamp), m.Recipient, m.StatusDescription}
	},
	fields: Messages.fields,
	record: Messages.record,
	json:   Messages.json,
}

var (
	idColumn        = column{title: "ID", width: 10, most: 19}
	statusColumn    = column{title: "STATUS", width: 10, most: 16, colors: statusColors}
	recipientColumn = column{title: "RECIPIENT", width: 13}

	statusColors = map[string]string{outgoing.StatusScheduled: terminal.Yellow} // the only ones that can still be stopped

	typeNames = map[outgoing.MessageType]string{
		outgoing.MessageTypeSMSPro:    "SMS PRO",
		outgoing.MessageTypeSMSEco:    "SMS ECO",
		outgoing.MessageTypeSMSTwoWay: "SMS 2WAY",
		outgoing.MessageTypeMMS:       "MMS",
	}
)

// Result is what became of one ID in a get.
type Result struct {
	outgoing.Message
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"` // why there is no message
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
	cells: func(r Result) []string {
		if r.State != Found {
			return []string{number(r.ID), r.State + ": " + r.Reason}
		}
		return Messages.cells(r.Message)
	},
	fields: slices.Concat(Messages.fields, []string{"state", "reason"}),
	record: func(r Result) []string {
		fields := make([]string, len(Messages.fields))
		fields[0] = number(r.ID)
		if r.State == Found {
			fields = Messages.record(r.Message)
		}
		return append(fields, r.State, r.Reason)
	},
	json: func(r Result) any {
		if r.State == Found {
			return r
		}
		return struct {
			ID     int64  `json:"id"`
			State  string `json:"state"`
			Reason string `json:"reason"`
		}{r.ID, r.State, r.Reason}
	},
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
		{title: "STATE", width: 11}, {title: "STATUS", width: 16}, {title: "MESSAGES", width: 8, right: true},
	},
	cells:  Count.record,
	fields: []string{"state", "status_code", "messages"},
	record: Count.record,
	json:   func(c Count) any { return c },
}

func (c Count) record() []string { return []string{c.State, c.Status, strconv.Itoa(c.Messages)} }

// Outcome is what became of one ID in a cancel, and why.
type Outcome struct {
	outgoing.Outcome
	Err error // of the request, if the ID is not settled
}

// Outcomes is how cancel shows what became of IDs.
var Outcomes = Layout[Outcome]{
	columns: []column{
		idColumn,
		{title: "STATE", width: 9, colors: map[string]string{
			outgoing.Cancelled.String(): terminal.Green,
			outgoing.Rejected.String():  terminal.Red,
			outgoing.Unknown.String():   terminal.Yellow,
			outgoing.NotSent.String():   terminal.Faint,
		}},
		{title: "STATUS", width: 6, right: true},
		{title: "NOW", width: 10, most: 16},
		{title: "REASON"},
	},
	cells:  Outcome.record,
	fields: []string{"id", "state", "status", "status_code", "reason"},
	record: Outcome.record,
	json:   Outcome.json,
}

func (o Outcome) record() []string {
	var status, now string // the latter when the message was read back
	if o.Status != 0 {
		status = strconv.Itoa(o.Status)
	}
	if o.Message != nil {
		now = o.Message.StatusCode
	}
	return []string{number(o.ID), o.State.String(), status, now, o.reason()}
}

func (o Outcome) reason() string {
	var text string
	switch p := o.Problem; {
	case p != nil && *p != outgoing.Problem{}:
		text = cmp.Or(p.Detail, p.Title)
		if p.Code != "" {
			text = strings.TrimSpace(text + " (code " + p.Code + ")")
		}
	case o.Err != nil:
		text = strings.TrimPrefix(Reason(o.Err), o.State.String()+": ")
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

// Findings is how doctor shows what it found.
var Findings = Layout[doctor.Result]{
	columns: []column{
		{title: "RULE", width: 4},
		{title: "VERDICT", width: 7, colors: map[string]string{
			string(doctor.OK):      terminal.Green,
			string(doctor.Fail):    terminal.Red,
			string(doctor.Note):    terminal.Yellow,
			string(doctor.Skipped): terminal.Faint,
		}},
		{title: "CHECK", width: 19},
		{title: "SEEN"},
	},
	cells: func(r doctor.Result) []string {
		seen := r.Seen
		if r.Promise != "" && r.Verdict != doctor.OK {
			seen += " [" + r.Promise + "]"
		}
		return []string{r.ID, string(r.Verdict), r.Title, seen}
	},
	fields: []string{"id", "title", "verdict", "seen", "promise"},
	record: func(r doctor.Result) []string { return []string{r.ID, r.Title, string(r.Verdict), r.Seen, r.Promise} },
	json:   func(r doctor.Result) any { return r },
}

// optional returns the text of a value that may be null.
func optional[T any](value *T, text func(T) string) string {
	if value == nil {
		return ""
	}
	return text(*value)
}

func asIs(s string) string         { return s }
func number(id int64) string       { return strconv.FormatInt(id, 10) }
func timestamp(t time.Time) string { return t.Format(time.RFC3339) }
