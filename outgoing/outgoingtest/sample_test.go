package outgoingtest_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestSampleMessagesAreMixedAndFitTheContract(t *testing.T) {
	msgs := outgoingtest.SampleMessages(1000)
	assert.Equal(t, msgs, outgoingtest.SampleMessages(1000), "they are the same each time")
	assert.Equal(t, msgs[:10], outgoingtest.SampleMessages(10))

	types := make(map[outgoing.MessageType]int)
	statuses := make(map[string]int)
	number := regexp.MustCompile(`^\+[0-9]{6,15}$`)
	for i, m := range msgs {
		types[m.Type]++
		statuses[m.StatusCode]++
		assert.Equal(t, msgs[0].ID+int64(i), m.ID)
		assert.Regexp(t, number, m.Recipient)
		assert.True(t, m.Price.IsPos())
		if m.Sender != nil {
			assert.LessOrEqual(t, len(*m.Sender), 11)
		}
	}
	assert.Len(t, types, 4)
	assert.Len(t, statuses, 5)
	assert.Equal(t, 18, statuses["REJECTED"])
	assert.Equal(t, 125, statuses[outgoing.StatusScheduled])
	assert.Empty(t, outgoingtest.SampleMessages(0))
}
