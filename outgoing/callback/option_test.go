package callback_test

import (
	"fmt"
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

func TestK1_AHandlerIsMadeOnlyIfItSaysWhoIsLetIn(t *testing.T) {
	client := outgoingtest.NewGateway().Client()
	for name, test := range map[string]struct {
		sink callback.Sink
		opts []callback.Option
		ok   bool
	}{
		"tokens":                          {ignore, []callback.Option{callback.WithTokens("a", "b")}, true},
		"tokens, confirmation":            {ignore, []callback.Option{callback.WithTokens("a"), callback.WithConfirmation(client)}, true},
		"no token, confirmation":          {ignore, []callback.Option{callback.WithoutToken(), callback.WithConfirmation(client)}, true},
		"nothing":                         {ignore, nil, false},
		"confirmation only":               {ignore, []callback.Option{callback.WithConfirmation(client)}, false},
		"no token, no confirmation":       {ignore, []callback.Option{callback.WithoutToken()}, false},
		"tokens and no token":             {ignore, []callback.Option{callback.WithTokens("a"), callback.WithoutToken(), callback.WithConfirmation(client)}, false},
		"no tokens in WithTokens":         {ignore, []callback.Option{callback.WithTokens(), callback.WithoutToken(), callback.WithConfirmation(client)}, false},
		"an empty token":                  {ignore, []callback.Option{callback.WithTokens("a", "")}, false},
		"a token with a space":            {ignore, []callback.Option{callback.WithTokens("hush hush")}, false},
		"a token with a newline":          {ignore, []callback.Option{callback.WithTokens("hush\n")}, false},
		"a nil sink":                      {nil, []callback.Option{callback.WithTokens("a")}, false},
		"a nil option":                    {ignore, []callback.Option{callback.WithTokens("a"), nil}, false},
		"a nil client":                    {ignore, []callback.Option{callback.WithTokens("a"), callback.WithConfirmation(nil)}, false},
		"a zero client":                   {ignore, []callback.Option{callback.WithTokens("a"), callback.WithConfirmation(new(outgoing.Client))}, false},
		"a nil logger":                    {ignore, []callback.Option{callback.WithTokens("a"), callback.WithLogger(nil)}, false},
		"a limit of 0":                    {ignore, []callback.Option{callback.WithTokens("a"), callback.WithLimit(0)}, false},
		"WithoutToken, then a nil client": {ignore, []callback.Option{callback.WithoutToken(), callback.WithConfirmation(nil)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := callback.New(test.sink, test.opts...)
			if test.ok {
				require.NoError(t, err)
				assert.NotNil(t, h)
				return
			}
			require.ErrorIs(t, err, outgoing.ErrInvalidArgument)
			assert.Nil(t, h)
			assert.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestK1_OnlyAPOSTIsACallback(t *testing.T) {
	h := newHandler(t, ignore, callback.WithTokens(token))
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		w := answer(t, h, httptest.NewRequestWithContext(t.Context(), method, "/", unread{t})) // without a token: the method comes first
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
		assert.Equal(t, "POST", w.Header().Get("Allow"))
	}
}

func TestK1_OnlyAGoodTokenIsLetInBeforeTheBodyIsRead(t *testing.T) {
	h := newHandler(t, ignore, callback.WithTokens(token, "another-token"))
	for _, bad := range [][]string{
		nil, {""}, {"Bearer"}, {"Bearer "}, {token}, {"Basic " + token}, {"Bearer " + token + "x"}, {"Bearer " + token[1:]},
		{"Bearer x", "Bearer " + token}, {"Bearer " + token, "Bearer " + token}, {"Bearer " + strings.ToUpper(token)},
	} {
		w := answer(t, h, post(t, "", func(r *http.Request) {
			r.Body = unread{t}
			r.Header["Authorization"] = bad
			r.Header.Set("Content-Encoding", "gzip") // the token comes first
		}))
		assert.Equal(t, http.StatusUnauthorized, w.Code, bad)
		assert.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
	}
	for _, good := range []string{"Bearer " + token, "bearer " + token, "BEARER  " + token, "Bearer another-token"} {
		w := answer(t, h, post(t, "[]", func(r *http.Request) { r.Header.Set("Authorization", good) }))
		assert.Equal(t, http.StatusNoContent, w.Code, good)
	}
}

// The token in the vendor's panel is replaced while callbacks come: none is turned away.
func TestK1_TwoTokensAreLetInWhileOneIsReplaced(t *testing.T) {
	sender := outgoingtest.NewGateway()
	id := sender.Add(outgoing.Message{StatusCode: "SENT"})[0]
	for _, step := range []struct {
		let, old, new string
	}{{"old", "", "401"}, {"old,new", "", ""}, {"new", "401", ""}} {
		server := httptest.NewServer(newHandler(t, ignore, callback.WithTokens(strings.Split(step.let, ",")...)))
		for used, refused := range map[string]string{"old": step.old, "new": step.new} {
			err := sender.Notify(t.Context(), forward{server}, used, id)
			if refused == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, refused)
			}
		}
		server.Close()
	}
}

func TestK5_AHandlerThatIsPrintedShowsNoToken(t *testing.T) {
	h := newHandler(t, ignore, callback.WithTokens(token))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", h, h, h), token)
}
