package callback_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// broken is a body that breaks off.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (broken) Close() error { return nil }

func TestK2_ABodyIsAnArrayOfAtMost50RowsAnd128KiB(t *testing.T) {
	large := "[" + row(1, strings.Repeat("x", 128<<10), noon) + "]"
	exact := rowsOf(1)
	exact += strings.Repeat(" ", 128<<10-len(exact))
	unknownLength := func(r *http.Request) { r.ContentLength = -1 }
	breaksOff := func(r *http.Request) { r.Body = broken{r.Body}; r.ContentLength = -1 }
	encoded := func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }
	for name, test := range map[string]struct {
		body   string
		change []func(*http.Request)
		status int
		rows   int // handed on
	}{
		"one row":               {rowsOf(1), nil, 204, 1},
		"50 rows":               {rowsOf(50), nil, 204, 50},
		"51 rows":               {rowsOf(51), nil, 413, 0},
		"60,000 bad rows":       {"[" + strings.Repeat("0,", 60_000) + "0]", nil, 413, 0},
		"51 rows that break":    {strings.TrimSuffix(rowsOf(51), "]"), nil, 413, 0},
		"128 KiB":               {exact, nil, 204, 1},
		"more than 128 KiB":     {large, nil, 413, 0},
		"more, length unknown":  {large, []func(*http.Request){unknownLength}, 413, 0},
		"an encoding":           {rowsOf(1), []func(*http.Request){encoded}, 415, 0},
		"a body that breaks":    {rowsOf(1), []func(*http.Request){breaksOff}, 400, 0},
		"an array that ends":    {strings.TrimSuffix(rowsOf(2), "}]"), nil, 400, 0},
		"no comma":              {`[{"id":1} {"id":2}]`, nil, 400, 0},
		"more after the array":  {rowsOf(1) + "[]", nil, 400, 0},
		"an object":             {row(1, "SENT", noon), nil, 400, 0},
		"null":                  {"null", nil, 400, 0},
		"nothing":               {"", nil, 400, 0},
		"HTML":                  {"<html>", nil, 400, 0},
		"an empty array":        {" [ ] ", nil, 204, 0},
		"a byte order mark":     {"\xef\xbb\xbf" + rowsOf(1), nil, 204, 1},
		"a number as text":      {`[{"id":"7","parts":"1"}]`, nil, 204, 1},
		"unknown and twice":     {`[{"id":1,"x":[{}],"cid":"a","cid":"b"}]`, nil, 204, 1},
		"one bad of three":      {`[{"id":1},{"id":"2x","recipient":"+48"},{"id":3}]`, nil, 204, 2},
		"an ID in doubt":        {`[{"id":1},{"id":2,"id":3}]`, nil, 204, 1},
		"a list by PHP":         {`{"0":{"id":1},"2":{"id":"2"}}`, nil, 204, 2},
		"a long list by PHP":    {numbered(51), nil, 413, 0},
		"null, no ID, ID below": {`[null,{},{"id":null},{"id":0},{"id":-1},{"id":9223372036854775808},{"id":4}]`, nil, 204, 1},
		"only bad rows":         {`[null,{}]`, nil, 400, 0},
	} {
		t.Run(name, func(t *testing.T) {
			toLog, log := logged()
			var got []outgoing.Message
			calls := 0
			h := newHandler(t, func(_ context.Context, changed []outgoing.Message) error {
				calls++
				got = changed
				return nil
			}, callback.WithTokens(token), toLog)
			w := answer(t, h, post(t, test.body, test.change...))
			assert.Equal(t, test.status, w.Code, w.Body)
			assert.Len(t, got, test.rows)
			assert.Equal(t, test.rows > 0, calls == 1, "the sink is called with rows only")
			if test.status == 415 {
				assert.Equal(t, "identity", w.Header().Get("Accept-Encoding"))
			}
			if name == "one bad of three" || name == "an ID in doubt" {
				assert.Contains(t, log.String(), "rows=1")
			}
			if name == "null, no ID, ID below" {
				assert.Contains(t, log.String(), "rows=6")
			}
		})
	}
}

func TestK2_ABodyThatIsTooLargeByItsHeaderIsNotRead(t *testing.T) {
	h := newHandler(t, ignore, callback.WithTokens(token))
	w := answer(t, h, post(t, "", func(r *http.Request) { r.Body, r.ContentLength = unread{t}, 128<<10+1 }))
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestK2_TheSinkGetsEachFieldAsTheGatewayWroteIt(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(50)...)
	var got []outgoing.Message
	h := newHandler(t, func(_ context.Context, changed []outgoing.Message) error {
		got = changed
		return nil
	}, callback.WithTokens(token))
	require.NoError(t, gateway.Notify(t.Context(), h, token, ids...))
	assert.Equal(t, outgoingtest.SampleMessages(50), got)
}

// numbered is a list as PHP writes one with gaps.
func numbered(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"%d":%s`, 2*i, row(int64(i+1), "SENT", noon))
	}
	return "{" + strings.Join(list, ",") + "}"
}

// received returns a sink, and what it was given last.
func received() (callback.Sink, *[]outgoing.Message) {
	var got []outgoing.Message
	return func(_ context.Context, changed []outgoing.Message) error {
		got = changed
		return nil
	}, &got
}

func TestK2_AnOddMemberCostsThatMemberAndNotTheStatusBesideIt(t *testing.T) {
	for member, log := range map[string]string{
		`"unicode":1,"flash":"0"`:              "",
		`"sender":48500`:                       "",
		`"parts":1.0`:                          "",
		`"price":"0,16"`:                       "",
		`"sent_date":""`:                       "",
		`"sent_date":"0000-00-00 00:00:00"`:    "",
		`"flash":"maybe"`:                      "/flash is a string",
		`"sent_date":"2026-01-05 12:00:00"`:    "/sent_date is a string",
		`"sent_date":{},"cid":[]`:              "/cid is an array",
		`"price":"free"`:                       "/price is a string",
		`"price":0.16,"price":0.17`:            "/price is there twice",
		`"recipient":["+48999123456"]`:         "/recipient is an array",
		`"type":"SMS","parts":{"total":"two"}`: "/parts is an object",
	} {
		toLog, logText := logged()
		sink, got := received()
		h := newHandler(t, sink, callback.WithTokens(token), toLog)
		body := fmt.Sprintf(`[{"id":1,%s,"status_code":"DELIVERED","status_date":%q},{"id":2,"status_code":"SENT"}]`, member, noon.Format(time.RFC3339))
		require.Equal(t, http.StatusNoContent, answer(t, h, post(t, body)).Code, member)
		require.Len(t, *got, 2, member)
		assert.Equal(t, "DELIVERED", (*got)[0].StatusCode, member)
		assert.Equal(t, new(noon), (*got)[0].StatusDate, member)
		assert.Equal(t, log != "", strings.Contains(logText.String(), "level=WARN"), "%s: %s", member, logText)
		assert.Contains(t, logText.String(), log, member)
		assert.NotContains(t, logText.String(), recipient)
	}
}

// 50 rows with the same fault are one fault.
func TestK2_OddMembersAreLoggedOnceForEachKind(t *testing.T) {
	toLog, log := logged()
	h := newHandler(t, ignore, callback.WithTokens(token), toLog)
	body := strings.ReplaceAll(rowsOf(50), `"recipient"`, `"flash":"maybe","recipient"`)
	require.Equal(t, http.StatusNoContent, answer(t, h, post(t, body)).Code)
	assert.Equal(t, 1, strings.Count(log.String(), "/flash"))
}

func TestK2_WithConfirmationAnOddMemberCostsNothing(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(3)...)
	s := new(store)
	h := newHandler(t, s.save, callback.WithTokens(token), callback.WithConfirmation(gateway.Client()))
	body := `{"0":{"id":43456,"recipient":[]},"2":{"id":"43457","status_code":"FORGED","price":"?"},"3":{"id":43458,"status_date":"12:00"}}`
	assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, body)).Code)
	assert.Len(t, s.byID, 3)
	assert.NotEqual(t, "FORGED", s.status(43457))
}

func TestK2_TheRefusalOfABodySaysWhatItIs(t *testing.T) {
	for body, want := range map[string]string{
		row(1, "SENT", noon):                    "one object",
		"\xef\xbb\xbf " + row(1, "SENT", noon):  "one object",
		`{"messages":[{"id":1}]}`:               "one object",
		`<?xml version="1.0"?><messages/>`:      "XML",
		"\r\n<html>":                            "XML or HTML",
		"id=1&status_code=SENT&recipient=%2B48": "a form",
		"messages[0][id]=1&messages[0][cid]=x":  "a form",
		"data=%5B%7B%22id%22%3A1%7D%5D":         "a form",
		"--x\r\nContent-Disposition: form-data": "a form",
		`"[{\"id\":1}]"`:                        "a string",
		"":                                      "empty",
		"null":                                  "null",
		"7":                                     "a number",
		"OK":                                    "not JSON",
		`{"0":{"id":1}]`:                        "not JSON",
		`[{"id":` + recipient + `}]`:            "not JSON",
	} {
		h := newHandler(t, ignore, callback.WithTokens(token))
		w := answer(t, h, post(t, body, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }))
		assert.Equal(t, http.StatusBadRequest, w.Code, body)
		assert.Contains(t, w.Body.String(), want, body)
	}
}

func TestK2_AContentEncodingThatIsNoneIsAccepted(t *testing.T) {
	for encoding, status := range map[string]int{
		"": 204, "identity": 204, "Identity": 204, " identity , ": 204, "utf-8": 204, "UTF-8": 204, "utf8": 204, "identity, utf-8": 204,
		"gzip": 415, "x-gzip": 415, "deflate": 415, "br": 415, "zstd": 415, "identity, gzip": 415, "gzip;q=1": 415, "identityx": 415, "iso-8859-2": 415,
	} {
		h := newHandler(t, ignore, callback.WithTokens(token))
		w := answer(t, h, post(t, rowsOf(1), func(r *http.Request) { r.Header["Content-Encoding"] = []string{encoding} }))
		assert.Equal(t, status, w.Code, encoding)
	}
	h := newHandler(t, ignore, callback.WithTokens(token))
	w := answer(t, h, post(t, rowsOf(1), func(r *http.Request) { r.Header["Content-Encoding"] = []string{"identity", "gzip"} }))
	assert.Equal(t, http.StatusUnsupportedMediaType, w.Code)
}

func FuzzK2_Body(f *testing.F) {
	for _, seed := range []string{
		``, `[]`, `null`, `[null]`, `[{"id":1}]`, `[{"id":1},{"id":"2"},{"id":3,"price":"x"}]`, `[{"id":1},`, rowsOf(50), rowsOf(51), "\xef\xbb\xbf[{\"id\":1}]",
		strings.Repeat("[", 11_000), `[{"id":1.0},{"id":-1},{"id":0}]`, `[{"id":1}]x`, "[" + strings.Repeat("0,", 2000) + "0]", "[{\"id\":1,\"cid\":\"\xff\"}]",
		`[{"id":1,"cid":"c","type":1,"recipient":"+48999999999","sent_date":"2024-06-01T16:22:05Z","status_code":"QUEUED","unicode":true,"price":0.16}]`,
	} {
		f.Add([]byte(seed))
	}
	gateway := outgoingtest.NewGateway(outgoingtest.WithRequestLimit(0))
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "TRUE"}, outgoing.Message{ID: 2, StatusCode: "TRUE"})
	f.Fuzz(func(t *testing.T, body []byte) {
		var plain, confirmed []outgoing.Message
		keep := func(to *[]outgoing.Message) callback.Sink {
			return func(_ context.Context, changed []outgoing.Message) error {
				*to = changed
				return nil
			}
		}
		w := answer(t, newHandler(t, keep(&plain), callback.WithTokens(token)), post(t, string(body)))
		assert.Contains(t, []int{204, 400, 413}, w.Code)
		assert.True(t, w.Code == 204 || len(plain) == 0, "what is handed on is acknowledged")
		assert.LessOrEqual(t, len(plain), 50)
		for _, m := range plain {
			assert.Positive(t, m.ID)
		}

		// What encoding/json reads of a body with IDs is what the sink gets.
		var rows []outgoing.Message
		if json.Unmarshal(body, &rows) == nil && len(rows) <= 50 && !slices.ContainsFunc(rows, func(m outgoing.Message) bool { return m.ID < 1 }) {
			if valid, err := json.Marshal(rows); err == nil && rows != nil {
				plain, rows = nil, nil
				require.NoError(t, json.Unmarshal(valid, &rows))
				w := answer(t, newHandler(t, keep(&plain), callback.WithTokens(token)), post(t, string(valid)))
				assert.True(t, w.Code == 204 || len(valid) > 128<<10, "%d %s", w.Code, w.Body)
				if w.Code == 204 && len(rows) > 0 {
					assert.Equal(t, rows, plain)
				}
			}
		}

		w = answer(t, newHandler(t, keep(&confirmed), callback.WithTokens(token), callback.WithConfirmation(gateway.Client())), post(t, string(body)))
		assert.Contains(t, []int{204, 400, 413, 503}, w.Code)
		for _, m := range confirmed {
			assert.Equal(t, "TRUE", m.StatusCode, "nothing but what the gateway says")
		}
	})
}
