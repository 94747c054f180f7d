package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"
	"os"
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
	*cli
	*flags
	client  *outgoing.Client
	url     string
	where   string // which gateway, for people: "in production (...)"
	drainer *interrupt.Drainer
	counter *terminal.RetryCounter

	ctx         context.Context // of the work: done once an interrupt has been obeyed
	stop        func()          // ends ctx, and cuts off the requests in flight
	interrupted atomic.Bool
}

// connect prepares a client of the gateway that the flags name. It sends nothing.
func (c *cli) connect(f *flags) (*session, error) {
	s := &session{cli: c, flags: f}
	s.counter = terminal.NewRetryCounter(s.logHandler())
	url := cmp.Or(f.baseURL, outgoing.ProductionURL)
	if f.sandbox {
		url = outgoing.SandboxURL
	}
	s.url = url
	var (
		transport http.RoundTripper
		token     string
	)
	if f.demo {
		transport, token = demoGateway().Transport(), demoToken
		s.where = "in the demo gateway, in memory"
	} else {
		var err error
		if token, err = c.token(f.tokenFile); err != nil {
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
	s.ctx, s.stop = ctx, func() { cancel(interrupt.ErrInterrupted) }
	s.drainer = interrupt.NewDrainer(transport, token, s.stop)
	client, err := outgoing.New("",
		outgoing.WithTokenSource(s.drainer.Token),
		outgoing.WithHTTPClient(&http.Client{Transport: s.drainer}),
		outgoing.WithBaseURL(url),
		outgoing.WithConcurrency(f.concurrency),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: f.attempts}),
		outgoing.WithLogger(slog.New(s.counter)),
	)
	s.client = client
	return s, err
}

const (
	demoSamples = 120 // enough for three requests of 50
	demoToken   = "demo"
)

func demoGateway() *outgoingtest.Gateway {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken(demoToken))
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

// newTransport returns a transport for the Drainer to wrap. The library's default cannot be wrapped, so this is net/http's,
// with TLS 1.2, an idle connection for each concurrent request, and a bound on headers.
func newTransport(concurrency int) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forbidigo // a clone is not shared
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, concurrency
	transport.MaxResponseHeaderBytes = 256 << 10
	proxy := transport.Proxy
	transport.Proxy = func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme == "http" { // a loopback host: the token would reach the proxy in the clear
			return nil, nil
		}
		return proxy(r)
	}
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
		switch n := s.drainer.InFlight(); n {
		case 0:
			s.say("outgoing: interrupted")
		case 1:
			s.say("outgoing: interrupted; finishing 1 request in flight (interrupt again to cut it off)")
		default:
			s.say("outgoing: interrupted; finishing %d requests in flight (interrupt again to cut them off)", n)
		}
		s.drainer.Drain()
	}, func() {
		s.say("outgoing: interrupted again; what is known is printed now")
		s.stop()
		go s.leaveWhenStalled(time.Now(), leave)
	}, leave)
}

func (s *session) leaveWhenStalled(since time.Time, leave func()) {
	for {
		if written := s.screen.LastWrite(); written.After(since) {
			since = written
		}
		left := maxStall - time.Since(since)
		if left <= 0 {
			leave()
			return
		}
		<-time.After(left)
	}
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
	return s.screen.Progress(doing, things, total, s.counter.Counts)
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
	if s.baseURL != "" {
		s.say("outgoing: the gateway knows none of these IDs; a wrong --base-url looks the same")
	}
}
