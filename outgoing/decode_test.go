package outgoing_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestB9_OddButHarmlessRowsAreReadAsTheyAreMeant(t *testing.T) {
	client, _ := answering(t, 200, "["+
		`{"id":"1","type":" 3 ","parts":"2","price":"0.10","recipient":"+48999999999"},`+
		"{\"id\":2,\"cid\":\"first\",\"cid\":\"l\xffst\",\"type\":77,\"new\":[{}]},"+
		`{"id":3,"price":12345678901234567.89,"sent_date":"2024-06-01T16:22:05.123+02:00"}]`)
	result, err := client.GetByIDs(t.Context(), ids(3))
	require.NoError(t, err)
	require.Len(t, result.Messages, 3)
	first, second, third := result.Messages[0], result.Messages[1], result.Messages[2]
	assert.Equal(t, outgoing.MessageTypeSMSEco, first.Type)
	assert.Equal(t, 2, *first.Parts)
	assert.Equal(t, "0.10", first.Price.String())
	assert.Equal(t, "l\uFFFDst", *second.CID)
	assert.Equal(t, outgoing.MessageType(77), second.Type)
	assert.Equal(t, "12345678901234567.89", third.Price.String())
	assert.Equal(t, int64(1717251725123), third.SentDate.UnixMilli())
}
