package output

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Messages is how get and list show messages. The fields of the CSV are those of the API, in its order.
var Messages = Layout[outgoing.Message]{
	columns: []column[outgoing.Message]{
		idColumn,
		statusColumn,
		{title: "TYPE", width: 8, text: func(m outgoing.Message) string { return typeName(m.Type) }},
		recipientColumn,
		{title: "SENDER", width: 11, text: func(m outgoing.Message) string { return optional(m.Sender, asIs) }},
		{title: "PARTS", width: 5, right: true, text: func(m outgoing.Message) string { return optional(m.Parts, strconv.Itoa) }},
		{title: "SENT", width: 20, text: func(m outgoing.Message) string { return optional(m.SentDate, timestamp) }},
		{title: "PRICE", width: 6, right: true, text: func(m outgoing.Message) string { return m.Price.String() }},
	},
	fields: messageFields,
	json:   func(m outgoing.Message) any { return m },
}

// Changes is how watch shows messages: with the time since which a message has its status.
var Changes = Layout[outgoing.Message]{
	columns: []column[outgoing.Message]{
		idColumn,
		statusColumn,
		{title: "SINCE", width: 20, text: func(m outgoing.Message) string { return optional(m.StatusDate, timestamp) }},
		recipientColumn,
		{title: "DESCRIPTION", text: func(m outgoing.Message) string { return m.StatusDescription }},
	},
	fields: messageFields,
	json:   Messages.json,
}

var (
	idColumn        = column[outgoing.Message]{title: "ID", width: 10, text: func(m outgoing.Message) string { return strconv.FormatInt(m.ID, 10) }}
	statusColumn    = column[outgoing.Message]{title: "STATUS", width: 10, text: func(m outgoing.Message) string { return m.StatusCode }, color: statusColor}
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
