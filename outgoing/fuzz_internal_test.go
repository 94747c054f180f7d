package outgoing

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
)

const fuzzToken = "fuzz-token/+=" // found in no seed but where it is meant

// decoding is a call, and an answer to it with this body.
func decoding(t testing.TB, body []byte) (operation, *response) {
	t.Helper()
	client, err := New(fuzzToken)
	require.NoError(t, err)
	c, err := client.with(nil)
	require.NoError(t, err)
	return c, &response{status: 200, header: http.Header{}, url: &url.URL{Scheme: "https", Host: "h"}, body: body, redact: newRedactor(fuzzToken)}
}

func addBodies(f *testing.F) {
	for _, body := range []string{
		``, `[]`, `null`, `{}`, `[null]`, `[1]`, `[{}]`, `[]]`, `[{"id":1},{"id":2},{"id":3}]`, "\xef\xbb\xbf[{\"id\":1}]",
		`[{"id":1,"status":204,"error":null},{"id":2,"status":400,"error":{"title":"T","detail":"D","code":"400-1"}}]`,
		`[{"id":"1","status":"204"},{"id":2,"status":[]},{"id":3,"sta`, `[{"id":1,"id":2,"cid":"a","cid":null}]`, "[{\"id\":1,\"cid\":\"\xff\"}]",
		`[{"id":1,"cid":"c","type":1,"recipient":"+48999999999","sender":"S","parts":1,"sent_date":"2024-06-01T16:22:05Z","status_date":"2024-06-01T16:22:07Z","status_code":"QUEUED","status_description":"D","unicode":true,"flash":false,"price":0.16}]`,
		`[{"id":1,"price":"1e-3"},{"id":2,"price":1e400},{"id":9223372036854775808}]`, `[{"id":1,"x":[[[[{"y":[]}]]]]}]`, `[{"id":1,"parts":"fuzz-token/+="}]`,
		strings.Repeat("[", 11_000), `[{"id":1.0},{"id":-1},{"id":0}]`, "<html>", `[{"id":1},]`, `[{"id":1} {"id":2}]`,
	} {
		f.Add([]byte(body))
	}
}

// checkCause looks at why a body could not be used.
func checkCause(t *testing.T, r *response, cause error) {
	t.Helper()
	u, err := url.Parse("https://h/")
	require.NoError(t, err)
	text := newAPIError(request{&http.Request{Method: http.MethodGet, URL: u}, messages, 0}, r, 1, r.redact.error(cause)).Error()
	checkLine(t, text, maxErrorText)
	assert.NotContains(t, text, fuzzToken)
}

func checkLine(t *testing.T, text string, limit int) {
	t.Helper()
	assert.LessOrEqual(t, len(text), limit)
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
}

func FuzzDecodeMessages(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		asked := []int64{2, 1, 3}
		c, r := decoding(t, body)
		result, err := c.readMessages(t.Context(), r, asked)
		if err != nil {
			checkCause(t, r, err)
		} else {
			settled := slices.Concat(result.Missing, result.failed.IDs())
			for _, m := range result.Messages {
				settled = append(settled, m.ID)
			}
			assert.ElementsMatch(t, asked, settled)
			for _, failure := range result.failed.Failures {
				checkLine(t, failure.Err.Error(), maxErrorText)
				assert.NotContains(t, failure.Err.Error(), fuzzToken)
			}
		}
		if page, err := c.readPage(t.Context(), r); err == nil {
			assert.LessOrEqual(t, len(page.rows), MaxLimit)
			for i := range page.rows {
				assert.True(t, page.rows[i].ID != 0 || page.bad[i] != nil)
			}
		}

		// What encoding/json reads and writes is read here as it was written.
		var rows []Message
		if json.Unmarshal(body, &rows) != nil || rows == nil {
			return
		}
		valid, err := json.Marshal(rows)
		if err != nil {
			return
		}
		rows = nil
		require.NoError(t, json.Unmarshal(valid, &rows))
		c, r = decoding(t, valid)
		result, err = c.readMessages(t.Context(), r, asked)
		require.NoError(t, err)
		for _, id := range asked {
			same := func(m Message) bool { return m.ID == id }
			want, got := slices.IndexFunc(rows, same), slices.IndexFunc(result.Messages, same)
			require.Equal(t, want < 0, got < 0)
			if want >= 0 {
				assert.Equal(t, rows[want], result.Messages[got])
			}
		}
	})
}

func FuzzDecodeCancelled(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		asked := []int64{2, 1, 3}
		c, r := decoding(t, body)
		answer, err := c.readCancelled(t.Context(), r, asked)
		if err != nil {
			checkCause(t, r, err)
		}
		if answer.rows == nil {
			require.Error(t, err)
			return
		}
		require.Len(t, answer.rows, len(asked))
		for _, row := range answer.rows {
			f := &failure{err: &APIError{cause: err}, status: 200, reachedServer: true}
			if err == nil {
				f = nil
			}
			outcome, why := outcomeOf(row, &attempts{count: 1, last: f}, err)
			settled := outcome.State == Cancelled && row.status == 204 || outcome.State == Rejected && row.status/100 == 4
			assert.Equal(t, settled, why == nil, "%+v", row)
			assert.True(t, settled || outcome.State == Unknown)
			if outcome.Problem != nil {
				assert.NotContains(t, outcome.Problem.Detail, fuzzToken)
			}
		}

		var rows []gen.CancelledMessage
		if json.Unmarshal(body, &rows) != nil || rows == nil {
			return
		}
		valid, err := json.Marshal(rows)
		require.NoError(t, err)
		rows = nil
		require.NoError(t, json.Unmarshal(valid, &rows))
		c, r = decoding(t, valid)
		answer, err = c.readCancelled(t.Context(), r, asked)
		require.NoError(t, err)
		for i, id := range asked {
			first := slices.IndexFunc(rows, func(m gen.CancelledMessage) bool { return m.ID == id })
			require.Equal(t, first >= 0, answer.rows[i].seen)
			if first >= 0 {
				assert.Equal(t, rows[first].Status, answer.rows[i].status)
				want := rows[first].Error
				if want != nil {
					want = new(r.redact.problem(*want))
					if want.Status < 0 || want.Status > math.MaxInt32 {
						want.Status = 0
					}
				}
				assert.Equal(t, want, answer.rows[i].problem)
			}
		}
	})
}

func FuzzProblem(f *testing.F) {
	f.Add([]byte(`{"type":"t","status":400,"title":"T","detail":"D","code":"400-1","instance":"i"}`), "application/problem+json", 400)
	f.Add([]byte(`{"title":"fuzz-token\/\u002b=","detail":"fuzz-token%2F%2B="}`), "", 500)
	f.Add([]byte("{\"title\":\"\xff\\ud800\\u0000\",\"status\":\"1e9\"}"), "a/b; c", 302)
	f.Fuzz(func(t *testing.T, body []byte, contentType string, status int) {
		_, r := decoding(t, body)
		r.status, r.header = status, http.Header{"Content-Type": {contentType}}
		e := newAPIError(request{&http.Request{Method: http.MethodGet}, messages, 0}, r, 1, nil)
		assert.Equal(t, status, e.StatusCode)
		checkLine(t, e.Error(), maxErrorText)
		assert.LessOrEqual(t, len(e.Body), maxErrorBody)
		for _, text := range []string{e.Error(), string(e.Body), e.Problem.Title, e.Problem.Detail, e.Problem.Code, e.Problem.Type, e.Problem.Instance, e.Header.Get("Content-Type")} {
			assert.NotContains(t, text, fuzzToken)
		}
	})
}

func FuzzHeaderCount(f *testing.F) {
	for _, s := range []string{"", "0", "7", " 7\t", "-1", "+1", "1.0", "1e3", "007", "2147483647", "2147483648", "99999999999999999999", "٧", "0x1", "1,2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, r := decoding(t, nil)
		r.header = http.Header{"X-Limit": {s}}
		n := c.headers(t.Context(), r).count("X-Limit")
		plain := strings.Trim(s, " \t")
		want := json.Number(strings.TrimLeft(plain, "0"))
		if want == "" && plain != "" {
			want = "0"
		}
		value, err := want.Int64()
		valid := err == nil && value >= 0 && value <= math.MaxInt32 && strings.Trim(plain, "0123456789") == ""
		require.Equal(t, valid, n != nil, "%q", s)
		if valid {
			assert.EqualValues(t, value, *n)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	const now = "Sat, 01 Jun 2024 16:22:05 GMT"
	for _, s := range []string{"", "0", "7", "-1", "0.5", "18446744074", "1000000000000000000", "99999999999999999999", "Sat, 01 Jun 2024 16:23:05 GMT",
		"Sat, 01 Jun 9999 16:23:05 GMT", "Saturday, 01-Jun-24 16:23:05 GMT", "Sat Jun  1 16:23:05 2024", "soon", "7, 8", "٧"} {
		f.Add(s, now)
		f.Add(s, "")
		f.Add(now, s)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		got := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, time.Date(2024, 6, 1, 16, 22, 5, 0, time.UTC))
		assert.GreaterOrEqual(t, got, time.Duration(0))
		value = strings.Trim(value, " \t")
		if _, err := http.ParseTime(value); err != nil && strings.Trim(value, "0123456789") != "" {
			assert.Zero(t, got)
		}
		if value != "" && strings.Trim(value, "0123456789") == "" && strings.Trim(value, "0") != "" {
			assert.GreaterOrEqual(t, got, time.Second)
		}
		assert.Zero(t, retryAfter(http.Header{"Retry-After": {value, value}}, time.Now()))
	})
}

func FuzzLink(f *testing.F) {
	for _, s := range []string{``, `<https://h/?p=1>; rel="first", </2>;rel=next`, `<a,b>; title="x\", y"; rel="prev last"`, `<>`, `<a`, `;`, `<?>;rel`, `<a>;rel="next`, `<//h>;rel=next,<:>;rel=last`, "<\x00>;rel=next"} {
		f.Add(s)
	}
	request, err := url.Parse("https://api.szybkisms.pl/rest/messages?page=2")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, value string) {
		links := parseLinks([]string{value}, request)
		for _, target := range []string{links.First, links.Prev, links.Next, links.Last} {
			if target == "" {
				continue
			}
			u, err := url.Parse(target)
			require.NoError(t, err, "%q", target)
			assert.True(t, u.IsAbs(), "%q", target)
			checkLine(t, strings.ToValidUTF8(strings.Map(func(r rune) rune { // URLs may have any character but controls
				if unicode.IsControl(r) {
					return r
				}
				return 'x'
			}, target), "x"), len(target))
		}
		assert.Equal(t, links, parseLinks([]string{value, value}, request), "the first counts")
	})
}

func FuzzBaseURL(f *testing.F) {
	for _, s := range []string{ProductionURL, SandboxURL, "https://h", "http://localhost:1/a", "http://127.0.0.1", "http://[::1]/", "http://h", "https://u:p@h", "https://h?a", "https://h#a",
		"https://h/../..", "https://h//o", "https://h/a:b", "https://h/%2e%2e/%3f", "https://h\\@o", "https:h", "https://[::1%25a]", "HTTPS://Ħ/ż", "https://h/;a=b", "https://h/%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		base, err := parseBaseURL(raw)
		if err != nil {
			checkLine(t, invalid(err.Error()).Error(), maxErrorText)
			return
		}
		u, err := url.Parse(base)
		require.NoError(t, err)
		assert.True(t, u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()), "%q", base)
		assert.NotEmpty(t, u.Hostname())
		assert.Nil(t, u.User)
		assert.Empty(t, u.RawQuery+u.Fragment)
		assert.False(t, strings.ContainsAny(base, "?#"), "%q", base)
		assert.True(t, strings.HasSuffix(base, "/") && !strings.HasSuffix(base, "//"), "%q", base)
		again, err := parseBaseURL(base)
		require.NoError(t, err)
		assert.Equal(t, base, again)

		byID, err := gen.NewGetMessagesRequest(base, []int64{1, 2})
		require.NoError(t, err)
		page := 3
		list, err := gen.NewListMessagesRequest(base, &gen.ListMessagesParams{Page: &page})
		require.NoError(t, err)
		for _, req := range []*http.Request{byID, list} {
			assert.Equal(t, u.Scheme, req.URL.Scheme)
			assert.Equal(t, u.Hostname(), req.URL.Hostname())
			assert.Equal(t, u.Port(), req.URL.Port())
			assert.Nil(t, req.URL.User)
		}
		assert.True(t, strings.HasSuffix(byID.URL.Path, "/messages/1,2"), byID.URL)
		assert.True(t, strings.HasSuffix(list.URL.Path, "/messages"), list.URL)
		assert.Equal(t, "page=3", list.URL.RawQuery)
	})
}

func FuzzToken(f *testing.F) {
	for _, s := range []string{"", "a", "abcdefgh", "abcdefgh\n", " abcdefgh", "żółw-żółw", "abcd\x00efgh", "t0ken+/==%2F&amp;\"'<>\\", "\x7f", "~!@#$^*()_{}[]|:;,.?-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		client, err := New(token)
		if err != nil {
			assert.Nil(t, client)
			require.ErrorIs(t, err, ErrInvalidArgument)
			checkLine(t, err.Error(), maxErrorText)
			if _, usual := New("ż"); len(token) >= minRedacted && !strings.Contains(usual.Error(), token) {
				assert.NotContains(t, err.Error(), token)
			}
			return
		}
		require.NotEmpty(t, token)
		for i := range len(token) {
			require.True(t, token[i] >= 0x21 && token[i] <= 0x7e)
		}
		got, err := client.defaults.token(context.Background())
		require.NoError(t, err)
		assert.Equal(t, token, got)
		if twice := redacted + redacted; len(token) < minRedacted || strings.Contains(twice, token) {
			return
		}
		clean := newRedactor(token)
		quoted, err := json.Marshal(token)
		require.NoError(t, err)
		for _, text := range []string{token, string(quoted[1 : len(quoted)-1]), url.QueryEscape(token), url.PathEscape(token)} {
			cleaned := clean.text("{ " + text + " }")
			assert.Contains(t, cleaned, redacted, "%q", text)
			assert.NotContains(t, cleaned, text)
			assert.NotContains(t, cleaned, token)
			for _, limit := range []int{0, 1, len(text) / 2, len(text) + 1} {
				assert.NotContains(t, string(clean.cut([]byte(text+text), limit)), token)
			}
		}
	})
}

func FuzzClip(f *testing.F) {
	for _, s := range []string{"", "a", "ąęż", "\x00\n\r\t\x1b[0m", "\xff\xfe", "\u202e\u2028\ufeff", "\\\"`", strings.Repeat("ą", 300), "\uFFFD", "\U0001F600"} {
		f.Add(s, 5)
		f.Add(s, maxErrorText)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, limit%1000)
		got := clip(s, limit)
		checkLine(t, got, limit)
		if len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			assert.Equal(t, s, got)
		}
		checkLine(t, newError(s, nil).Error(), maxErrorText)
		checkLine(t, (&BatchError{Failures: []Failure{{IDs: []int64{math.MaxInt64, 2}, Err: newError(s)}, {}}}).Error(), maxErrorText)
		checkLine(t, (&APIError{Method: http.MethodGet, Path: messages, StatusCode: 200, Problem: Problem{Title: s, Detail: s, Code: s}, cause: newError(s)}).Error(), maxErrorText)
	})
}
