package output

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Messages is how list shows messages. The fields of the CSV are those of the API, in its order.
var Messages = Layout[outgoing.Message]{
	columns: []column[outgoing.Message]{
		idColumn,
		statusColumn,
		{title: "TYPE", width: 8, least: 90, text: func(m outgoing.Message) string { return typeName(m.Type) }},
		recipientColumn,
		{title: "SENDER", width: 11, least: 50, text: func(m outgoing.Message) string { return optional(m.Sender, asIs) }},
		{title: "PARTS", width: 5, right: true, least: 97, text: func(m outgoing.Message) string { return optional(m.Parts, strconv.Itoa) }},
		{title: "SENT", width: 20, least: 80, text: func(m outgoing.Message) string { return optional(m.SentDate, timestamp) }},
		{title: "PRICE", width: 6, right: true, least: 58, text: func(m outgoing.Message) string { return m.Price.String() }},
	},
	fields: messageFields,
	json:   func(m outgoing.Message) any { return m },
}

// Changes is how watch shows messages: with the time since which a message has its status.
var Changes = Layout[outgoing.Message]{
	columns: []column[outgoing.Message]{
		idColumn,
		statusColumn,
		{title: "SINCE", width: 20, least: 71, text: func(m outgoing.Message) string { return optional(m.StatusDate, timestamp) }},
		recipientColumn,
		{title: "DESCRIPTION", text: func(m outgoing.Message) string { return m.StatusDescription }},
	},
	fields: messageFields,
	json:   Messages.json,
}

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
var Results = func() (l Layout[Result]) {
	found := func(text func(outgoing.Message) string) func(Result) string {
		return func(r Result) string {
			if r.State != Found || text == nil {
				return ""
			}
			return text(r.Message)
		}
	}
	for _, c := range Messages.columns {
		l.columns = append(l.columns, column[Result]{title: c.title, width: c.width, most: c.most, right: c.right, least: c.least, text: found(c.text), color: found(c.color)})
	}
	for _, f := range messageFields {
		l.fields = append(l.fields, field[Result]{f.name, found(f.text)})
	}
	id := func(r Result) string { return idColumn.text(r.Message) }
	l.columns[0].text, l.fields[0].text = id, id
	l.columns[1].instead = Result.withoutMessage
	l.fields = append(l.fields, field[Result]{"state", func(r Result) string { return r.State }}, field[Result]{"reason", func(r Result) string { return r.Reason }})
	l.json = Result.json
	return l
}()

// withoutMessage is what the table has in place of a message.
func (r Result) withoutMessage() string {
	if r.State == Found {
		return ""
	}
	return r.State + ": " + r.Reason
}

func (r Result) json() any {
	if r.State == Found {
		return r
	}
	return struct {
		ID     int64  `json:"id"`
		State  string `json:"state"`
		Reason string `json:"reason"`
	}{r.ID, r.State, r.Reason}
}

// Count says how many IDs of a get have a state and, if they are found, a status.
type Count struct {
	State    string `json:"state"`
	Status   string `json:"status_code,omitempty"`
	Messages int    `json:"messages"`
}

// Counts is how get --summary shows what it found.
var Counts = Layout[Count]{
	columns: []column[Count]{
		{title: "STATE", width: 11, text: func(c Count) string { return c.State }},
		{title: "STATUS", width: 16, text: func(c Count) string { return c.Status }},
		{title: "MESSAGES", width: 8, right: true, text: Count.messages},
	},
	fields: []field[Count]{
		{"state", func(c Count) string { return c.State }}, {"status_code", func(c Count) string { return c.Status }}, {"messages", Count.messages},
	},
	json: func(c Count) any { return c },
}

func (c Count) messages() string { return strconv.Itoa(c.Messages) }

var (
	idColumn        = column[outgoing.Message]{title: "ID", width: 10, most: 19, text: func(m outgoing.Message) string { return strconv.FormatInt(m.ID, 10) }}
	statusColumn    = column[outgoing.Message]{title: "STATUS", width: 10, most: 16, text: func(m outgoing.Message) string { return m.StatusCode }, color: statusColor}
	recipientColumn = column[outgoing.Message]{title: "RECIPIENT", width: 13, text: func(m outgoing.Message) string { return m.Recipient }}
)

var messageFields = []field[outgoing.Message]{
	{"id", func(m outgoing.Message) string { return strconv.FormatInt(m.ID, 10) }},
	{"cid", func(m outgoing.Message) string { return optional(m.CID, asIs) }},
	{"type", func(m outgoing.Message) string { return strconv.Itoa(int(m.Type)) }},
	{"recipient", func(m outgoing.Message) string { return m.Recipient }},
	{"sender", func(m outgoing.Message) string { return optional(m.Sender, asIs) }},
	{"parts", func(m outgoing.Message) string { return optional(m.Parts, strconv.Itoa) }},
	{"sent_date", func(m outgoing.Message) string { return optional(m.SentDate, timestamp) }},
	{"status_date", func(m outgoing.Message) string { return optional(m.StatusDate, timestamp) }},
	{"status_code", func(m outgoing.Message) string { return m.StatusCode }},
	{"status_description", func(m outgoing.Message) string { return m.StatusDescription }},
	{"unicode", func(m outgoing.Message) string { return strconv.FormatBool(m.Unicode) }},
	{"flash", func(m outgoing.Message) string { return strconv.FormatBool(m.Flash) }},
	{"price", func(m outgoing.Message) string { return m.Price.String() }},
}

var typeNames = map[outgoing.MessageType]string{
	outgoing.MessageTypeSMSPro:    "SMS PRO",
	outgoing.MessageTypeSMSEco:    "SMS ECO",
	outgoing.MessageTypeSMSTwoWay: "SMS 2WAY",
	outgoing.MessageTypeMMS:       "MMS",
}

func typeName(t outgoing.MessageType) string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", t)
}

func statusColor(m outgoing.Message) string {
	if m.StatusCode == outgoing.StatusScheduled {
		return terminal.Yellow // the only ones that can still be stopped
	}
	return ""
}

// optional returns the text of a value that may be null.
func optional[T any](value *T, text func(T) string) string {
	if value == nil {
		return ""
	}
	return text(*value)
}

func asIs(s string) string         { return s }
func timestamp(t time.Time) string { return t.Format(time.RFC3339) }
