package transport

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
)

func FuzzBaseURL(f *testing.F) {
	for _, s := range []string{"https://api.szybkisms.pl/rest", "https://h", "http://localhost:1/a", "http://127.0.0.1", "http://[::1]/", "http://h", "https://u:p@h", "https://h?a", "https://h#a",
		"https://h/../..", "https://h//o", "https://h/a:b", "https://h/%2e%2e/%3f", "https://h\\@o", "https:h", "https://[::1%25a]", "HTTPS://Ħ/ż", "https://h/;a=b", "https://h/%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		base, err := ParseBaseURL(raw)
		if err != nil {
			assert.False(t, strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }), "%q", err)
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
		again, err := ParseBaseURL(base)
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
