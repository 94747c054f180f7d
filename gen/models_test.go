package gen_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
)

func TestMessageIsWrittenAsItWasRead(t *testing.T) {
	tests := map[string]string{
		"every field set": `{"id":323234,"cid":"custom-id-A44445T","type":1,"recipient":"+48999999999",` +
			`"sender":"Bramka SMS","parts":1,"sent_date":"2024-06-01T16:22:05Z","status_date":"2024-06-01T16:22:07Z",` +
			`"status_code":"QUEUED","status_description":"The message has been accepted","unicode":true,"flash":false,"price":0.16}`,
		"null, false and zero": `{"id":9007199254740993,"cid":null,"type":7,"recipient":"","sender":null,"parts":null,` +
			`"sent_date":null,"status_date":null,"status_code":"","status_description":"","unicode":false,"flash":false,` +
			`"price":0}`,
	}
	for name, want := range tests {
		for lib, c := range codecs() {
			t.Run(name+"/"+lib, func(t *testing.T) {
				var m gen.Message
				require.NoError(t, c.unmarshal([]byte(want), &m))
				got, err := c.marshal(m)
				require.NoError(t, err)
				assert.Equal(t, want, string(got))
			})
		}
	}
}

func TestCancelledMessageIsWrittenAsItWasRead(t *testing.T) {
	tests := map[string]string{
		"cancelled": `{"id":43456,"status":204,"error":null}`,
		"refused": `{"id":43457,"status":400,"error":{"type":"about:blank","status":400,"title":"Bad Request",` +
			`"detail":"Not scheduled","code":"400-21","instance":"/rest/messages/43457"}}`,
	}
	for name, want := range tests {
		for lib, c := range codecs() {
			t.Run(name+"/"+lib, func(t *testing.T) {
				var m gen.CancelledMessage
				require.NoError(t, c.unmarshal([]byte(want), &m))
				got, err := c.marshal(m)
				require.NoError(t, err)
				assert.Equal(t, want, string(got))
			})
		}
	}
}

// What a caller writes by hand: the types of the fields are part of what is proved, so this need only compile.
func TestModelsReadWellInLiterals(t *testing.T) {
	text, parts, at := "text", 1, time.Time{}
	recipient := "+48999999999"
	m := gen.Message{
		ID: int64(1), CID: &text, Type: gen.MessageTypeSMSPro, Recipient: recipient, Sender: &text, Parts: &parts,
		SentDate: &at, StatusDate: &at, StatusCode: text, StatusDescription: text, Unicode: true, Flash: true,
		Price: gen.Price{},
	}
	assert.Equal(t, recipient, m.Recipient)
	_ = gen.CancelledMessage{ID: int64(1), Status: 204, Error: &gen.Problem{
		Type: text, Status: 400, Title: text, Detail: text, Code: text, Instance: text,
	}}
	assert.Equal(t, []gen.MessageType{1, 3, 4, 10}, []gen.MessageType{
		gen.MessageTypeSMSPro, gen.MessageTypeSMSEco, gen.MessageTypeSMSTwoWay, gen.MessageTypeMMS,
	})
}

func TestRequestsAddressTheOperations(t *testing.T) {
	const server = "https://gateway.example/rest/"
	get, err := gen.NewGetMessagesRequest(server, []int64{1, 9007199254740993})
	require.NoError(t, err)
	assert.Equal(t, "GET https://gateway.example/rest/messages/1,9007199254740993", get.Method+" "+get.URL.String())

	cancel, err := gen.NewCancelMessagesRequest(server, []int64{7})
	require.NoError(t, err)
	assert.Equal(t, "DELETE https://gateway.example/rest/messages/7", cancel.Method+" "+cancel.URL.String())

	list, err := gen.NewListMessagesRequest(server, &gen.ListMessagesParams{Page: new(2), Limit: new(50)})
	require.NoError(t, err)
	assert.Equal(t, "GET https://gateway.example/rest/messages?page=2&limit=50", list.Method+" "+list.URL.String())

	plain, err := gen.NewListMessagesRequest(server, &gen.ListMessagesParams{})
	require.NoError(t, err)
	assert.Equal(t, "GET https://gateway.example/rest/messages", plain.Method+" "+plain.URL.String())
}
