package outgoing_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// answering is a client of a gateway that gives this answer always, and the log of that client.
func answering(t testing.TB, status int, body string, headers ...string) (*outgoing.Client, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	transport := roundTrip(func(*http.Request) (*http.Response, error) { return answer(status, body, headers...), nil })
	return newClient(t, transport, once, outgoing.WithLogger(logger), outgoing.WithConcurrency(1)), log
}

// oddRows are answers with odd rows to a request for 3, 1, 2, and how many rows must be logged as dropped.
var oddRows = []struct {
	name, body             string
	found, missing, failed []int64
	says                   string // why the failed ones failed
	strange                int
}{
	{name: "none", body: `[]`, missing: []int64{3, 1, 2}},
	{name: "another order", body: `[{"id":1},{"id":2},{"id":3}]`, found: []int64{3, 1, 2}},
	{name: "a BOM", body: "\xef\xbb\xbf[{\"id\":1}]\r\n", found: []int64{1}, missing: []int64{3, 2}},
	{name: "foreign rows", body: `[{"id":4},{"id":1},{"id":-1},{"id":9223372036854775807}]`, found: []int64{1}, missing: []int64{3, 2}, strange: 3},
	{name: "a row thrice", body: `[{"id":1},{"id":1,"cid":"x"},{"id":1}]`, found: []int64{1}, missing: []int64{3, 2}, strange: 2},
	{name: "unknown members", body: `[{"id":1,"x":{"y":[null]}},{"id":2,"ID":7}]`, found: []int64{1, 2}, missing: []int64{3}},
	{name: "a member twice", body: `[{"id":9,"id":1,"cid":"a","cid":"b"}]`, found: []int64{1}, missing: []int64{3, 2}},
	{name: "invalid UTF-8", body: "[{\"id\":1,\"cid\":\"a\xff\xfe\",\"\xff\":1}]", found: []int64{1}, missing: []int64{3, 2}},
	{name: "a lone surrogate", body: `[{"id":1,"cid":"\ud800"}]`, found: []int64{1}, missing: []int64{3, 2}},
	{name: "numbers as strings", body: `[{"id":"1","type":" 3 ","parts":"2","price":"0.16"},{"id":2}]`, found: []int64{1, 2}, missing: []int64{3}},
	{name: "nulls", body: `[{"id":1,"cid":null,"type":null,"recipient":null,"parts":null,"sent_date":null,"price":null,"flash":null}]`, found: []int64{1}, missing: []int64{3, 2}},
	{name: "a price with an exponent", body: `[{"id":1,"price":1e-2}]`, found: []int64{1}, missing: []int64{3, 2}},

	{name: "an unreadable foreign row", body: `[{"id":4,"cid":[]},{"id":1}]`, found: []int64{1}, missing: []int64{3, 2}, strange: 1},
	{name: "a wrong type", body: `[{"id":3},{"id":1,"recipient":48999},{"id":2}]`, found: []int64{3, 2}, failed: []int64{1}, says: "recipient"},
	{name: "a wrong type before the ID", body: `[{"recipient":{},"id":1},{"id":2}]`, found: []int64{2}, failed: []int64{1}, missing: []int64{3}, says: "recipient"},
	{name: "an odd date", body: `[{"id":1,"sent_date":"0000-00-00 00:00:00"},{"id":2}]`, found: []int64{2}, failed: []int64{1}, missing: []int64{3}, says: "sent_date"},
	{name: "a date that is none", body: `[{"id":1,"status_date":"2024-02-30T00:00:00Z"},{"id":2}]`, found: []int64{2}, failed: []int64{1}, missing: []int64{3}, says: "status_date"},
	{name: "a flag as a string", body: `[{"id":1,"flash":"yes"}]`, failed: []int64{1}, missing: []int64{3, 2}, says: "flash"},
	{name: "a price that is none", body: `[{"id":1,"price":"cheap"}]`, failed: []int64{1}, missing: []int64{3, 2}, says: "price"},
	{name: "half a part", body: `[{"id":1,"parts":1.5}]`, failed: []int64{1}, missing: []int64{3, 2}, says: "parts"},
	{name: "a number that is none", body: `[{"id":1,"parts":"one"}]`, failed: []int64{1}, missing: []int64{3, 2}, says: "parts"},
	{name: "an unreadable row and a good one", body: `[{"id":1,"cid":[]},{"id":1}]`, found: []int64{1}, missing: []int64{3, 2}},

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

func TestB8_B9_RowsOfGetByIDs(t *testing.T) {
	for _, tt := range oddRows {
		t.Run(tt.name, func(t *testing.T) {
			client, log := answering(t, 200, tt.body)
			result, err := client.GetByIDs(t.Context(), []int64{3, 1, 2, 1})
			assert.Equal(t, tt.found, messageIDs(result.Messages))
			assert.Equal(t, tt.missing, result.Missing)
			assert.Equal(t, 1, result.Requests)
			if tt.failed == nil {
				require.NoError(t, err)
			} else {
				assert.Equal(t, tt.failed, batchIDs(t, err))
				assertLine(t, err)
				require.ErrorContains(t, err, tt.says)
				require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
			}
			assertStrange(t, log, tt.strange)
		})
	}
}

func assertStrange(t *testing.T, log *bytes.Buffer, rows int) {
	t.Helper()
	logged := strings.Contains(log.String(), fmt.Sprintf("level=WARN msg=\"rows that were not requested, or repeated, were dropped\" rows=%d\n", rows))
	assert.Equal(t, rows > 0, logged, "%s", log)
}

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

func TestB9_RowsOfList(t *testing.T) {
	client, _ := answering(t, 200, `[{"id":5},null,{"id":4,"cid":[]},{"id":3},{"cid":"x"},{"id":3}]`, "X-Total-Results", "6")
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	assert.Equal(t, []int64{5, 3, 3}, messageIDs(page.Messages), "a page is given as it is")
	assert.Equal(t, 6, *page.TotalResults)
	assert.Equal(t, []int64{4}, batchIDs(t, err))
	assertLine(t, err)
	batch, _ := errors.AsType[*outgoing.BatchError](err)
	assert.Len(t, batch.Failures, 3, "a row without a known ID is a failure, too")
	for _, f := range batch.Failures {
		require.ErrorIs(t, f.Err, outgoing.ErrUnexpectedResponse)
	}
}

func TestB9_AllYieldsAnUnreadableRowAndGoesOn(t *testing.T) {
	rows := []string{`{"id":5}`, `{"id":4,"cid":[]}`, `{"id":3}`}
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		page, _ := strconv.Atoi(r.FormValue("page"))
		limit, _ := strconv.Atoi(r.FormValue("limit"))
		from := min((page-1)*limit, len(rows))
		return answer(200, "["+strings.Join(rows[from:min(from+limit, len(rows))], ",")+"]"), nil
	}))
	var got []int64
	for m, err := range client.All(t.Context()) {
		got = append(got, m.ID)
		if m.ID == 4 {
			assert.Equal(t, outgoing.Message{ID: 4}, m)
			assert.Equal(t, []int64{4}, batchIDs(t, err))
			assertLine(t, err)
			continue
		}
		require.NoError(t, err)
	}
	assert.Equal(t, []int64{5, 4, 3}, got)
}

func TestE3_APageOfMoreRowsThanAPageHas(t *testing.T) {
	rows := make([]string, outgoing.MaxLimit+1)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d}`, 100-i)
	}
	client, _ := answering(t, 200, "["+strings.Join(rows[1:], ",")+"]")
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	require.NoError(t, err)
	assert.Len(t, page.Messages, outgoing.MaxLimit)

	client, _ = answering(t, 200, "["+strings.Join(rows, ",")+"]")
	page, err = client.List(t.Context(), outgoing.PageRequest{})
	require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
	require.ErrorContains(t, err, "more rows than")
	assert.Zero(t, page)
}
