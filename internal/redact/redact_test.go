package redact_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/redact"
)

const (
	token       = "secret/token+123="
	replacement = "[redacted]"
)

func TestS1_ATokenIsReplacedHoweverItIsSpelled(t *testing.T) {
	clean := redact.Redactor{}.With(token)
	quoted := strings.ReplaceAll(token, "/", `\/`)
	for _, text := range []string{token, token + token} {
		got := clean.Text("before " + text + " after")
		assert.Equal(t, "before "+strings.Repeat(replacement, strings.Count(text, token))+" after", got)
	}
	for _, text := range []string{
		quoted, url.QueryEscape(token), url.PathEscape(token), strings.ReplaceAll(token, "+", "&#43;"), strings.ReplaceAll(token, "=", "&#x3d;"),
		strings.ReplaceAll(token, "+", "&plus;"), strings.ReplaceAll(token, "+", `\u002b`), strings.ReplaceAll(token, "s", "%73"),
	} {
		assert.Equal(t, replacement, clean.Text("before "+text+" after"), text)
	}
	for _, text := range []string{"", "secret", "secret/token+123", `\`, `\u00`, "%", "%2", "&", "&amp", "100 % of them &c; \\o/"} {
		assert.Equal(t, text, clean.Text(text))
	}
}

func TestS1_EveryTokenOfTheRequestIsReplacedTheLongerFirst(t *testing.T) {
	clean := redact.Redactor{}.With(token).With(token + "-longer").With(token)
	assert.Equal(t, replacement+" "+replacement, clean.Text(token+" "+token+"-longer"))
	assert.Equal(t, "short", redact.Redactor{}.With("short").Text("short"), "it would be found in ordinary words")
	assert.Equal(t, token, redact.Redactor{}.Text(token), "of no token")
}

func TestS1_NothingOfARequestHoldsTheToken(t *testing.T) {
	clean := redact.Redactor{}.With(token)
	p := clean.Problem(&gen.Problem{Type: token, Title: token, Detail: "a " + token, Code: token, Instance: token, Status: 7})
	assert.NotContains(t, fmt.Sprintf("%#v", p), token)
	assert.Equal(t, 7, p.Status)
	h := clean.Header(http.Header{"X-Echo": {"a", token}, token: {"b"}})
	assert.Equal(t, http.Header{"X-Echo": {"a", replacement}, replacement: {"b"}}, h)
	assert.Equal(t, []string{"x", replacement}, clean.Texts([]string{"x", token}))
	assert.NotContains(t, fmt.Sprintf("%#v %+v %v", clean, clean, clean), token)
	text, err := json.Marshal(struct{ N int }{1})
	require.NoError(t, err)
	assert.Equal(t, text, clean.Bytes(text, 100))
}

func TestS1_AnErrorKeepsWhatItIsAndNotWhatItSays(t *testing.T) {
	clean := redact.Redactor{}.With(token)
	harmless := fmt.Errorf("x: %w", io.EOF)
	assert.Equal(t, harmless, clean.Error(harmless))
	require.NoError(t, clean.Error(nil))
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		err := clean.Error(fmt.Errorf("%s: %w", token, known))
		require.ErrorIs(t, err, known)
		assert.NotContains(t, err.Error(), token)
	}
	err := clean.Error(&url.Error{Op: "Get", URL: "https://h/?t=" + token, Err: io.EOF})
	_, whole := errors.AsType[*url.Error](err)
	assert.False(t, whole)
}

func TestS1_NoPartOfATokenIsLeftAtACut(t *testing.T) {
	clean := redact.Redactor{}.With(token)
	for limit := range 3 * len(token) {
		for shift := range len(token) {
			body := strings.Repeat("x", shift) + strings.Repeat(token, 3)
			got := string(clean.Bytes([]byte(body+strings.Repeat("y", redact.MaxToken)), limit))
			assert.LessOrEqual(t, len(got), limit)
			assert.NotContains(t, got, "secret")
			assert.NotContains(t, got, "123=")
		}
	}
}

func TestS1_NoPartOfATokenIsLeftWhereABodyBrokeOff(t *testing.T) {
	clean := redact.Redactor{}.With(token)
	for n := 8; n < len(token); n++ {
		assert.Equal(t, "you sent [redacted]", string(clean.Bytes([]byte("you sent "+token[:n]), 100)))
	}
}

func TestS6_WhatIsQuotedOfAnAnswerIsLeftOut(t *testing.T) {
	for text, want := range map[string]string{
		`plain`:                             `plain`,
		`malformed HTTP response "+48 999"`: `malformed HTTP response "..."`,
		`a "b" c "d" e`:                     `a "..." c "..." e`,
		`a "b \" c" d`:                      `a "..." d`,
		`a "b`:                              `a "..."`,
	} {
		err := redact.WithoutQuotes(fmt.Errorf("%s%w", text, errEmptyText))
		assert.Equal(t, want, err.Error(), text)
		assert.ErrorIs(t, err, errEmptyText)
	}
}

var errEmptyText = errors.New("")

func FuzzRedactor(f *testing.F) {
	for _, s := range []string{"abcdefgh", "t0ken+/==%2F&amp;\"'<>\\", "~!@#$^*()_{}[]|:;,.?-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if twice := replacement + replacement; len(token) < 8 || len(token) > redact.MaxToken/12 || strings.Contains(twice, token) {
			return
		}
		for i := range len(token) {
			if token[i] < 0x21 || token[i] > 0x7e {
				return
			}
		}
		clean := redact.Redactor{}.With(token)
		quoted, err := json.Marshal(token)
		require.NoError(t, err)
		for _, text := range []string{token, string(quoted[1 : len(quoted)-1]), url.QueryEscape(token), url.PathEscape(token)} {
			cleaned := clean.Text("{ " + text + " }")
			assert.Contains(t, cleaned, replacement, "%q", text)
			assert.NotContains(t, cleaned, text)
			assert.NotContains(t, cleaned, token)
			for _, limit := range []int{0, 1, len(text) / 2, len(text) + 1} {
				assert.NotContains(t, string(clean.Bytes([]byte(text+text), limit)), token)
			}
		}
	})
}
