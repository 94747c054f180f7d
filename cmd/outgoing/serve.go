package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// serveRun is one run of serve: what its flags say.
type serveRun struct {
	*cli
	httpServer
	token        string
	messages     int
	messagesFile string
	faults       []string
	latency      time.Duration

	live     bool
	rate     int
	callback string
}

func (c *cli) serveCommand() *cobra.Command {
	s := &serveRun{cli: c, httpServer: httpServer{cli: c}}
	cmd := c.command("serve", s.serve)
	s.register(cmd, "127.0.0.1:8080")
	set := cmd.Flags()
	set.Var(textFlag{text: &s.token, kind: "token"}, "token", "the only bearer token to let in; a made-up one, since process lists show flags")
	set.IntVar(&s.messages, "messages", demoSamples, "how many sample messages there are")
	set.Var(textFlag{text: &s.messagesFile, kind: "file"}, "messages-file", "messages in place of the samples, in JSON Lines")
	set.Var(textFlag{text: new(string), kind: "fault", all: &s.faults}, "fault", "make requests fail as described above; may be repeated")
	set.DurationVar(&s.latency, "latency", 0, "how long each answer takes at least")
	set.BoolVar(&s.live, "live", false, "make messages move on by themselves, and new ones arrive")
	set.IntVar(&s.rate, "rate", 60, "how many new messages arrive each minute, with --live")
	set.Var(textFlag{text: &s.callback, kind: "url"}, "callback", "where to POST status changes, with --live")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		given := set.Changed
		return cmp.Or(
			errorIf(given("rate") && !s.live, "--rate: it needs --live too"),
			errorIf(given("callback") && !s.live, "--callback: it needs --live too"),
			errorIf(given("callback-token-file") && !given("callback"), "--callback-token-file: it needs --callback too"),
			errorIf(s.rate < 0 || s.rate > 60_000, "--rate %d: it is a number of messages per minute, from 0 to 60000", s.rate),
			errorIf(s.latency < 0, "--latency %v: it must not be negative", s.latency),
			errorIf(s.messages < 0, "--messages must not be negative, got %d", s.messages),
			errorIf(given("messages-file") && given("messages"), "--messages is for samples: give it or --messages-file"),
			s.httpServer.check(),
		)
	}
	return cmd
}

func (s *serveRun) serve(*cobra.Command, []string) error {
	msgs := outgoingtest.SampleMessages(s.messages)
	if s.messagesFile != "" {
		content, err := os.ReadFile(s.messagesFile)
		if err == nil {
			msgs, err = server.ReadMessages(content)
			s.checked = err != nil // not how it is called is wrong
		}
		if err != nil {
			return fmt.Errorf("--messages-file %s: %w", s.messagesFile, err)
		}
	}
	gateway := outgoingtest.NewGateway(outgoingtest.WithRequestLimit(0), outgoingtest.WithLatency(s.latency),
		outgoingtest.WithToken(s.token)) // where "" lets any in
	for _, text := range s.faults {
		fault, err := server.ParseFault(text)
		if err != nil {
			return fmt.Errorf("--fault %q: %w", text, err)
		}
		gateway.Inject(fault)
	}
	s.checked = true
	for i, id := range gateway.Add(msgs...) {
		msgs[i].ID = id
	}
	srv := server.New(gateway, s.screen.Err())
	ctx, end := context.WithCancel(context.Background())
	defer end()
	srv.RegisterOnShutdown(end)
	if s.live {
		if err := s.liven(ctx, server.Live{Gateway: gateway, Messages: msgs, PerMinute: s.rate, Keep: 100_000}); err != nil {
			return err
		}
	}
	return s.run(ctx, srv, server.Grace, s.announce)
}

// liven makes messages move on, and reports that with callbacks, until ctx is done.
func (s *serveRun) liven(ctx context.Context, live server.Live) error {
	live.Report = func(...outgoing.Message) {}
	wait := func() {}
	if s.callback != "" {
		u, err := server.ParseCallbackURL(s.callback, s.expose)
		if err != nil {
			return fmt.Errorf("--callback: the URL %w", err)
		}
		tokens, err := s.tokens.current()
		if err != nil {
			return err
		}
		token := ""
		if n := len(tokens); n > 0 {
			token = tokens[n-1]
		}
		caller := server.NewCaller(ctx, u, token, newTransport(server.MaxCalls), s.screen.Err())
		live.Report, wait = caller.Report, caller.Wait
		s.say("outgoing: status changes are POSTed to %s://%s%s", u.Scheme, u.Host, u.EscapedPath()) // the query may be a secret
	}
	s.say("outgoing: messages move on by themselves, and %s per minute", display.Plural(s.rate, "new one arrives", "new ones arrive"))
	s.background.Go(func() {
		live.Run(ctx)
		wait()
	})
	return nil
}

// announce says where the gateway is, and how to talk to it.
func (s *serveRun) announce(addr net.Addr) error {
	host, port, _ := net.SplitHostPort(addr.String())
	if net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	const text = "http://%[1]s/rest\nTry: curl -H \"Authorization: Bearer ${TOKEN:-test}\" http://%[1]s/rest/messages\n"
	_, err := fmt.Fprintf(s.screen.Out(), text, net.JoinHostPort(host, port))
	return err
}

// httpServer is what serve and listen have in common: a server that runs until it is interrupted.
type httpServer struct {
	cli    *cli
	addr   string
	expose bool
	tokens tokenFile // of the callbacks, the newest last

	background sync.WaitGroup // what ends soon after the server, and is waited for
}

func (s *httpServer) register(cmd *cobra.Command, addr string) {
	s.addr = addr
	cmd.Flags().Var(textFlag{text: &s.addr, kind: "host:port"}, "addr", "where to listen; port 0 takes a free one")
	cmd.Flags().BoolVar(&s.expose, "expose", false, "allow an --addr that other machines can reach")
	s.tokens.what = "--callback-token-file"
	cmd.Flags().Var(textFlag{text: &s.tokens.name, kind: "file", once: true}, "callback-token-file",
		"a file with the bearer token of the callbacks, or two while it is replaced, one a line")
}

// check refuses an address that other machines can reach unless --expose is set.
func (s *httpServer) check() error {
	host, _, err := net.SplitHostPort(s.addr)
	return cmp.Or(
		errorIf(err != nil, "--addr %q: it is host:port, such as 127.0.0.1:8080", s.addr),
		errorIf(!s.expose && !server.IsLoopback(host),
			"--addr %q: other machines could reach this; if they should, say --expose too", s.addr),
	)
}

// run serves until ctx is done or there is an interrupt, and then until the requests in flight have ended, or a time is over.
// A second interrupt ends the process at once, with status 0 too. It announces itself when it can be interrupted.
func (s *httpServer) run(ctx context.Context, srv *http.Server, grace time.Duration, announce func(net.Addr) error) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		advice := ""
		if _, refused := errors.AsType[*os.SyscallError](err); refused {
			advice = "; if something else listens there, choose another port, or 0 for a free one"
		}
		return fmt.Errorf("--addr %s: %w%s", s.addr, err, advice)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	interrupt.Watch(stop, func() { os.Exit(0) })
	if err := announce(listener.Addr()); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.cli.say("outgoing: stopping; finishing requests in flight, for %v at most (interrupt again to leave at once)", grace)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		err = srv.Close()
	}
	s.background.Wait()
	return err
}
