package callback_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

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

func TestK2_ABodyIsAnArrayOfAtMost50RowsAndOneMiB(t *testing.T) {
	large := "[" + row(1, strings.Repeat("x", 1<<20), noon) + "]"
	exact := rowsOf(1)
	exact += strings.Repeat(" ", 1<<20-len(exact))
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
		"100,000 bad rows":      {"[" + strings.Repeat("0,", 100_000) + "0]", nil, 413, 0},
		"51 rows that break":    {strings.TrimSuffix(rowsOf(51), "]"), nil, 413, 0},
		"1 MiB":                 {exact, nil, 204, 1},
		"more than 1 MiB":       {large, nil, 413, 0},
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
		"one bad of three":      {`[{"id":1},{"id":2,"recipient":7},{"id":3}]`, nil, 204, 2},
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
			if name == "one bad of three" {
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
	w := answer(t, h, post(t, "", func(r *http.Request) { r.Body, r.ContentLength = unread{t}, 1<<20+1 }))
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

// Only the IDs are read then, so that whatever else a row has in it costs nothing.
func TestK2_WithConfirmationOnlyTheIDsAreRead(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(3)...)
	s := new(store)
	h := newHandler(t, s.save, callback.WithTokens(token), callback.WithConfirmation(gateway.Client()))
	body := `[{"id":43456,"recipient":7},{"id":"43457","status_code":"FORGED"},{"id":43458,"sent_date":{}}]`
	assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, body)).Code)
	assert.Len(t, s.byID, 3)
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
				assert.True(t, w.Code == 204 || len(valid) > 1<<20, "%d %s", w.Code, w.Body)
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
