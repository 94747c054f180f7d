package outgoing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// spellings are members of a message as senders write them, and the member that the contract has in their place.
var spellings = []struct{ odd, plain string }{
	{`"unicode":1`, `"unicode":true`}, {`"unicode":0`, `"unicode":false`}, {`"unicode":"1"`, `"unicode":true`},
	{`"flash":"0"`, `"flash":false`}, {`"flash":"true"`, `"flash":true`}, {`"flash":"FALSE"`, `"flash":false`},
	{`"parts":"2"`, `"parts":2`}, {`"parts":2.0`, `"parts":2`}, {`"parts":"2.00"`, `"parts":2`}, {`"type":"3"`, `"type":3`}, {`"type":1.0`, `"type":1`},
	{`"sender":123456`, `"sender":"123456"`}, {`"recipient":48999999999`, `"recipient":"48999999999"`}, {`"cid":7`, `"cid":"7"`}, {`"status_code":3`, `"status_code":"3"`},
	{`"price":"0,16"`, `"price":0.16`}, {`"price":"0.16"`, `"price":0.16`}, {`"price":" 1,5 "`, `"price":1.5`}, {`"price":0`, `"price":0`},
	{`"sent_date":""`, `"sent_date":null`}, {`"sent_date":0`, `"sent_date":null`}, {`"sent_date":"0"`, `"sent_date":null`}, {`"sent_date":"0000-00-00"`, `"sent_date":null`},
	{`"sent_date":"0000-00-00 00:00:00"`, `"sent_date":null`}, {`"sent_date":"0000-00-00T00:00:00Z"`, `"sent_date":null`},
	{`"status_date":"2024-06-01 16:22:05+02:00"`, `"status_date":"2024-06-01T14:22:05Z"`}, {`"status_date":"2024-06-01T16:22:05+0200"`, `"status_date":"2024-06-01T14:22:05Z"`},
	{`"status_date":"2024-06-01t16:22:05z"`, `"status_date":"2024-06-01T16:22:05Z"`}, {`"status_date":"2024-06-01 16:22:05Z"`, `"status_date":"2024-06-01T16:22:05Z"`},
	{`"x":{"y":[1]}`, ``}, {`"sender":"a","sender":"b"`, `"sender":"b"`},
}

// unclear are members that can be read in several ways, or in none: they are left out, and counted.
var unclear = []struct{ odd, pointer string }{
	{`"unicode":"maybe"`, "/unicode"}, {`"unicode":2`, "/unicode"}, {`"flash":[]`, "/flash"}, {`"flash":"yes"`, "/flash"}, {`"flash":""`, "/flash"},
	{`"parts":"two"`, "/parts"}, {`"parts":1.5`, "/parts"}, {`"parts":true`, "/parts"}, {`"parts":1e30`, "/parts"}, {`"type":{}`, "/type"},
	{`"sender":["a"]`, "/sender"}, {`"recipient":{}`, "/recipient"}, {`"cid":true`, "/cid"}, {`"status_code":false`, "/status_code"},
	{`"status_date":"2024-06-01 16:22:05"`, "/status_date"}, {`"status_date":"2024-06-01T16:22:05"`, "/status_date"}, {`"status_date":"01.06.2024"`, "/status_date"},
	{`"status_date":"Sat, 01 Jun 2024 16:22:05 CST"`, "/status_date"}, {`"status_date":1717259525`, "/status_date"}, {`"sent_date":"tomorrow"`, "/sent_date"}, {`"sent_date":true`, "/sent_date"},
}

// readers are the ways to read rows of messages; each returns the one with ID 1, and how many odd members were counted, or -1
// where nothing counts them.
func readers(t *testing.T, client *outgoing.Client) map[string]func() (outgoing.Message, int) {
	first := func(messages []outgoing.Message, err error) outgoing.Message {
		t.Helper()
		require.NoError(t, err)
		require.NotEmpty(t, messages)
		return messages[0]
	}
	return map[string]func() (outgoing.Message, int){
		"GetByIDs": func() (outgoing.Message, int) {
			result, err := client.GetByIDs(t.Context(), ids(1))
			return first(result.Messages, err), result.OddMembers
		},
		"List": func() (outgoing.Message, int) {
			page, err := client.List(t.Context(), outgoing.PageRequest{})
			return first(page.Messages, err), -1
		},
		"All": func() (outgoing.Message, int) {
			for m, err := range client.All(t.Context()) {
				return first([]outgoing.Message{m}, err), -1
			}
			return outgoing.Message{}, -1
		},
		"Watch": func() (outgoing.Message, int) {
			for m, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1), Until: func(outgoing.Message) bool { return true }}) {
				return first([]outgoing.Message{m}, err), -1
			}
			return outgoing.Message{}, -1
		},
		"read-back": func() (outgoing.Message, int) {
			result, err := client.CancelScheduled(t.Context(), ids(1))
			require.Error(t, err)
			require.NotNil(t, result.Outcomes[0].Message)
			return *result.Outcomes[0].Message, result.OddMembers
		},
	}
}

// rowOfOne answers each GET with a row of ID 1 that has these members, and each DELETE in a way that makes it be read back.
func rowOfOne(members string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodDelete {
			return answer(200, "[]"), nil
		}
		return answer(200, `[{"id":1,"status_description":"d",`+members+`}]`), nil
	}
}

func TestB9_WhatIsUnambiguousIsRead(t *testing.T) {
	for _, spelling := range spellings {
		plain := strings.TrimSuffix(`{"id":1,"status_description":"d",`+spelling.plain, ",") + "}"
		var want outgoing.Message
		require.NoError(t, json.Unmarshal([]byte(plain), &want), plain)
		for name, read := range readers(t, newClient(t, rowOfOne(spelling.odd))) {
			got, odd := read()
			assertSameMessage(t, want, got, "%s: %s", name, spelling.odd)
			assert.LessOrEqual(t, odd, 0, "%s: %s", name, spelling.odd)
		}
	}
}

func TestB9_WhatIsNotCostsThatMemberAlone(t *testing.T) {
	for _, odd := range unclear {
		want := outgoing.Message{ID: 1, StatusDescription: "d"}
		var log bytes.Buffer
		client := newClient(t, rowOfOne(odd.odd), outgoing.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		for name, read := range readers(t, client) {
			log.Reset()
			got, counted := read()
			assertSameMessage(t, want, got, "%s: %s", name, odd.odd)
			assert.Contains(t, []int{-1, 1}, counted, "%s: %s", name, odd.odd)
			assert.Contains(t, log.String(), "member="+odd.pointer, name)
			for _, value := range []string{"maybe", "two", "tomorrow", "2024"} {
				assert.NotContains(t, log.String(), "\""+value, "S6")
			}
		}
	}
}

// assertSameMessage compares two messages as they are written: dates may differ in their location.
func assertSameMessage(t *testing.T, want, got outgoing.Message, msgAndArgs ...any) {
	t.Helper()
	for _, m := range []*outgoing.Message{&want, &got} {
		for _, date := range []**time.Time{&m.SentDate, &m.StatusDate} {
			if *date != nil {
				*date = new((*date).UTC())
			}
		}
	}
	assert.True(t, want.Price.Equal(got.Price.Decimal), msgAndArgs...)
	want.Price, got.Price = outgoing.Price{}, outgoing.Price{}
	assert.Equal(t, want, got, msgAndArgs...)
}

func TestB9_EachKindIsLoggedOnceForACallAndCounted(t *testing.T) {
	var log bytes.Buffer
	client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		return answer(200, strings.ReplaceAll(rowsFor(req), "}", `,"flash":"maybe","sent_date":"tomorrow","parts":1.0}`)), nil
	}), outgoing.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for range 2 {
		log.Reset()
		result, err := client.GetByIDs(t.Context(), ids(500))
		require.NoError(t, err)
		assert.Len(t, result.Messages, 500)
		assert.Equal(t, 1000, result.OddMembers)
		assert.Equal(t, 1, strings.Count(log.String(), "member=/flash"), log.String())
		assert.Equal(t, 1, strings.Count(log.String(), "member=/sent_date"))
		assert.Equal(t, 2, strings.Count(log.String(), "level=WARN msg=\"a member"))
	}
}

func TestB9_AListThatBecameANumberedObjectIsRead(t *testing.T) {
	for name, body := range map[string]string{
		"gaps":        `{"0":{"id":1,"status":204},"2":{"id":2,"status":204}}`,
		"one":         `{"7":{"id":1,"status":204},"8":{"id":2,"status":204}}`,
		"other order": `{"9":{"id":2,"status":204},"1":{"id":1,"status":204}}`,
		"odd rows":    `{"0":{"id":"1","status":"204"},"2":{"id":2.0,"status":204.0}}`,
		"blanks":      " { \"0\" : {\"id\":1,\"status\":204} ,\n \"2\" : {\"id\":2,\"status\":204} } ",
	} {
		client, _ := answering(t, 200, body)
		found, err := client.GetByIDs(t.Context(), ids(2))
		require.NoError(t, err, name)
		assert.Equal(t, ids(2), messageIDs(found.Messages), name)
		cancelled, err := client.CancelScheduled(t.Context(), ids(2))
		require.NoError(t, err, name)
		assert.Equal(t, ids(2), cancelled.IDs(outgoing.Cancelled), name)
		page, err := client.List(t.Context(), outgoing.PageRequest{})
		require.NoError(t, err, name)
		assert.Len(t, page.Messages, 2, name)
	}
}

func TestE3_AnObjectThatIsNoListIsNotReadAsOne(t *testing.T) {
	for _, body := range []string{`{}`, `{"id":1,"status":204}`, `{"0":{"id":1},"next":2}`, `{"data":[{"id":1}]}`, `{"-1":{"id":1}}`, `{"":{"id":1}}`, `{"1.5":{"id":1}}`} {
		client, _ := answering(t, 200, body)
		_, err := client.GetByIDs(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse, body)
		require.ErrorContains(t, err, "not an array", body)
	}
}

func TestB9_AStatusOfACancelIsReadWhereItIsUnambiguous(t *testing.T) {
	for status, want := range map[string]outgoing.State{
		`204`: outgoing.Cancelled, `"204"`: outgoing.Cancelled, `204.0`: outgoing.Cancelled, `" 204 "`: outgoing.Cancelled, `2.04e2`: outgoing.Cancelled,
		`"404"`: outgoing.Rejected, `400.0`: outgoing.Rejected,
		`true`: outgoing.Unknown, `"ok"`: outgoing.Unknown, `204.5`: outgoing.Unknown, `[204]`: outgoing.Unknown, `{}`: outgoing.Unknown, `null`: outgoing.Unknown,
		`204,"status":400`: outgoing.Unknown, `400,"status":204`: outgoing.Unknown, `204,"status":"204"`: outgoing.Cancelled, `204,"error":[]`: outgoing.Cancelled,
	} {
		client, _ := answering(t, 200, fmt.Sprintf(`[{"id":1,"status":%s}]`, status))
		result, err := client.CancelScheduled(t.Context(), ids(1))
		assert.Equal(t, ids(1), result.IDs(want), status)
		assert.Equal(t, want == outgoing.Unknown, err != nil, status)
	}
}

func TestB9_AnOddMemberOfAProblemCostsItself(t *testing.T) {
	client, _ := answering(t, 200, `[{"id":1,"status":404,"error":{"title":"Not Found","detail":[],"code":404,"status":"404","instance":null}}]`)
	result, err := client.CancelScheduled(t.Context(), ids(1))
	require.NoError(t, err)
	assert.Equal(t, &outgoing.Problem{Title: "Not Found", Code: "404", Status: 404}, result.Outcomes[0].Problem)
	assert.Equal(t, 1, result.OddMembers)
}

func TestB9_APriceThatCannotBeReadCostsItsRow(t *testing.T) {
	for _, price := range []string{`"free"`, `[]`, `{}`, `true`, `"1,234.50"`, `"1 zł"`, `1,"price":2`, `"0x10"`} {
		transport := rowOfOne(`"status_code":"DONE","price":` + price)
		client := newClient(t, transport)
		result, err := client.GetByIDs(t.Context(), ids(1))
		assert.Equal(t, ids(1), batchIDs(t, err), price)
		require.ErrorContains(t, err, "/price", price)
		assert.Empty(t, result.Missing)
		page, err := client.List(t.Context(), outgoing.PageRequest{})
		assert.Equal(t, ids(1), batchIDs(t, err), price)
		assert.Empty(t, page.Messages)
		for m, err := range client.Watch(t.Context(), outgoing.WatchRequest{IDs: ids(1), Until: hasStatus("DONE")}) {
			require.NoError(t, err, "the point of a watch is the status")
			assert.Equal(t, "DONE", m.StatusCode)
			assert.True(t, m.Price.IsZero())
		}
		cancelled, err := client.CancelScheduled(t.Context(), ids(1))
		require.Error(t, err)
		require.NotNil(t, cancelled.Outcomes[0].Message, "and of a read-back")
	}
}

// A status line of 000 is an answer, if an odd one.
func TestE1_AStatusOf000IsAnAnswer(t *testing.T) {
	baseURL, requests := serveRaw(t, false, func(*http.Request) string { return wire("000 Odd", "", "X-Odd: 1") })
	client := rawClient(t, baseURL)
	_, err := client.GetByIDs(t.Context(), ids(1))
	apiErr, ok := errors.AsType[*outgoing.APIError](err)
	require.True(t, ok, "%v", err)
	assert.Zero(t, apiErr.StatusCode)
	assert.Equal(t, "1", apiErr.Header.Get("X-Odd"))
	result, err := client.CancelScheduled(t.Context(), ids(1))
	require.Error(t, err)
	assert.Equal(t, ids(1), result.IDs(outgoing.Unknown), "which may have been carried out")
	assert.EqualValues(t, 3, requests.Load(), "it is not repeated")
}
