package main

import (
	"context"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// checkLive checks the flags that belong to --live.
func (s *serveFlags) checkLive(given func(flag string) bool) error {
	const maxRate = 60_000
	for _, flag := range []string{"rate", "callback", "callback-token-file"} {
		if given(flag) && !s.live {
			return usage("--%s: it needs --live too", flag)
		}
	}
	switch {
	case s.rate < 0 || s.rate > maxRate:
		return usage("--rate %d: it is a number of messages per minute, from 0 to %d", s.rate, maxRate)
	case s.callbackTokenFile != "" && s.callback == "":
		return usage("--callback-token-file: it needs --callback too")
	}
	return nil
}

// liveServer returns what runs beside the server with --live; nothing without it.
func (c *cli) liveServer(s *serveFlags, gateway *outgoingtest.Gateway) (live []func(context.Context), err error) {
	if !s.live {
		return nil, nil
	}
	report := func([]outgoing.Message) {}
	where := ""
	if s.callback != "" {
		caller, at, err := c.caller(s)
		if err != nil {
			return nil, err
		}
		report, where = caller.Report, "; status changes are POSTed to "+display.Printable(at)
		live = append(live, caller.Run)
	}
	c.say("outgoing: messages move on by themselves, and %s per minute%s", display.Plural(s.rate, "new one arrives", "new ones arrive"), where)
	return append(live, server.NewLive(gateway, outgoingtest.SampleMessages(s.messages), s.rate, report).Run), nil
}

// caller returns what sends the callbacks, and where to, without what may be a secret.
func (c *cli) caller(s *serveFlags) (caller *server.Caller, at string, err error) {
	u, err := server.ParseCallbackURL(s.callback)
	if err != nil {
		return nil, "", usage("--callback: the URL %v", err)
	}
	token := ""
	if s.callbackTokenFile != "" {
		if token, err = c.callbackToken(s.callbackTokenFile); err != nil {
			return nil, "", err
		}
	}
	return server.NewCaller(u, token, newTransport(server.MaxCalls), c.screen.Err()), u.Scheme + "://" + u.Host + u.EscapedPath(), nil
}
