package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// session is the work of one command with one gateway.
type session struct {
	*cli
	*flags
	client  *outgoing.Client
	double  *outgoingtest.Gateway // of --demo
	url     string
	where   string // which gateway, for people: "in production (...)"
	token   func(context.Context) (string, error)
	drainer *interrupt.Drainer
	counter terminal.Counts

	ctx         context.Context // of the work: done once an interrupt has been obeyed
	stop        func()          // ends ctx, and cuts off the requests in flight
	interrupted atomic.Bool
}

// connect prepares a client of the gateway that the flags name. It sends nothing.
func (c *cli) connect(f *flags) (*session, error) {
	s := &session{cli: c, flags: f}
	var err error
	if s.url, err = c.gatewayURL(f); err != nil {
		return nil, err
	}
	s.where = describe(s.url)
	transport := newTransport(f.concurrency)
	if f.demo {
		s.double = demoGateway()
		s.where, s.token, transport = "in the demo gateway, in memory", demoToken, s.double.Transport()
	} else if s.token, err = c.token(f.tokenFile); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.ctx, s.stop = ctx, func() { cancel(interrupt.ErrInterrupted) }
	s.drainer = interrupt.NewDrainer(transport, s.stop)
	s.client, err = outgoing.New("",
		outgoing.WithTokenSource(s.token),
		outgoing.WithHTTPClient(&http.Client{Transport: s.drainer}),
		outgoing.WithBaseURL(s.url),
		outgoing.WithConcurrency(f.concurrency),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: f.attempts}),
		outgoing.WithLogger(slog.New(s.logHandler())),
	)
	return s, err
}

const demoSamples = 120 // enough for three requests of 50

func demoToken(context.Context) (string, error) { return "demo", nil }

func demoGateway() *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("demo"))
	gateway.Add(outgoingtest.SampleMessages(demoSamples)...)
	return gateway
}

const baseURLVariable = "GATEWAY_BASE_URL"

// gatewayURL returns the base URL that the flags or the environment name.
func (c *cli) gatewayURL(f *flags) (string, error) {
	raw, named := f.baseURL, "--base-url"
	if raw == "" {
		raw, named = outgoing.ProductionURL, baseURLVariable
		if url, set := c.env(baseURLVariable); set && !f.demo && !f.sandbox {
			raw = url
		}
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	switch {
	case f.sandbox:
		return outgoing.SandboxURL, nil
	case raw == "":
		return "", fmt.Errorf("%s is set, but empty: unset it for the production system", named)
	case ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")):
		// The host in lower case: net/http would send LOCALHOST, and not localhost, through a proxy. The library knows what
		// else may be wrong.
		host, _, _ := strings.Cut(rest, "/")
		return strings.ToLower(scheme+"://"+host) + rest[len(host):], nil
	}
	advice := ""
	rest = strings.TrimLeft(raw, "/")
	if u, err := url.Parse("https://" + rest); err == nil && u.User == nil && !ok && !strings.HasPrefix(rest, "http") && u.Hostname() != "" {
		scheme = "https://"
		if server.IsLoopback(u.Hostname()) {
			scheme = "http://"
		}
		advice = ", such as " + scheme + rest
	}
	return "", usage("%s: the URL must begin with https:// (or http:// on this machine)%s", named, advice)
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

// newTransport returns a transport for the Drainer to wrap. The library's default cannot be wrapped, so this is net/http's,
// with an idle connection for each concurrent request, and pings that find connections that died silently.
func newTransport(concurrency int) http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forbidigo // a clone is not shared
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, concurrency
	transport.MaxResponseHeaderBytes = 256 << 10
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return transport
}

func (s *session) logHandler() slog.Handler {
	if !s.verbose {
		return slog.DiscardHandler
	}
	return slog.NewTextHandler(s.screen.Err(), &slog.HandlerOptions{Level: slog.LevelDebug})
}

// maxStall is how long the writing of results may stand still after a second interrupt. No one may be reading them.
const maxStall = 2 * time.Second

// handleInterrupts makes the first interrupt stop new requests, and the second cut off those in flight: what was done is
// printed after either. A third ends the process after lastWords, and so do results that no one reads.
func (s *session) handleInterrupts(lastWords func()) (unhandle func()) {
	leave := func() {
		s.screen.Clear()
		lastWords()
		os.Exit(exitInterrupted)
	}
	return interrupt.Watch(func() {
		s.interrupted.Store(true)
		text := "outgoing: interrupted"
		if n := s.drainer.InFlight(); n > 0 {
			text += "; finishing " + display.Plural(n, "request in flight (interrupt again to cut it off)", "requests in flight (interrupt again to cut them off)")
		}
		s.say("%s", text)
		s.drainer.Drain()
	}, func() {
		s.say("outgoing: interrupted again; what is known is printed now")
		s.stop()
		go s.leaveWhenStalled(time.Now(), leave)
	}, leave)
}

func (s *session) leaveWhenStalled(since time.Time, leave func()) {
	for left := maxStall; left > 0; left = maxStall - time.Since(since) {
		<-time.After(left)
		if written := s.screen.LastWrite(); written.After(since) {
			since = written
		}
	}
	leave()
}

// sayUnwritten is what is said last when the results cannot be written, of work that changes nothing.
func (s *session) sayUnwritten() {
	s.say("outgoing: left before all results were written")
}

// progress shows how far the work is, until the returned function is called.
func (s *session) progress(doing, things string, total int) (end func()) {
	if s.quiet {
		return func() {}
	}
	line := terminal.Progress{Doing: doing, Things: things, Total: total, Counts: &s.counter, Retries: func() int {
		requests, attempts := s.drainer.Sent()
		return attempts - requests
	}}
	begun := time.Now()
	return s.screen.Live(func() string { return line.Line(time.Since(begun)) })
}

// note writes a line about the work as a whole, unless --quiet is given.
func (s *session) note(format string, args ...any) {
	if !s.quiet {
		s.say(format, args...)
	}
}

// sent says what it took: "2 requests, 3 attempts".
func (s *session) sent() string {
	requests, attempts := s.drainer.Sent()
	return display.Plural(requests, "request", "requests") + ", " + display.Plural(attempts, "attempt", "attempts")
}

// sayAllUnknown follows a run in which the gateway knew no ID, which usually means a wrong base URL.
func (s *session) sayAllUnknown() {
	switch {
	case s.baseURL != "":
		s.say("outgoing: the gateway knows none of these IDs; a wrong --base-url looks the same")
	case !s.demo && !s.sandbox && s.url != outgoing.ProductionURL:
		s.say("outgoing: the gateway knows none of these IDs; a wrong %s looks the same", baseURLVariable)
	}
}
