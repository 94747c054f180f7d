package main

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
)

// listenFlags are what the flags of listen say.
type listenFlags struct {
	addr       string
	expose     bool
	noConfirm  bool
	tokenFiles []string // of the callbacks
}

func (c *cli) listenCommand() *cobra.Command {
	var (
		f = flags{format: "jsonl", concurrency: 16, attempts: 1}
		l listenFlags
	)
	cmd := &cobra.Command{
		Use:               "listen",
		Short:             "Receive the gateway's status callbacks and print what changed",
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
	set.Var(textsFlag{&l.tokenFiles, "file"}, "callback-token-file", "a file with the bearer tokens of the callbacks, one a line; may be repeated")
	return cmd
}

func (c *cli) listen(f *flags, l *listenFlags) error {
	if err := checkAddr(l.addr, l.expose); err != nil {
		return err
	}
	switch {
	case l.noConfirm && len(l.tokenFiles) == 0:
		return usage("--no-confirm needs --callback-token-file: otherwise anyone could report any status")
	case l.noConfirm && (f.sandbox || f.baseURL != "" || f.tokenFile != ""):
		return usage("--no-confirm asks no gateway: it cannot be used with --sandbox, --base-url or --token-file")
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	out, err := output.New("jsonl", c.screen.Out(), output.Messages, c.screen.Style())
	if err != nil {
		return err
	}
	p := &printer{stop: stop, out: out}
	handler, err := c.callbackHandler(f, l, p.print)
	if err != nil {
		return err
	}
	listener, err := listenOn(l.addr)
	if err != nil {
		return err
	}
	err = c.serveUntilDone(ctx, &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(c.callbackLog(f).Handler(), slog.LevelWarn),
	}, listener, 15*time.Second /* a look-up takes 10 at most */, func() error {
		c.say(`outgoing: listening on http://%s
In the vendor's panel, https://panel.gsmservice.pl, set the callback URL of the API to an https address that leads here%s`,
			listener.Addr(), l.tokenAdvice())
		return c.screen.BeginLine()
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	c.say("outgoing: %s printed", display.Plural(p.written, "message", "messages"))
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
	if len(l.tokenFiles) == 0 {
		return ".\nAnyone who can reach it is let in; only what the gateway confirms is printed."
	}
	return ",\nand its token to the one in " + l.tokenFiles[0] + "."
}

func (c *cli) callbackLog(f *flags) *slog.Logger {
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.screen.Err(), &slog.HandlerOptions{Level: level}))
}

func (c *cli) callbackHandler(f *flags, l *listenFlags, sink callback.Sink) (http.Handler, error) {
	opts := []callback.Option{callback.WithLogger(c.callbackLog(f))}
	if !l.noConfirm {
		// Its client does nothing but confirm: a hold that strangers' callbacks bring about stops no other work.
		s, err := c.connect(f)
		if err == nil {
			err = s.tryToken()
		}
		if err != nil {
			return nil, err
		}
		opts = append(opts, callback.WithConfirmation(s.client))
	}
	h := &rotating{tokens: tokenFiles{what: "--callback-token-file", names: l.tokenFiles}, log: c.callbackLog(f), with: func(tokens []string) (*callback.Handler, error) {
		if len(tokens) == 0 {
			return callback.New(sink, append(opts, callback.WithoutToken())...)
		}
		return callback.New(sink, append(opts, callback.WithTokens(tokens...))...)
	}}
	return h, h.refresh()
}

// rotating answers callbacks with the tokens of files that may be replaced, and probes.
type rotating struct {
	tokens tokenFiles
	with   func(tokens []string) (*callback.Handler, error)
	log    *slog.Logger

	mu      sync.Mutex
	handler *callback.Handler
	known   []string // the tokens of the handler
	failed  error    // why they could not be read again, which has been logged
}

func (h *rotating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		_, _ = w.Write([]byte("ok\n"))
		return
	}
	h.mu.Lock()
	err := h.refresh()
	if err != nil && h.failed == nil {
		h.log.Warn("the tokens from before go on", "reason", err)
	}
	h.failed = err
	handler := h.handler
	h.mu.Unlock()
	handler.ServeHTTP(w, r)
}

// refresh makes a new handler if the tokens have changed: those of a handler are fixed.
func (h *rotating) refresh() error {
	tokens, err := h.tokens.current()
	if err != nil || h.handler != nil && slices.Equal(tokens, h.known) {
		return err
	}
	handler, err := h.with(tokens)
	if err == nil {
		h.handler, h.known = handler, tokens
	}
	return err
}

// printer writes messages to standard output, one callback at a time.
type printer struct {
	stop func()

	mu      sync.Mutex
	out     output.Writer[outgoing.Message]
	written int
	err     error // why nothing more can be written
}

// print is a callback.Sink. After an error it writes no more, and the command stops: the callbacks come again.
func (p *printer) print(_ context.Context, changed []outgoing.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range changed {
		if p.err == nil {
			p.err = p.out.Write(m)
		}
		if p.err != nil {
			p.stop()
			return p.err
		}
		p.written++
	}
	return nil
}
