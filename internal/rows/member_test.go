package rows_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/rows"
)

func TestB9_AnOddMemberSaysWhatItIsAndWhatWasExpected(t *testing.T) {
	message := func(row string) []rows.OddMember { return rows.Object(jsontext.Value(row), new(gen.Message)) }
	cancelled := func(row string) []rows.OddMember { return rows.Object(jsontext.Value(row), new(gen.CancelledMessage)) }
	for _, test := range []struct {
		read         func(string) []rows.OddMember
		row          string
		pointer, why string
	}{
		{message, `{"id":1,"recipient":{}}`, "/recipient", "an object, not a string"},
		{message, `{"id":1,"sender":[]}`, "/sender", "an array, not a string"},
		{message, `{"id":1,"cid":true}`, "/cid", "a boolean, not a string"},
		{message, `{"id":"x"}`, "/id", "a string, not an integer"},
		{message, `{"id":1.5}`, "/id", "a number, not an integer"},
		{message, `{"id":1e30}`, "/id", "a number, not an integer"},
		{message, `{"id":9223372036854775808}`, "/id", "a number, not an integer"},
		{message, `{"parts":true}`, "/parts", "a boolean, not an integer"},
		{message, `{"type":[]}`, "/type", "an array, not an integer"},
		{message, `{"unicode":"yes"}`, "/unicode", "a string, not a boolean"},
		{message, `{"sent_date":5}`, "/sent_date", "a number, not a date with a zone"},
		{message, `{"sent_date":"x"}`, "/sent_date", "a string, not a date with a zone"},
		{message, `{"price":{}}`, "/price", "an object, not a price"},
		{message, `{"id":1,"id":2}`, "/id", "there twice, with different values"},
		{message, `{"price":1,"price":2}`, "/price", "there twice, with different values"},
		{message, `{"status_code":"SENT","status_code":"DELIVERED"}`, "/status_code", "there twice, with different values"},
		{cancelled, `{"status":204,"status":400}`, "/status", "there twice, with different values"},
		{cancelled, `{"status":{}}`, "/status", "an object, not an integer"},
		{cancelled, `{"error":7}`, "/error", "a number, not an object"},
		{cancelled, `{"error":{"detail":[]}}`, "/error/detail", "an array, not a string"},
		{message, `7`, "", "is a number, not an object"},
		{message, `null`, "", "is null, not an object"},
		{message, `[]`, "", "is an array, not an object"},
	} {
		assert.Equal(t, []rows.OddMember{{Pointer: test.pointer, Reason: test.why}}, test.read(test.row), test.row)
	}
}

func TestB9_WhatDoesNoHarmIsIgnored(t *testing.T) {
	for _, row := range []string{
		`{}`, `{"id":1,"x":[{}]}`, `{"id":1,"id":1}`, `{"cid":"a","cid":"b"}`, `{"id":1,"id":"1"}`, `{"price":1,"price":1.0}`, "{\"cid\":\"\xff\"}", "{\"\xff\":1}", `{"cid":"\ud800"}`,
		`{"id":null,"price":null,"type":null,"sent_date":null,"flash":null}`, `{"ID":"x"}`,
	} {
		assert.Empty(t, rows.Object(jsontext.Value(row), new(gen.Message)), row)
	}
}

func TestB9_OfAMemberThatIsThereTwiceTheLastCounts(t *testing.T) {
	var m gen.Message
	assert.Empty(t, rows.Object(jsontext.Value(`{"cid":"a","parts":1,"cid":"b","parts":2}`), &m))
	assert.Equal(t, "b", *m.CID)
	assert.Equal(t, 2, *m.Parts)
	odd := rows.Object(jsontext.Value(`{"parts":1,"parts":"two"}`), &m)
	assert.Len(t, odd, 1)
	assert.Nil(t, m.Parts, "and the last cannot be read")
}

func TestE3_ABodyThatIsNoListSaysWhatItIs(t *testing.T) {
	for body, says := range map[string]string{
		`{}`: "an object", `7`: "a number", `null`: "null", `"x"`: "a string", `true`: "a boolean", `{"a":{}}`: "an object", `{"1":{},"a":{}}`: "an object",
	} {
		err := rows.Decode([]byte(body), func(*gen.Message, []rows.OddMember) {})
		require.ErrorContains(t, err, "starts with "+says, body)
		require.NotErrorIs(t, err, rows.ErrSyntax, body)
		require.NotErrorIs(t, err, rows.ErrTruncated, body)
	}
}

func TestE3_ABodyIsTruncatedOrNotJSON(t *testing.T) {
	for body, want := range map[string]error{
		`[`: rows.ErrTruncated, `[{"id":1}`: rows.ErrTruncated, `[{"id":1},`: rows.ErrTruncated, `[{"id":"x"},{"i`: rows.ErrTruncated, `{"0":{"id":1}`: rows.ErrTruncated, `{"0":`: rows.ErrTruncated,
		``: rows.ErrSyntax, ` `: rows.ErrSyntax, `[,]`: rows.ErrSyntax, `[{}]x`: rows.ErrSyntax, `[][]`: rows.ErrSyntax, "[{\"id\":\"\t\"}]": rows.ErrSyntax, `<html>`: rows.ErrSyntax,
		`{"0":{},}`: rows.ErrSyntax, `{"0"{}}`: rows.ErrSyntax,
	} {
		require.ErrorIs(t, rows.Decode([]byte(body), func(*gen.Message, []rows.OddMember) {}), want, body)
	}
}

func TestC2_TheRowsBeforeAnErrorAreHandedOverOnce(t *testing.T) {
	for _, body := range []string{`[{"id":1},{"id":2},{"id":3`, `[{"id":1},{"id":"2"},{"id":3`, `[{"id":1},{"id":2}}`, `{"0":{"id":1},"1":{"id":2.0},"2":{`, `[{"id":1},{"id":2,"flash":"maybe"},{`} {
		var ids []int64
		require.Error(t, rows.Decode([]byte(body), func(m *gen.Message, _ []rows.OddMember) { ids = append(ids, m.ID) }))
		assert.Equal(t, []int64{1, 2}, ids, body)
	}
}

func TestB9_ARowIsNotFilledFromTheOneBeforeIt(t *testing.T) {
	var all []gen.Message
	require.NoError(t, rows.Decode([]byte(`[{"id":1,"flash":true,"cid":"a"},{"id":2},{"id":"3"},{"id":4,"flash":[]}]`), func(m *gen.Message, _ []rows.OddMember) { all = append(all, *m) }))
	assert.Equal(t, []gen.Message{{ID: 1, Flash: true, CID: new("a")}, {ID: 2}, {ID: 3}, {ID: 4}}, all)
}

func TestB8_EachIDGetsItsRow(t *testing.T) {
	found, err := rows.Cancelled([]byte(`[{"id":2,"status":204},{"id":9},{"id":2,"status":400},{"id":1,"status":1},{"id":1,"status":1}]`), []int64{1, 2, 3})
	require.NoError(t, err)
	assert.Equal(t, 3, found.Dropped)
	assert.NotNil(t, found.Rows[0].Value)
	require.NoError(t, found.Rows[0].Err)
	assert.Equal(t, 204, found.Rows[1].Value.Status, "the first counts")
	require.Error(t, found.Rows[1].Err, "the second contradicts it")
	assert.Equal(t, rows.Row[gen.CancelledMessage]{}, found.Rows[2])

	found, err = rows.Cancelled([]byte(`[{"id":2,"status":204},{"id":[]}]`), []int64{1, 2, 3})
	require.NoError(t, err)
	require.NoError(t, found.Rows[1].Err)
	require.Error(t, found.Rows[0].Err, "the row without an ID may be its own")
	assert.Nil(t, found.Rows[0].Value)
}

func TestC2_TheRowsOfABodyThatBrokeOffCount(t *testing.T) {
	for body, want := range map[string]bool{`[{"id":1,"status":204},{"id":2,"sta`: true, `[{"id":1,"status":204},{]`: false} {
		found, err := rows.Cancelled([]byte(body), []int64{1, 2})
		require.Error(t, err)
		require.Len(t, found.Rows, 2)
		assert.Equal(t, want, found.Rows[0].Value != nil, body)
	}
}

func TestE4_ALargeBodyIsReadAsASmallOneIs(t *testing.T) {
	var ids []int64
	body := `[{"id":1},` + strings.Repeat(" ", 1<<20) + `{"id":"2"},{"id":3,"flash":true}]`
	require.NoError(t, rows.Decode([]byte(body), func(m *gen.Message, odd []rows.OddMember) {
		assert.Empty(t, odd)
		ids = append(ids, m.ID)
	}))
	assert.Equal(t, []int64{1, 2, 3}, ids)
}

func TestE4_ManyUnreadableRowsEndTheWork(t *testing.T) {
	n := 0
	err := rows.Decode([]byte("["+strings.Repeat("1,", 100_000)+"1]"), func(*gen.Message, []rows.OddMember) { n++ })
	require.ErrorContains(t, err, "unreadable rows")
	assert.Less(t, n, 2000)
}

func addBodies(f *testing.F) {
	for _, body := range []string{
		``, `[]`, `null`, `{}`, `[null]`, `[1]`, `[{}]`, `[]]`, `[{"id":1},{"id":2},{"id":3}]`, "\xef\xbb\xbf[{\"id\":1}]", `{"0":{"id":1},"2":{"id":"3"}}`,
		`[{"id":1,"status":204,"error":null},{"id":2,"status":400,"error":{"title":"T","detail":"D","code":"400-1"}}]`,
		`[{"id":"1","status":"204"},{"id":2,"status":[]},{"id":3,"sta`, `[{"id":1,"id":2,"cid":"a","cid":null}]`, "[{\"id\":1,\"cid\":\"\xff\"}]",
		`[{"id":1,"cid":"c","type":1,"recipient":"+48999999999","sender":"S","parts":1,"sent_date":"2024-06-01T16:22:05Z","status_date":"2024-06-01T16:22:07Z","status_code":"QUEUED","status_description":"D","unicode":true,"flash":false,"price":0.16}]`,
		`[{"id":1,"price":"1e-3"},{"id":2,"price":1e400},{"id":9223372036854775808}]`, `[{"id":1,"x":[[[[{"y":[]}]]]]}]`, `[{"id":1,"parts":"two","price":"0,16"}]`,
		strings.Repeat("[", 11_000), `[{"id":1.0},{"id":-1},{"id":0}]`, "<html>", `[{"id":1},]`, `[{"id":1} {"id":2}]`,
	} {
		f.Add([]byte(body))
	}
}

// fuzzRows reads a body in every way, and what encoding/json reads and writes must be read as it was written.
func fuzzRows[T any](t *testing.T, body []byte, read func([]byte, []int64) (rows.Answer[T], error), idOf func(*T) int64) {
	asked := []int64{2, 1, 3}
	found, err := read(body, asked)
	require.Len(t, found.Rows, len(asked))
	for i, row := range found.Rows {
		if row.Value != nil {
			assert.Equal(t, asked[i], idOf(row.Value))
		}
	}
	for _, odd := range found.Odd {
		assert.NotEmpty(t, odd.Reason)
		assert.NotEqual(t, "/id", odd.Pointer, "then it would not be found")
	}
	if err != nil {
		assert.False(t, errors.Is(err, rows.ErrTruncated) && errors.Is(err, rows.ErrSyntax))
		assert.Less(t, len(err.Error()), 200)
	}

	var all []T
	if json.Unmarshal(body, &all) != nil || all == nil {
		return
	}
	valid, err := json.Marshal(all)
	if err != nil {
		return
	}
	all = nil
	require.NoError(t, json.Unmarshal(valid, &all))
	found, err = read(valid, asked)
	require.NoError(t, err)
	assert.Empty(t, found.Odd)
	for i, id := range asked {
		first := slices.IndexFunc(all, func(row T) bool { return idOf(&row) == id })
		require.Equal(t, first >= 0, found.Rows[i].Value != nil)
		if first >= 0 {
			assert.Equal(t, all[first], *found.Rows[i].Value)
		}
	}
}

func FuzzMessages(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		fuzzRows(t, body, rows.Messages, func(m *gen.Message) int64 { return m.ID })
	})
}

func FuzzCancelled(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		fuzzRows(t, body, rows.Cancelled, func(m *gen.CancelledMessage) int64 { return m.ID })
	})
}
