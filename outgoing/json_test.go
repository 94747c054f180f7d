package outgoing_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/govalues/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// stored are results as they can be: full, empty and zero.
func stored() []any {
	sent := time.Date(2024, 6, 1, 16, 22, 5, 123, time.UTC)
	message := outgoing.Message{
		ID: 43456, CID: new("cid"), Type: outgoing.MessageTypeSMSEco, Recipient: "+48999999999", Sender: new(""), Parts: new(2),
		SentDate: &sent, StatusDate: &sent, StatusCode: "QUEUED", StatusDescription: `a "b"`, Unicode: true,
		Price: outgoing.Price{Decimal: decimal.MustParse("0.10")},
	}
	problem := outgoing.Problem{Type: "about:blank", Status: 404, Title: "Not Found", Detail: "d", Code: "404-6", Instance: "/1"}
	meta := outgoing.Meta{SuccessCount: new(2), ErrorCount: new(0), Sandbox: new(false), Requests: 3, Attempts: 4}
	all := []any{
		message, outgoing.Message{}, problem, outgoing.Problem{}, meta, outgoing.Meta{},
		outgoing.GetResult{Messages: []outgoing.Message{message, {}}, Missing: []int64{1, 1 << 62}, Meta: meta},
		outgoing.GetResult{Messages: []outgoing.Message{}, Missing: []int64{}},
		outgoing.GetResult{},
		outgoing.Outcome{ID: 1, State: outgoing.Rejected, Status: 404, Problem: &problem},
		outgoing.Outcome{ID: 1, State: outgoing.Rejected, Problem: &outgoing.Problem{}},
		outgoing.Outcome{ID: 1, Message: &message},
		outgoing.Outcome{},
		outgoing.CancelResult{Outcomes: []outgoing.Outcome{{ID: 1, State: outgoing.Cancelled, Status: 204}, {ID: 2, State: outgoing.NotSent}}, Meta: meta},
		outgoing.CancelResult{Outcomes: []outgoing.Outcome{}},
		outgoing.CancelResult{},
		outgoing.PageRequest{Page: 2, Limit: 50}, outgoing.PageRequest{},
		outgoing.Page{
			Messages: []outgoing.Message{message}, TotalResults: new(1), TotalPages: new(0), CurrentPage: new(7), Limit: new(10),
			Links: outgoing.Links{First: "https://h/?page=1&limit=2", Prev: "p", Next: "n", Last: "<l>"},
		},
		outgoing.Page{Messages: []outgoing.Message{}}, outgoing.Page{},
		outgoing.Links{First: "f"}, outgoing.Links{},
		outgoing.MessageTypeMMS, outgoing.Price{Decimal: decimal.MustParse("-12.3400")}, outgoing.Price{},
		map[outgoing.State]int{outgoing.Unknown: 1, outgoing.Cancelled: 2},
	}
	for _, s := range states {
		all = append(all, s)
	}
	return all
}

func TestStoredResultsCanBeReadBack(t *testing.T) {
	for _, want := range stored() {
		t.Run(fmt.Sprintf("%T", want), func(t *testing.T) {
			got := reflect.New(reflect.TypeOf(want))
			text, err := json.Marshal(want)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, got.Interface()), "%s", text)
			assert.Equal(t, want, got.Elem().Interface(), "%s", text)
		})
	}
}

// This one writes a nil slice as [], so that what is read back is the same only when it is written again.
func TestStoredResultsCanBeReadBackWithJSONv2(t *testing.T) {
	for _, want := range stored() {
		t.Run(fmt.Sprintf("%T", want), func(t *testing.T) {
			got := reflect.New(reflect.TypeOf(want))
			text, err := jsonv2.Marshal(want, jsonv2.Deterministic(true))
			require.NoError(t, err)
			require.NoError(t, jsonv2.Unmarshal(text, got.Interface()), "%s", text)
			again, err := jsonv2.Marshal(got.Elem().Interface(), jsonv2.Deterministic(true))
			require.NoError(t, err)
			assert.Equal(t, string(text), string(again))
		})
	}
}
