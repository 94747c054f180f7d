package rows_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/rows"
)

func TestB9_AnErrorAboutARowSaysWhatWasExpected(t *testing.T) {
	message := func(row jsontext.Value) error { return rows.DecodeRow(row, new(gen.Message)) }
	cancelled := func(row jsontext.Value) error { return rows.DecodeRow(row, new(gen.CancelledMessage)) }
	for _, test := range []struct {
		decode    func(jsontext.Value) error
		row, says string
	}{
		{message, `{"id":1,"recipient":7}`, "/recipient is a number, not a string"},
		{message, `{"id":1,"recipient":{}}`, "/recipient is an object, not a string"},
		{message, `{"id":1,"sender":[]}`, "/sender is an array, not a string"},
		{message, `{"id":"x"}`, "/id is a string, not an integer"},
		{message, `{"id":1.5}`, "/id is a number, not an integer"},
		{message, `{"id":1e30}`, "/id is a number, not an integer"},
		{message, `{"id":9223372036854775808}`, "/id is a number: value out of range"},
		{message, `{"parts":true}`, "/parts is a boolean, not an integer"},
		{message, `{"type":[]}`, "/type is an array, not an integer"},
		{message, `{"unicode":"yes"}`, "/unicode is a string, not a boolean"},
		{message, `{"sent_date":5}`, "/sent_date is a number, not a date"},
		{message, `{"sent_date":"x"}`, "/sent_date is a string: parsing time"},
		{message, `{"price":{}}`, "/price is an object: price is no decimal number"},
		{cancelled, `{"status":{}}`, "/status is an object, not an integer"},
		{message, `7`, "it is a number, not an object"},
		{message, `null`, "it is null, not an object"},
		{message, `[]`, "it is an array, not an object"},
	} {
		err := test.decode(jsontext.Value(test.row))
		require.ErrorContains(t, err, "unreadable row: "+test.says, test.row)
		assert.NotContains(t, err.Error(), "nil", test.row)
	}
}

func TestE3_ABodyThatIsNotAnArraySaysWhatItIs(t *testing.T) {
	for body, says := range map[string]string{`{}`: "an object", `7`: "a number", `null`: "null", `"x"`: "a string", `true`: "a boolean"} {
		err := rows.Decode([]byte(body), func(*gen.Message) {}, nil)
		require.ErrorContains(t, err, "starts with "+says, body)
	}
}
