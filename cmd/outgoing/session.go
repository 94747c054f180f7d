package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// session is the work of one command with one gateway.
type session struct {
	*app
	*flags
	client  *outgoing.Client
	where   string // which gateway, for people: "in production (...)"
	drainer *interrupt.Drainer
	tally   *tally

	ctx         context.Context // of the work: done once an interrupt has been obeyed
	interrupted atomic.Bool
	doubtful    atomic.Pointer[[]int64] // the messages whose cancel is under way; they do not change
}

// connect prepares a client of the gateway that the flags name. It sends nothing.
func (a *app) connect(f *flags) (*session, error) {
	s := &session{app: a, flags: f}
	s.tally = newTally(s.logHandler())
	url := cmp.Or(f.baseURL, outgoing.ProductionURL)
	if f.sandbox {
		url = outgoing.SandboxURL
	}
	var (
		transport http.RoundTripper
		token     string
	)
	if f.demo {
		transport, token = demoGateway().Transport(), "demo"
		s.where = "in the demo gateway, in memory"
	} else {
		var err error
		if token, err = a.token(f.tokenFile); err != nil {
			return nil, err
		}
		transport = newTransport(f.concurrency)
		s.where = describe(url)
	}
	// The token is given to New once, which knows what is wrong with one.
	if _, err := outgoing.New(token); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.ctx = ctx
	s.drainer = interrupt.NewDrainer(transport, token, func() { cancel(interrupt.ErrInterrupted) })
	client, err := outgoing.New("",
		outgoing.WithTokenSource(s.drainer.Token),
		outgoing.WithHTTPClient(&http.Client{Transport: s.drainer}),
		outgoing.WithBaseURL(url),
		outgoing.WithConcurrency(f.concurrency),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: f.attempts}),
		outgoing.WithLogger(slog.New(s.tally)),
	)
	s.client = client
	return s, err
}

// demoSamples are enough for three requests of 50.
const demoSamples = 120

func demoGateway() *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(demoSamples)...)
	return gateway
}

func describe(url string) string {
	switch url {
	case outgoing.ProductionURL:
		return "in production (" + url + ")"
	case outgoing.SandboxURL:
		return "in the sandbox (" + url + ")"
	}
	return "at " + display.Printable(url)
}

// newTransport is as the library's own (defaultTransport in outgoing/transport.go), which a wrapped one replaces.
func newTransport(concurrency int) http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConnsPerHost:    concurrency,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

func (a *app) style() terminal.Style {
	onTerminal := terminal.Is(a.screen.stdout)
	return terminal.Style{Terminal: onTerminal, Colors: onTerminal && !a.plain()}
}

// plain reports whether colors are unwanted (https://no-color.org) or not to be had.
func (a *app) plain() bool { return a.setting("NO_COLOR") != "" || a.setting("TERM") == "dumb" }

// setting returns an environment variable for which unset and empty are the same.
func (a *app) setting(name string) string {
	value, _ := a.env(name)
	return value
}

func (s *session) logHandler() slog.Handler {
	if !s.verbose {
		return slog.DiscardHandler
	}
	return slog.NewTextHandler(s.screen.err(), &slog.HandlerOptions{Level: slog.LevelDebug})
}

// note writes a line about the work as a whole, unless nobody wants to know.
func (s *session) note(format string, args ...any) {
	if !s.quiet {
		s.say(format, args...)
	}
}

// sayAllUnknown follows a run in which the gateway knew no ID, which is rarely what IDs look like.
func (s *session) sayAllUnknown() {
	if s.baseURL != "" {
		s.say("outgoing: the gateway knows none of these IDs; a wrong --base-url looks the same")
	}
}
