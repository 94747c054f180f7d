package output

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestAnAnswerInHTMLIsNamedAndNotQuoted(t *testing.T) {
	const means = "; the answer is HTML, which usually means a wrong base URL or a proxy"
	const noAnswer = ": this is no answer of the gateway: the base URL may be wrong, or a proxy answered (1 attempt)"
	for name, test := range map[string]struct {
		fault outgoingtest.Fault
		want  string
	}{
		"a proxy's page":  {outgoingtest.Fault{Status: http.StatusBadGateway, Body: new("<h1>Bad Gateway</h1>")}, "GET /messages: 502 Bad Gateway (1 attempt)" + means},
		"a login page":    {outgoingtest.Fault{Body: new("\n<!DOCTYPE html><title>Login</title>")}, "GET /messages: 200 OK: the body is not JSON: invalid character '<' at start of value, at byte 1" + noAnswer},
		"another 404":     {outgoingtest.Fault{Status: http.StatusNotFound, Body: new("<html>")}, "GET /messages: 404 Not Found" + noAnswer},
		"a problem":       {outgoingtest.Fault{Status: http.StatusNotFound, Body: new(`{"title":"<b>"}`)}, "GET /messages: 404 Not Found: <b> (1 attempt)"},
		"not JSON":        {outgoingtest.Fault{Body: new("nope")}, "GET /messages: 200 OK: the body is not JSON: invalid character 'o' in literal null (expecting 'u'), at byte 1 (1 attempt)"},
		"an empty answer": {outgoingtest.Fault{Status: http.StatusBadGateway, Body: new("")}, "GET /messages: 502 Bad Gateway (1 attempt)"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := outgoingtest.NewGateway()
			gateway.Inject(test.fault)
			client := gateway.Client(outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
			_, err := client.List(context.Background(), outgoing.PageRequest{})
			assert.Equal(t, test.want, Reason(err))
		})
	}
}
