package server

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestALineThatIsNoMessageIsRefusedInWords(t *testing.T) {
	for line, want := range map[string]string{
		`{"id":9223372036854775807}`: "the ID 9223372036854775807 is below 1 or above 4611686018427387904",
		`{"id":9223372036854775808}`: "id cannot be 9223372036854775808",
		`{"id":"x"}`:                 `id cannot be "x"`,
		`{"id":1,"state":"missing","reason":"the gateway has no such message"}`: `the state is "missing"`,
		`{"id":1,"text":"Hello"}`:   `unknown member "text"`,
		`{"price":"cheap"}`:         `price cannot be "cheap"`,
		`{"price":true}`:            "price cannot be true",
		`{"sent_date":"5.6.2026"}`:  `sent_date cannot be "5.6.2026"`,
		`{"status_date":7}`:         "status_date cannot be 7",
		`{"type":"SMS"}`:            `type cannot be "SMS"`,
		`{"unicode":1}`:             "unicode cannot be 1",
		`{"recipient":48999999999}`: "recipient cannot be 48999999999",
		`{"id":1`:                   "unexpected EOF",
		`[{"id":1}]`:                "jq -c '.[]'",
	} {
		_, err := ReadMessages([]byte("{}\n" + line))
		require.ErrorContains(t, err, "line 2: ", line)
		require.ErrorContains(t, err, want, line)
		assert.NotRegexp(t, `json|Go |server\.|gen\.|decimal\.|2006`, err.Error(), line)
	}
}

func TestMembersThatAreLeftOutAreThoseOfAMessage(t *testing.T) {
	msgs, err := ReadMessages([]byte("{}\n" + `{"type":3,"recipient":"+48999999999","status_code":"SENT"}`))
	require.NoError(t, err)
	assert.Equal(t, outgoing.MessageTypeSMSPro, msgs[0].Type)
	assert.Regexp(t, `^\+48999\d{6}$`, msgs[0].Recipient)
	assert.Equal(t, statusQueued, msgs[0].StatusCode)
	assert.Equal(t, outgoing.Message{Type: outgoing.MessageTypeSMSEco, Recipient: "+48999999999", StatusCode: statusSent}, msgs[1])
}

func TestAboveTheHighestIDOfAFileAreFreeOnes(t *testing.T) {
	msgs, err := ReadMessages([]byte(`{"id":4611686018427387904}` + "\n{}"))
	require.NoError(t, err)
	assert.NotPanics(t, func() { outgoingtest.NewGateway().Add(msgs...) })
}
