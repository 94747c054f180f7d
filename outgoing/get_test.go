package outgoing_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// oddRows are answers with odd rows to a request for 3, 1, 2, and how many rows must be logged as dropped.
var oddRows = []struct {
	name, body             string
	found, missing, failed []int64
	says                   string // why the failed ones failed
	dropped                int
	odd                    int // members that could not be read
}{
	{name: "none", body: `[]`, missing: []int64{3, 1, 2}},
	{name: "another order", body: `[{"id":1},{"id":2},{"id":3}]`, found: []int64{3, 1, 2}},
	{name: "a BOM", body: "\xef\xbb\xbf[{\"id\":1}]\r\n", found: []int64{1}, missing: []int64{3, 2}},
	{name: "foreign rows", body: `[{"id":4},{"id":1},{"id":-1},{"id":9223372036854775807}]`, found: []int64{1}, missing: []int64{3, 2}, dropped: 3},
	{name: "a row thrice", body: `[{"id":1},{"id":1,"cid":"x"},{"id":1}]`, found: []int64{1}, missing: []int64{3, 2}, dropped: 2},
	{name: "unknown members", body: `[{"id":1,"x":{"y":[null]}},{"id":2,"ID":7}]`, found: []int64{1, 2}, missing: []int64{3}},
	{name: "members twice", body: `[{"id":1,"id":1,"cid":"a","cid":"b"}]`, found: []int64{1}, missing: []int64{3, 2}},
	{name: "an ID twice, with different values", body: `[{"id":9,"id":1},{"id":2}]`, found: []int64{2}, failed: []int64{3, 1}, says: "/id is there twice"},
	{name: "a price twice, with different values", body: `[{"id":1,"price":1,"price":2}]`, failed: []int64{1}, missing: []int64{3, 2}, says: "/price is there twice", odd: 1},
	{name: "invalid UTF-8", body: "[{\"id\":1,\"cid\":\"a\xff\xfe\",\"\xff\":1}]", found: []int64{1}, missing: []int64{3, 2}},
	{name: "a lone surrogate", body: `[{"id":1,"cid":"\ud800"}]`, found: []int64{1}, missing: []int64{3, 2}},
	{name: "numbers as strings", body: `[{"id":"1","type":" 3 ","parts":"2","price":"0.16"},{"id":2}]`, found: []int64{1, 2}, missing: []int64{3}},
	{name: "nulls", body: `[{"id":1,"cid":null,"type":null,"recipient":null,"parts":null,"sent_date":null,"price":null,"flash":null}]`, found: []int64{1}, missing: []int64{3, 2}},
	{name: "a price with an exponent", body: `[{"id":1,"price":1e-2}]`, found: []int64{1}, missing: []int64{3, 2}},

	{name: "an unreadable foreign row", body: `[{"id":4,"cid":[]},{"id":1}]`, found: []int64{1}, missing: []int64{3, 2}, dropped: 1},
	{name: "a number for a text", body: `[{"id":3},{"id":1,"recipient":48999},{"id":2}]`, found: []int64{3, 1, 2}},
	{name: "a wrong type before the ID", body: `[{"recipient":{},"id":1},{"id":2}]`, found: []int64{1, 2}, missing: []int64{3}, odd: 1},
	{name: "a date of noughts", body: `[{"id":1,"sent_date":"0000-00-00 00:00:00"},{"id":2}]`, found: []int64{1, 2}, missing: []int64{3}},
	{name: "a date that is none", body: `[{"id":1,"status_date":"2024-02-30T00:00:00Z"},{"id":2}]`, found: []int64{1, 2}, missing: []int64{3}, odd: 1},
	{name: "a flag in words", body: `[{"id":1,"flash":"yes"}]`, found: []int64{1}, missing: []int64{3, 2}, odd: 1},
	{name: "a price that is none", body: `[{"id":1,"price":"cheap"}]`, failed: []int64{1}, missing: []int64{3, 2}, says: "price", odd: 1},
	{name: "half a part", body: `[{"id":1,"parts":1.5}]`, found: []int64{1}, missing: []int64{3, 2}, odd: 1},
	{name: "a number that is none", body: `[{"id":1,"parts":"one"}]`, found: []int64{1}, missing: []int64{3, 2}, odd: 1},
	{name: "an odd row and a good one", body: `[{"id":1,"cid":[]},{"id":1}]`, found: []int64{1}, missing: []int64{3, 2}, dropped: 1, odd: 1},

	{name: "null for a row", body: `[{"id":1},null]`, found: []int64{1}, failed: []int64{3, 2}, says: "without an ID"},
	{name: "null before a row", body: `[null,{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "without an ID"},
	{name: "no ID", body: `[{"recipient":"+48999999999"},{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "without an ID"},
	{name: "a null ID", body: `[{"id":null},{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "without an ID"},
	{name: "an ID of 0", body: `[{"id":0},{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "without an ID"},
	{name: "a huge ID", body: `[{"id":9223372036854775808},{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "/id"},
	{name: "half an ID", body: `[{"id":2.5},{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "/id"},
	{name: "an ID in words", body: `[{"id":"two"},{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "/id"},
	{name: "rows that are none", body: `[1,"x",[],true,{"id":1}]`, found: []int64{1}, failed: []int64{3, 2}, says: "unreadable row"},
}

func TestB8_B9_GetByIDsReadsEachRow(t *testing.T) {
	for _, tt := range oddRows {
		t.Run(tt.name, func(t *testing.T) {
			client, log := answering(t, 200, tt.body)
			result, err := client.GetByIDs(t.Context(), []int64{3, 1, 2, 1})
			assert.Equal(t, tt.found, messageIDs(result.Messages))
			assert.Equal(t, tt.missing, result.Missing)
			assert.Equal(t, 1, result.Requests)
			assert.Equal(t, tt.odd, result.OddMembers)
			if tt.failed == nil {
				require.NoError(t, err)
			} else {
				assert.Equal(t, tt.failed, batchIDs(t, err))
				assertLine(t, err)
				require.ErrorContains(t, err, tt.says)
				require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
			}
			assertDropped(t, log, tt.dropped)
		})
	}
}
