package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// serveFlags are what the flags of serve say.
type serveFlags struct {
	addr     string
	expose   bool
	token    string
	messages int
	latency  time.Duration
	faults   []string

	live              bool
	rate              int
	callback          string
	callbackTokenFile string
}

func (c *cli) serveCommand() *cobra.Command {
	var s serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a gateway in memory, to test clients in any language",
		Long: `Serve a gateway in memory, filled with sample messages, to test clients in any language.

Its base URL is http://ADDR/rest, or /rest-sandbox, as with the real gateway. It takes any bearer token unless --token
names one; a request without a token gets a 401. It speaks plain HTTP and is only for this machine: another address
than a loopback one needs --expose too. Each request is logged on standard error. Ctrl-C ends it, with status 0.

` + server.FaultHelp + "\n\n" + server.LiveHelp + "\n\n" + server.CallerHelp,
		Example: `  outgoing serve
  outgoing serve --addr 127.0.0.1:0 --messages 100000 --latency 20ms
  outgoing serve --fault status=503,retry-after=2,times=3
  outgoing serve --fault 'status=502,content-type=text/html,body=<h1>Bad Gateway</h1>'
  outgoing serve --fault method=DELETE,drop,after-work --fault method=GET,delay=2s,times=always
  outgoing serve --live --rate 30 --callback http://127.0.0.1:8081/ --callback-token-file callback.token`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.checkLive(cmd.Flags().Changed); err != nil {
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
	set.DurationVar(&s.latency, "latency", 0, "how long each answer takes at least")
	set.Var(textsFlag{textFlag{new(string), "fault"}, &s.faults}, "fault", "make requests fail as described above; may be repeated")
	set.BoolVar(&s.live, "live", false, "make messages move on by themselves, and new ones arrive")
	set.IntVar(&s.rate, "rate", 60, "how many new messages arrive each minute, with --live")
	set.Var(textFlag{&s.callback, "url"}, "callback", "where to POST status changes, with --live")
	set.Var(textFlag{&s.callbackTokenFile, "file"}, "callback-token-file", "a file that holds the bearer token of the callbacks")
	return cmd
}

func (c *cli) serve(s *serveFlags) error {
	if err := checkAddr(s.addr, s.expose); err != nil {
		return err
	}
	if s.latency < 0 {
		return usage("--latency %v: it must not be negative", s.latency)
	}
	if s.messages < 0 {
		return usage("--messages must not be negative, got %d", s.messages)
	}
	gateway, err := s.gateway()
	if err != nil {
		return err
	}
	live, err := c.liveServer(s, gateway)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	if err := c.announce(s, listener.Addr()); err != nil {
		return err
	}
	liveCtx, end := context.WithCancel(ctx)
	var living sync.WaitGroup
	defer func() {
		end()
		living.Wait()
	}()
	for _, run := range live {
		living.Go(func() { run(liveCtx) })
	}
	return c.serveUntilDone(ctx, stop, server.New(gateway, c.screen.Err()), listener, 3*time.Second)
}

// serveUntilDone serves until ctx is done, and then until the requests in flight have ended, or a time is over. stop ends the
// watch for interrupts.
func (c *cli) serveUntilDone(ctx context.Context, stop func(), srv *http.Server, listener net.Listener, grace time.Duration) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stop() // a second interrupt ends the process at once
		c.say("outgoing: stopping; finishing requests in flight (interrupt again to leave at once)")
		stopped <- shutDown(srv, grace)
	}()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// shutDown lets requests in flight end, unless they take too long.
func shutDown(srv *http.Server, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return srv.Close()
}

func (s *serveFlags) gateway() (*outgoingtest.Gateway, error) {
	opts := []outgoingtest.Option{outgoingtest.WithRequestLimit(0), outgoingtest.WithLatency(s.latency)}
	if s.token != "" {
		opts = append(opts, outgoingtest.WithToken(s.token))
	}
	gateway := outgoingtest.NewGateway(opts...)
	for _, text := range s.faults {
		fault, err := server.ParseFault(text)
		if err != nil {
			return nil, usage("--fault %q: %v", text, err)
		}
		gateway.Inject(fault)
	}
	gateway.Add(outgoingtest.SampleMessages(s.messages)...)
	return gateway, nil
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

// announce says where the gateway is, and how to talk to it.
func (c *cli) announce(s *serveFlags, addr net.Addr) error {
	token := "test"
	if s.token != "" {
		token = "$TOKEN" // which the caller knows, and a log need not
	}
	base := "http://" + addr.String() + "/rest"
	samples := "no messages"
	example := "messages?limit=3"
	if s.messages > 0 {
		first := outgoingtest.SampleMessages(1)[0].ID
		samples = fmt.Sprintf("sample messages with the IDs %d to %d", first, first+int64(s.messages)-1)
		example = fmt.Sprintf("messages/%d", first)
	}
	_, err := fmt.Fprintf(c.screen.Out(), `%s
%s; try
  curl -H "Authorization: Bearer %s" %s/%s
  %s=%s outgoing list --base-url %s
`, base, samples, token, base, example, tokenVariable, token, base)
	return err
}
