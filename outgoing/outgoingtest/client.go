package outgoingtest

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	clientBaseURL = "https://gateway.test" + productionPrefix // .test is reserved: RFC 2606
	defaultToken  = "test-token"
)

// Client returns a client of this gateway. It is a real one, with a token that is let in, and differs from one in
// production only in its transport, which is [Gateway.Transport]. The options come after those that make it so, and may
// replace them. An option that [outgoing.New] refuses panics.
func (g *Gateway) Client(opts ...outgoing.Option) *outgoing.Client {
	opts = append([]outgoing.Option{
		outgoing.WithBaseURL(clientBaseURL),
		outgoing.WithHTTPClient(&http.Client{Transport: g.Transport()}),
	}, opts...)
	client, err := outgoing.New(cmp.Or(g.token, defaultToken), opts...)
	if err == nil {
		return client
	}
	// With WithTokenSource among the options, no other token may be given.
	if client, errWithout := outgoing.New("", opts...); errWithout == nil {
		return client
	}
	panic(fmt.Sprintf("outgoingtest: Gateway.Client: %v", err))
}
