package main

import (
	"context"
	"log/slog"
	"net"
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

// listenRun is one run of listen.
type listenRun struct {
	httpServer
	*cli
	flags
	noConfirm  bool
	tokenFiles []string // of the callbacks
	log        *slog.Logger
	stop       func()

	mu      sync.Mutex // of one callback that is printed
	out     output.Writer[outgoing.Message]
	printed int
	err     error // why nothing more can be written
}

func (c *cli) listenCommand() *cobra.Command {
	l := &listenRun{cli: c}
	cmd := c.command("listen", "Receive the gateway's status callbacks and print what changed", func(cmd *cobra.Command, _ []string) error {
		if err := l.check(cmd); err != nil {
			return err
		}
		return l.listen()
	})
	l.flags.register(cmd, listenFlags...)
	l.format, l.concurrency, l.attempts = "jsonl", 16, 1
	l.httpServer.register(cmd, "127.0.0.1:8081")
	cmd.Flags().BoolVar(&l.noConfirm, "no-confirm", false, "print callbacks as they are, without asking the gateway")
	cmd.Flags().Var(newTextsFlag(&l.tokenFiles, "file"), "callback-token-file", "a file with the bearer tokens of the callbacks, one a line; may be repeated")
	return cmd
}

func (l *listenRun) check(cmd *cobra.Command) error {
	if err := l.flags.check(cmd.Flags()); err != nil {
		return err
	}
	switch {
	case l.noConfirm && len(l.tokenFiles) == 0:
		return usage("--no-confirm needs --callback-token-file: otherwise anyone could report any status")
	case l.noConfirm && (l.sandbox || l.baseURL != "" || l.tokenFile != ""):
		return usage("--no-confirm asks no gateway: it cannot be used with --sandbox, --base-url or --token-file")
	}
	return l.httpServer.check()
}

func (l *listenRun) listen() (err error) {
	level := slog.LevelWarn
	if l.verbose {
		level = slog.LevelDebug
	}
	l.log = l.logger(level)
	if l.out, err = output.New(l.format, l.screen.Out(), output.Messages, l.screen.Style()); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	l.stop = stop
	handler, err := l.handler()
	if err != nil {
		return err
	}
	err = l.run(ctx, l.cli, &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(l.log.Handler(), slog.LevelWarn),
	}, 15*time.Second /* a look-up takes 10 at most */, l.announce)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if err == nil {
		l.say("outgoing: %s printed", display.Plural(l.printed, "message", "messages"))
	}
	return err
}

// announce says where callbacks are received, and what to set beside the URL.
func (l *listenRun) announce(addr net.Addr) error {
	advice := ".\nAnyone who can reach it is let in; only what the gateway confirms is printed."
	if len(l.tokenFiles) > 0 {
		advice = ",\nand its token to the one in " + l.tokenFiles[0] + "."
	}
	l.say(`outgoing: listening on http://%s
In the vendor's panel, https://panel.gsmservice.pl, set the callback URL of the API to an https address that leads here%s`, addr, advice)
	return l.screen.BeginLine()
}

// handler returns the handler of callbacks and probes. The gateway is asked once before: with a token that it refuses no
// callback would ever be confirmed.
func (l *listenRun) handler() (http.Handler, error) {
	opts := []callback.Option{callback.WithLogger(l.log)}
	if !l.noConfirm {
		// Its client does nothing but confirm: a hold that strangers' callbacks bring about stops no other work.
		s, err := l.connect(&l.flags)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
		defer cancel()
		_, err = s.client.List(ctx, outgoing.PageRequest{Limit: 1})
		if refused := refusal(err); refused != nil {
			l.say("outgoing: %s", s.reason(refused))
			return nil, statusError(exitUnsettled)
		}
		if err != nil {
			l.say("outgoing: the gateway does not answer as it should, and callbacks are refused while that is so\n  %s", output.Reason(err))
		}
		opts = append(opts, callback.WithConfirmation(s.client))
	}
	h := &rotating{tokens: tokenFiles{what: "--callback-token-file", names: l.tokenFiles}, sink: l.print, opts: opts, log: l.log}
	return h, h.refresh()
}

// rotating answers callbacks with the tokens of files that may be replaced, and probes.
type rotating struct {
	tokens tokenFiles
	sink   callback.Sink
	opts   []callback.Option
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
	who := callback.WithTokens(tokens...)
	if len(tokens) == 0 {
		who = callback.WithoutToken()
	}
	handler, err := callback.New(h.sink, append(slices.Clip(h.opts), who)...)
	if err == nil {
		h.handler, h.known = handler, tokens
	}
	return err
}

// print is a callback.Sink. After an error it writes no more, and the command stops: the callbacks come again.
func (l *listenRun) print(_ context.Context, changed []outgoing.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range changed {
		if l.err == nil {
			l.err = l.out.Write(m)
		}
		if l.err != nil {
			l.stop()
			return l.err
		}
		l.printed++
	}
	return nil
}
