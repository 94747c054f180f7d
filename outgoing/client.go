package outgoing

import (
	"cmp"
	"context"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// Client talks to the gateway. Make one with [New], and keep it: it has connections, retry quota and rate limit.
// Goroutines may share it.
type Client struct{ defaults options }

// New returns a [Client] that authenticates with the bearer token or, if token is empty, those of [WithTokenSource].
// Options are the defaults of every call. New sends nothing; its errors match [ErrInvalidArgument].
func New(token string, opts ...Option) (*Client, error) {
	o := defaultOptions()
	if err := o.apply(opts); err != nil {
		return nil, err
	}
	switch {
	case o.sender.Token == nil:
		if err := header.CheckToken(token); err != nil {
			return nil, invalid(err.Error())
		}
		// a closure, where neither fmt nor encoding/json nor reflection over a Client finds the token
		o.sender.Token = func(context.Context) (string, error) { return token, nil }
	case token != "":
		return nil, invalid("a token and WithTokenSource were both given: pass only one")
	}
	o.sender.Client = transport.NewClient(o.httpClient)
	template, err := gen.NewGetMessagesRequest(o.baseURL, nil)
	if err := cmp.Or(err, o.sender.CheckProxy(o.baseURL)); err != nil {
		return nil, invalid(err.Error())
	}
	o.aboutIDs = template
	return &Client{o}, nil
}
