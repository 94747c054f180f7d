package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/internal/bearer"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
)

// listenFlags are what the flags of listen say.
type listenFlags struct {
	addr              string
	expose            bool
	noConfirm         bool
	callbackTokenFile string
}

func (c *cli) listenCommand() *cobra.Command {
	var (
		f = flags{format: "jsonl", concurrency: 16, attempts: 1}
		l listenFlags
	)
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Receive the gateway's status callbacks and print what changed",
		Long: `Receive the gateway's status callbacks and print what changed, one JSON object a line. A callback is acknowledged when its
lines are written, and comes again if they cannot be. It may come twice, and late: compare status_date.

Two tokens play a part. The account's token, from the environment variable GATEWAY_API_BEARER or --token-file, is for asking
the gateway: each message that a callback names is looked up, and what the gateway says is printed, since anyone could send a
callback. It is tried once at the start. --no-confirm prints callbacks as they are, and needs no token of the account. The callbacks' own token is the one
that you set beside the URL in the vendor's panel; give it with --callback-token-file. Without it anyone is let in, so it
cannot be left out together with --no-confirm.

In the vendor's panel, https://panel.gsmservice.pl, the settings of the API have a field for the callback URL. It must lead to
--addr, which speaks plain HTTP: put a server with TLS before it. An address that other machines can reach needs --expose.

Ctrl-C ends it, with status 0: callbacks in work are finished first.`,
		Example: `  outgoing listen --callback-token-file callback.token >> changes.jsonl
  outgoing listen --addr 127.0.0.1:8081 --no-confirm --callback-token-file callback.token
  outgoing serve --live --callback http://127.0.0.1:8081/   # something to listen to
  GATEWAY_API_BEARER=test outgoing listen --base-url http://127.0.0.1:8080/rest`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return c.listen(&f, &l)
		},
	}
	f.registerGateway(cmd)
	f.registerVerbose(cmd)
	set := cmd.Flags()
	l.addr = "127.0.0.1:8081"
	set.Var(textFlag{&l.addr, "host:port"}, "addr", "where to listen; port 0 takes a free one")
	set.BoolVar(&l.expose, "expose", false, "allow an --addr that other machines can reach")
	set.BoolVar(&l.noConfirm, "no-confirm", false, "print callbacks as they are, without asking the gateway")
	set.Var(textFlag{&l.callbackTokenFile, "file"}, "callback-token-file", "a file that holds the bearer token of the callbacks")
	return cmd
}

func (c *cli) listen(f *flags, l *listenFlags) error {
	if err := checkAddr(l.addr, l.expose); err != nil {
		return err
	}
	switch {
	case l.noConfirm && l.callbackTokenFile == "":
		return usage("--no-confirm needs --callback-token-file: otherwise anyone could report any status")
	case l.noConfirm && (f.sandbox || f.baseURL != "" || f.tokenFile != ""):
		return usage("--no-confirm asks no gateway: it cannot be used with --sandbox, --base-url or --token-file")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	printer, err := c.newPrinter(stop)
	if err != nil {
		return err
	}
	handler, err := c.callbackHandler(f, l, printer.print)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", l.addr)
	if err != nil {
		return err
	}
	c.say(`outgoing: listening on http://%s
In the vendor's panel, https://panel.gsmservice.pl, set the callback URL of the API to an https address that leads here%s`,
		listener.Addr(), l.tokenAdvice())
	err = c.serveUntilDone(ctx, stop, &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}, listener, 15*time.Second) // a look-up takes 10 seconds at most
	written, failed := printer.result()
	if failed != nil {
		return failed
	}
	c.say("outgoing: %s printed", display.Plural(written, "message", "messages"))
	return err
}

// tryToken asks the gateway once: with a token that it refuses no callback would ever be confirmed.
func (s *session) tryToken() error {
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
	defer cancel()
	_, err := s.client.List(ctx, outgoing.PageRequest{Limit: 1})
	if refused := refusal(err); refused != nil {
		s.say("outgoing: %s", output.Reason(s.explain(refused)))
		return statusError(exitUnsettled)
	}
	if err != nil {
		s.say("outgoing: the gateway does not answer as it should, and callbacks are refused while that is so\n  %s", output.Reason(err))
	}
	return nil
}

// tokenAdvice says what to set beside the URL.
func (l *listenFlags) tokenAdvice() string {
	if l.callbackTokenFile == "" {
		return ".\nAnyone who can reach it is let in; only what the gateway confirms is printed."
	}
	return ",\nand its token to the one in " + display.Printable(l.callbackTokenFile) + "."
}

func (c *cli) callbackHandler(f *flags, l *listenFlags, sink callback.Sink) (*callback.Handler, error) {
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	opts := []callback.Option{callback.WithLogger(slog.New(slog.NewTextHandler(c.screen.Err(), &slog.HandlerOptions{Level: level})))}
	if l.callbackTokenFile == "" {
		opts = append(opts, callback.WithoutToken())
	} else {
		token, err := c.callbackToken(l.callbackTokenFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, callback.WithTokens(token))
	}
	if !l.noConfirm {
		s, err := c.connect(f)
		if err == nil {
			err = s.tryToken()
		}
		if err != nil {
			return nil, err
		}
		opts = append(opts, callback.WithConfirmation(s.client))
	}
	return callback.New(sink, opts...)
}

// callbackToken reads the bearer token of callbacks from a file.
func (c *cli) callbackToken(file string) (string, error) {
	const what = "--callback-token-file"
	token, err := readToken(what, file)
	if err != nil {
		return "", err
	}
	if err := bearer.Check(token); err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return token, nil
}

// printer writes messages to standard output, one callback at a time.
type printer struct {
	stop func()

	mu      sync.Mutex
	out     output.Writer[outgoing.Message]
	written int
	err     error // why nothing more can be written
}

func (c *cli) newPrinter(stop func()) (*printer, error) {
	out, err := output.New("jsonl", c.screen.Out(), output.Messages, c.screen.Style())
	return &printer{stop: stop, out: out}, err
}

// print is a callback.Sink. After an error it writes no more, and the command stops: the callbacks come again.
func (p *printer) print(_ context.Context, changed []outgoing.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range changed {
		if p.err != nil {
			break
		}
		if p.err = p.out.Write(m); p.err != nil {
			p.stop()
			break
		}
		p.written++
	}
	return p.err
}

// result returns how many messages were written, and why no more could be.
func (p *printer) result() (written int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written, p.err
}
