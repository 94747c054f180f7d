package output

import (
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

// Findings is how doctor shows what it found.
var Findings = Layout[doctor.Result]{
	columns: []column[doctor.Result]{
		{title: "RULE", width: 4, text: func(r doctor.Result) string { return r.ID }},
		{title: "VERDICT", width: 7, text: func(r doctor.Result) string { return string(r.Verdict) }, color: verdictColor},
		{title: "CHECK", width: 19, text: func(r doctor.Result) string { return r.Title }},
		{title: "SEEN", text: seenAndPromise},
	},
	fields: []field[doctor.Result]{
		{"id", func(r doctor.Result) string { return r.ID }},
		{"title", func(r doctor.Result) string { return r.Title }},
		{"verdict", func(r doctor.Result) string { return string(r.Verdict) }},
		{"seen", func(r doctor.Result) string { return r.Seen }},
		{"promise", func(r doctor.Result) string { return r.Promise }},
	},
	json: func(r doctor.Result) any { return r },
}

// seenAndPromise leaves out of the table what rests on a result that is as it should be.
func seenAndPromise(r doctor.Result) string {
	if r.Promise == "" || r.Verdict == doctor.OK {
		return r.Seen
	}
	return r.Seen + " [" + r.Promise + "]"
}

func verdictColor(r doctor.Result) string {
	switch r.Verdict {
	case doctor.OK:
		return terminal.Green
	case doctor.Fail:
		return terminal.Red
	case doctor.Note:
		return terminal.Yellow
	}
	return terminal.Faint
}
