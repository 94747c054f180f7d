package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// serveFlags are what the flags of serve say.
type serveFlags struct {
	addr         string
	expose       bool
	token        string
	messages     int
	messagesFile string
	latency      time.Duration
	faults       []string

	live              bool
	rate              int
	callback          string
	callbackTokenFile string
}

func (c *cli) serveCommand() *cobra.Command {
	var s serveFlags
	cmd := &cobra.Command{
		Use:               "serve",
		Short:             "Serve a gateway in memory, to test clients in any language",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(cmd.Flags().Changed); err != nil {
				return err
			}
			return c.serve(&s)
		},
	}
	set := cmd.Flags()
	s.addr = "127.0.0.1:8080"
	set.Var(textFlag{&s.addr, "host:port"}, "addr", "where to listen; port 0 takes a free one")
	set.BoolVar(&s.expose, "expose", false, "allow an --addr that other machines can reach")
	set.Var(textFlag{&s.token, "token"}, "token", "the only bearer token to let in; a made-up one, since process lists show flags")
	set.IntVar(&s.messages, "messages", demoSamples, "how many sample messages there are")
	set.Var(textFlag{&s.messagesFile, "file"}, "messages-file", "messages in place of the samples, in JSON Lines")
	set.DurationVar(&s.latency, "latency", 0, "how long each answer takes at least")
	set.Var(textsFlag{&s.faults, "fault"}, "fault", "make requests fail as described above; may be repeated")
	set.BoolVar(&s.live, "live", false, "make messages move on by themselves, and new ones arrive")
	set.IntVar(&s.rate, "rate", 60, "how many new messages arrive each minute, with --live")
	set.Var(textFlag{&s.callback, "url"}, "callback", "where to POST status changes, with --live")
	set.Var(textFlag{&s.callbackTokenFile, "file"}, "callback-token-file", "a file that holds the bearer token of the callbacks")
	return cmd
}

func (s *serveFlags) check(given func(flag string) bool) error {
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
	case s.latency < 0:
		return usage("--latency %v: it must not be negative", s.latency)
	case s.messages < 0:
		return usage("--messages must not be negative, got %d", s.messages)
	case s.messagesFile != "" && given("messages"):
		return usage("--messages is for samples: give it or --messages-file")
	}
	return checkAddr(s.addr, s.expose)
}

func (c *cli) serve(s *serveFlags) error {
	msgs, err := s.history()
	if err != nil {
		return err
	}
	opts := []outgoingtest.Option{outgoingtest.WithRequestLimit(0), outgoingtest.WithLatency(s.latency)}
	if s.token != "" {
		opts = append(opts, outgoingtest.WithToken(s.token))
	}
	gateway := outgoingtest.NewGateway(opts...)
	for _, text := range s.faults {
		fault, err := server.ParseFault(text)
		if err != nil {
			return usage("--fault %q: %v", text, err)
		}
		gateway.Inject(fault)
	}
	for i, id := range gateway.Add(msgs...) {
		msgs[i].ID = id
	}
	live, err := c.liveServer(s, gateway, msgs)
	if err != nil {
		return err
	}
	listener, err := listenOn(s.addr)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	var living sync.WaitGroup
	defer func() {
		end()
		living.Wait()
	}()
	for _, run := range live {
		living.Go(func() { run(ctx) })
	}
	return c.serveUntilDone(ctx, server.New(gateway, c.screen.Err()), listener, 3*time.Second,
		func() error { return c.announce(s, listener.Addr(), msgs) })
}

// history returns the messages that there are at first.
func (s *serveFlags) history() ([]outgoing.Message, error) {
	if s.messagesFile == "" {
		return outgoingtest.SampleMessages(s.messages), nil
	}
	f, err := os.Open(s.messagesFile)
	if err != nil {
		return nil, fmt.Errorf("--messages-file: %w", err)
	}
	defer func() { _ = f.Close() }()
	msgs, err := server.ReadMessages(f)
	if err != nil {
		return nil, fmt.Errorf("--messages-file: %s: %w", s.messagesFile, err)
	}
	return msgs, nil
}

// liveServer returns what runs beside the server with --live; nothing without it.
func (c *cli) liveServer(s *serveFlags, gateway *outgoingtest.Gateway, msgs []outgoing.Message) (live []func(context.Context), err error) {
	if !s.live {
		return nil, nil
	}
	report, where := func(...outgoing.Message) {}, ""
	if s.callback != "" {
		u, err := server.ParseCallbackURL(s.callback)
		if err != nil {
			return nil, usage("--callback: the URL %v", err)
		}
		tokens := []string{""}
		if s.callbackTokenFile != "" {
			f := tokenFiles{what: "--callback-token-file", names: []string{s.callbackTokenFile}}
			if tokens, err = f.current(); err != nil {
				return nil, err
			}
		}
		caller := server.NewCaller(u, tokens[len(tokens)-1], newTransport(server.MaxCalls), c.screen.Err())
		// Without the query, which may be a secret.
		report, where = caller.Report, "; status changes are POSTed to "+u.Scheme+"://"+u.Host+u.EscapedPath()
		live = append(live, caller.Run)
	}
	c.say("outgoing: messages move on by themselves, and %s per minute%s", display.Plural(s.rate, "new one arrives", "new ones arrive"), where)
	return append(live, server.Live{Gateway: gateway, Messages: msgs, PerMinute: s.rate, Report: report}.Run), nil
}

// serveUntilDone serves until ctx is done or there is an interrupt, and then until the requests in flight have ended, or a
// time is over. A second interrupt ends the process at once. It announces itself when it can be interrupted.
func (c *cli) serveUntilDone(ctx context.Context, srv *http.Server, listener net.Listener, grace time.Duration, announce func() error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer interrupt.Watch(stop, func() { os.Exit(exitInterrupted) })()
	if err := announce(); err != nil {
		return err
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		c.say("outgoing: stopping; finishing requests in flight (interrupt again to leave at once)")
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = srv.Close()
		}
		stopped <- err
	}()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// checkAddr refuses an address that other machines can reach unless --expose is set.
func checkAddr(addr string, expose bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usage("--addr %q: it is host:port, such as 127.0.0.1:8080", addr)
	}
	if !server.IsLoopback(host) && !expose {
		return usage("--addr %q: other machines could reach this; if they should, say --expose too", addr)
	}
	return nil
}

func listenOn(addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--addr %s: address already in use: something else listens there, perhaps this command in another "+
			"window; choose another port, or 0 for a free one", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("--addr %s: %w", addr, err)
	}
	return listener, nil
}

// announce says where the gateway is, and how to talk to it.
func (c *cli) announce(s *serveFlags, addr net.Addr, msgs []outgoing.Message) error {
	token := "test"
	if s.token != "" {
		token = "$TOKEN" // which the caller knows, and a log need not
	}
	base := "http://" + addr.String() + "/rest"
	what, example := "no messages", "messages?limit=3"
	if n := len(msgs); n > 0 {
		what = fmt.Sprintf("%s with the IDs %d to %d", display.Plural(n, "message", "messages"), msgs[0].ID, msgs[n-1].ID)
		if s.messagesFile == "" {
			what = "sample " + what
		}
		example = fmt.Sprintf("messages/%d", msgs[0].ID)
	}
	_, err := fmt.Fprintf(c.screen.Out(), `%s
%s; try
  curl -H "Authorization: Bearer %s" %s/%s
  %s=%s %s list --base-url %s
`, base, what, token, base, example, tokenVariable, token, c.name, base)
	return err
}
