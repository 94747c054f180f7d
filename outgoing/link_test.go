package outgoing_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestM3_LinksAreRead(t *testing.T) {
	const base = "https://api.szybkisms.pl/rest/messages"
	next := func(target string) outgoing.Links { return outgoing.Links{Next: target} }
	tests := []struct {
		name   string
		values []string
		want   outgoing.Links
	}{
		{"none", nil, outgoing.Links{}},
		{"all", []string{`<https://h/?p=1>; rel="first", <https://h/?p=2>; rel="prev", <https://h/?p=4>; rel="next", <https://h/?p=9>; rel="last"`},
			outgoing.Links{First: "https://h/?p=1", Prev: "https://h/?p=2", Next: "https://h/?p=4", Last: "https://h/?p=9"}},
		{"several values", []string{`<https://h/1>; rel=first`, `<https://h/2>; rel=next`}, outgoing.Links{First: "https://h/1", Next: "https://h/2"}},
		{"a token for a relation", []string{`<https://h/>;rel=next`}, next("https://h/")},
		{"any case", []string{`<https://h/>; REL="NeXt"`}, next("https://h/")},
		{"blanks everywhere", []string{" \t< https://h/ > \t; \trel \t= \t\"next\" \t, "}, next("https://h/")},
		{"several relations", []string{`<https://h/>; rel="first  last x:y"`}, outgoing.Links{First: "https://h/", Last: "https://h/"}},
		{"a comma in the target", []string{`<https://h/?a=1,2;b>; rel=next, <https://h/x>; rel=last`}, outgoing.Links{Next: "https://h/?a=1,2;b", Last: "https://h/x"}},
		{"quoted parameters", []string{`<https://h/>; title="a, b; rel=last \" <c>"; rel=next, <https://h/2>; rel=prev`}, outgoing.Links{Next: "https://h/", Prev: "https://h/2"}},
		{"an escaped relation", []string{`<https://h/>; rel="\n\e\x\t"`}, next("https://h/")},
		{"a parameter without a value", []string{`<https://h/>; crossorigin; rel=next`}, next("https://h/")},
		{"a star parameter is another one", []string{`<https://h/>; rel*=UTF-8''last; rel=next`}, next("https://h/")},
		{"the first rel counts", []string{`<https://h/>; rel=next; rel=last`}, next("https://h/")},
		{"the first link counts", []string{`<https://h/1>; rel=next, <https://h/2>; rel=next`}, next("https://h/1")},
		{"a link of something else", []string{`<https://h/1>; rel=next; anchor="#x", <https://h/2>; rel=next`}, next("https://h/2")},
		{"empty elements", []string{`, ,<https://h/>; rel=next,,`, ``, `,`}, next("https://h/")},
		{"a semicolon at the end", []string{`<https://h/>; rel=next;`}, next("https://h/")},
		{"a path", []string{`</rest/messages?page=2>; rel=next`}, next("https://api.szybkisms.pl/rest/messages?page=2")},
		{"a query", []string{`<?page=2>; rel=next`}, next(base + "?page=2")},
		{"a name", []string{`<messages?page=2>; rel=next`}, next(base + "?page=2")},
		{"another host", []string{`<//h/x>; rel=next`}, next("https://h/x")},
		{"up and up", []string{`<../../../../x>; rel=next`}, next("https://api.szybkisms.pl/x")},
		{"no relation", []string{`<https://h/>, <https://h/>; rel="", <https://h/>; rel`}, outgoing.Links{}},
		{"an unknown relation", []string{`<https://h/>; rel=nextish`}, outgoing.Links{}},
		{"no brackets", []string{`https://h/; rel=next`}, outgoing.Links{}},
		{"no end", []string{`<https://h/; rel=next`}, outgoing.Links{}},
		{"no target", []string{`<>; rel=next`}, outgoing.Links{}},
		{"a target that is none", []string{`<https://[::1:%zz/>; rel=next, <https://h/>; rel=last`}, outgoing.Links{Last: "https://h/"}},
		{"an endless quote", []string{`<https://h/>; rel="next`, `<https://h/>; title="`}, next("https://h/")},
		{"garbage", []string{`;;;===<<<>>>"""\\\`}, outgoing.Links{}},
		{"much of it", []string{strings.Repeat(`<a>; rel="`, 10_000)}, outgoing.Links{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				require.Equal(t, base, r.URL.String(), "no URL of a response is ever asked for")
				res := answer(200, "[]")
				res.Header["Link"] = tt.values
				return res, nil
			}))
			page, err := client.List(t.Context(), outgoing.PageRequest{})
			require.NoError(t, err)
			assert.Equal(t, tt.want, page.Links)
		})
	}
}
