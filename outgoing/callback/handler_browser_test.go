package callback_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// A page that someone opens in a browser may send callbacks for everyone who can reach the handler, also where only that
// browser can.
func TestK7_WhatAPageOfAnotherSiteMaySendIsA415(t *testing.T) {
	for _, test := range []struct {
		contentType string // "-" is none
		header      map[string]string
		status      int
	}{
		{"application/x-www-form-urlencoded", nil, 415},
		{"APPLICATION/x-www-form-urlencoded; charset=UTF-8", nil, 415},
		{"multipart/form-data; boundary=x", nil, 415},
		{"text/plain", nil, 415},
		{"text/plain;charset=UTF-8", nil, 415},
		{" Text/Plain ; charset", nil, 415},
		{"text/plain;application/json", nil, 415},
		{"-", map[string]string{"Sec-Fetch-Site": "cross-site"}, 415},
		{"-", map[string]string{"Sec-Fetch-Site": "same-site"}, 415},
		{"-", map[string]string{"Origin": "https://evil.test"}, 415},
		{"-", map[string]string{"Origin": "null"}, 415},
		{"", map[string]string{"Origin": "https://evil.test"}, 415},
		{"application/json", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}, 415}, // a browser with a bug
		{"application/json", nil, 204},
		{"application/json; charset=utf-8", nil, 204},
		{"application/problem+json", nil, 204},
		{"text/json", nil, 204},
		{"text/plainer", nil, 204},
		{"application/octet-stream", nil, 204},
		{"-", nil, 204},
		{"", nil, 204},
		{"application/json", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "https://example.com"}, 204},
		{"application/json", map[string]string{"Sec-Fetch-Site": "none"}, 204},
		{"-", map[string]string{"Origin": "http://example.com"}, 204}, // the request's own Host
	} {
		gateway := outgoingtest.NewGateway()
		gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"})
		s := new(store)
		w := answer(t, confirming(t, gateway, s.save), post(t, `[{"id":1}]`, func(r *http.Request) {
			r.Header.Del("Authorization")
			if test.contentType != "-" {
				r.Header["Content-Type"] = []string{test.contentType}
			}
			for key, value := range test.header {
				r.Header.Set(key, value)
			}
			if test.status == 415 {
				r.Body = unread{t}
			}
		}))
		assert.Equal(t, test.status, w.Code, test)
		assert.Equal(t, test.status == 204, s.calls == 1, test)
		if test.status == 415 {
			assert.Empty(t, gateway.Requests(), "no look-up")
			assert.Equal(t, "application/json", w.Header().Get("Accept"))
			assert.Contains(t, w.Body.String(), "application/json", "it says what to send")
		}
	}
}

// A browser asks before it sends application/json across sites, and is not told that it may.
func TestK7_APageIsNotAllowedToSendJSON(t *testing.T) {
	h := newHandler(t, ignore, callback.WithTokens(token))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/", nil)
	r.Header.Set("Origin", "https://evil.test")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "content-type")
	w := answer(t, h, r)
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.NotContains(t, fmt.Sprint(w.Header()), "Access-Control")
}

func TestK2_AProbeIsAnsweredAndIsNoWarning(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut} {
		toLog, log := logged()
		server := httptest.NewServer(newHandler(t, ignore, callback.WithTokens(token), toLog))
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, strings.NewReader(""))
		require.NoError(t, err)
		res, err := server.Client().Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		res.Body.Close()
		server.Close()
		assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
		assert.Equal(t, "POST", res.Header.Get("Allow"))
		assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
		assert.Equal(t, method == http.MethodHead, len(body) == 0)
		assert.Equal(t, method == http.MethodPut, strings.Contains(log.String(), "WARN"), "%s: %s", method, log)
	}
}
