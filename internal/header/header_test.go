package header_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/header"
)

func TestM1_WhatIsNoPlainCountIsAbsent(t *testing.T) {
	for value, want := range map[string]int{"0": 0, "7": 7, "007": 7, "2147483647": math.MaxInt32} {
		got := header.Count(http.Header{"X-Limit": {value}}, "x-limit")
		require.NotNil(t, got, value)
		assert.Equal(t, want, *got)
	}
	for _, value := range []string{"", "-1", "-0", "+7", "7.0", "7e1", "0x7", "1_000", "1,000", `"7"`, "many", "٧", "null", "2147483648", "99999999999999999999", "7 8"} {
		assert.Nil(t, header.Count(http.Header{"X-Limit": {value}}, "X-Limit"), value)
	}
	assert.Nil(t, header.Count(http.Header{"X-Limit": {"7", "7"}}, "X-Limit"), "repeated")
	assert.Nil(t, header.Count(nil, "X-Limit"))
}

func TestM2_ABooleanIsReadInAnyCase(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "TRUE": true, "false": false, "False": false, "0": false} {
		got := header.Bool(http.Header{"X-Sandbox": {value}}, "X-Sandbox")
		require.NotNil(t, got, value)
		assert.Equal(t, want, *got)
	}
	for _, value := range []string{"", "yes", "no", "2", "01", "t", "true,true", "null"} {
		assert.Nil(t, header.Bool(http.Header{"X-Sandbox": {value}}, "X-Sandbox"), value)
	}
}

func TestS7_FieldsThatAreNotTheCallersAreReserved(t *testing.T) {
	for _, name := range []string{"Authorization", "Accept-Encoding", "Host", "Content-Length", "Idempotency-Key", "X-Idempotency-Key", "Transfer-Encoding", "User-Agent"} {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			assert.True(t, header.Reserved(spelling), spelling)
		}
	}
	for _, name := range []string{"X-Request-Id", "Traceparent", "Accept-Language", "Cookie"} {
		assert.False(t, header.Reserved(name), name)
	}
}

func TestS7_OddNamesAndValuesOfHeadersAreRefused(t *testing.T) {
	for _, name := range []string{"X", "x-1", "!#$%&'*+-.^_`|~"} {
		assert.True(t, header.ValidName(name), name)
	}
	for _, name := range []string{"", " ", "a b", "a:", "a\n", "ż", "a(b)", "a\x7f"} {
		assert.False(t, header.ValidName(name), "%q", name)
	}
	for _, value := range []string{"", "a\tb", "żółw", "a\xffb"} {
		assert.True(t, header.ValidValue(value), "%q", value)
	}
	for _, value := range []string{"a\nb", "a\rb", "\x00", "\x7f", "\x1b[0m"} {
		assert.False(t, header.ValidValue(value), "%q", value)
	}
}

func TestM3_LinksAsRFC8288HasThem(t *testing.T) {
	base, err := url.Parse("https://h/rest/messages?page=2")
	require.NoError(t, err)
	for _, test := range []struct {
		values []string
		want   map[string]string
	}{
		{nil, map[string]string{}},
		{[]string{`<https://h/?p=1>; rel="first", </2>;rel=next`}, map[string]string{"first": "https://h/?p=1", "next": "https://h/2"}},
		{[]string{`<?page=3>; rel=next`, `<?page=1>; rel="PREV first"`}, map[string]string{"next": "https://h/rest/messages?page=3", "prev": "https://h/rest/messages?page=1", "first": "https://h/rest/messages?page=1"}},
		{[]string{`<a,b>; title="x\", y"; rel="last"`}, map[string]string{"last": "https://h/rest/a,b"}},
		{[]string{`<a>; rel=next; rel=last`}, map[string]string{"next": "https://h/rest/a"}},
		{[]string{`<a>; rel=next, <b>; rel=next`}, map[string]string{"next": "https://h/rest/a"}},
		{[]string{`<a>; rel=next; anchor="#x"`, `<>;rel=next`, `<a`, `;`, `a; rel=next`}, map[string]string{}},
	} {
		assert.Equal(t, test.want, header.ParseLinks(test.values, base), "%q", test.values)
	}
}

func FuzzCount(f *testing.F) {
	for _, s := range []string{"", "0", "7", " 7\t", "-1", "+1", "1.0", "1e3", "007", "2147483647", "2147483648", "99999999999999999999", "٧", "0x1", "1,2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := header.Count(http.Header{"X-Limit": {s}}, "X-Limit")
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

func FuzzLink(f *testing.F) {
	for _, s := range []string{``, `<https://h/?p=1>; rel="first", </2>;rel=next`, `<a,b>; title="x\", y"; rel="prev last"`, `<>`, `<a`, `;`, `<?>;rel`, `<a>;rel="next`, `<//h>;rel=next,<:>;rel=last`, "<\x00>;rel=next"} {
		f.Add(s)
	}
	request, err := url.Parse("https://api.szybkisms.pl/rest/messages?page=2")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, value string) {
		links := header.ParseLinks([]string{value}, request)
		for _, target := range links {
			u, err := url.Parse(target)
			require.NoError(t, err, "%q", target)
			assert.True(t, u.IsAbs(), "%q", target)
			assert.False(t, strings.ContainsFunc(target, func(r rune) bool { return r < ' ' }), "%q", target)
		}
		assert.Equal(t, links, header.ParseLinks([]string{value, value}, request), "the first counts")
	})
}
