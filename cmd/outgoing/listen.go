package main

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
)

// listenRun is one run of listen: an http.Handler for callbacks and probes, and the sink of the callbacks.
type listenRun struct {
	session // of the look-ups
	httpServer
	noConfirm bool
	opts      []callback.Option

	mu      sync.Mutex
	handler *callback.Handler
	known   []string // the tokens of the handler
	failed  error    // why they could not be read again, which has been logged

	printing  sync.Mutex // of one callback: while it waits for a reader, others are still turned away
	out       *output.Writer[outgoing.Message]
	unwritten error  // why nothing more can be written
	stop      func() // ends the command
}

func (c *cli) listenCommand() *cobra.Command {
	l := &listenRun{session: session{cli: c}, httpServer: httpServer{cli: c}}
	cmd := c.command("listen", l.listen)
	l.session.register(cmd, "sandbox", "base-url", "token-file", "verbose")
	l.concurrency, l.attempts = 16, 1
	l.httpServer.register(cmd, "127.0.0.1:8081")
	cmd.Flags().BoolVar(&l.noConfirm, "no-confirm", false, "print callbacks as they are, without asking the gateway")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		return cmp.Or(
			l.session.check(cmd.Flags()),
			errorIf(l.noConfirm && l.tokens.name == "", "--no-confirm needs --callback-token-file: otherwise anyone could report any status"),
			errorIf(l.noConfirm && (l.sandbox || l.baseURL != "" || l.tokenFile != ""),
				"--no-confirm asks no gateway: it cannot be used with --sandbox, --base-url or --token-file"),
			l.httpServer.check(),
		)
	}
	return cmd
}

func (l *listenRun) listen(*cobra.Command, []string) error {
	log := l.logger(slog.LevelWarn)
	l.opts = []callback.Option{callback.WithLogger(log)}
	if !l.noConfirm {
		if err := l.confirm(); err != nil {
			return err
		}
	}
	l.checked = true
	if err := l.refresh(); err != nil {
		return err
	}
	l.out = output.New("jsonl", l.screen.Out(), output.Messages, l.screen.Style())
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	l.stop = stop
	srv := server.New(nil, nil) // for its limits
	srv.Handler, srv.WriteTimeout, srv.ErrorLog = l, time.Minute, slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	err := l.run(ctx, srv, 15*time.Second /* a look-up takes 10 at most */, l.announce)
	l.printing.Lock()
	defer l.printing.Unlock()
	return cmp.Or(l.unwritten, err)
}

// confirm has callbacks confirmed by the gateway, and asks it once: with a token that it refuses none ever would be.
func (l *listenRun) confirm() error {
	// Its client does nothing but confirm: a hold that strangers' callbacks bring about stops no other work.
	if err := l.connect(); err != nil {
		return err
	}
	l.opts = append(l.opts, callback.WithConfirmation(l.client))
	ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
	defer cancel()
	_, err := l.client.List(ctx, outgoing.PageRequest{Limit: 1})
	switch {
	case refused(err):
		l.say("outgoing: %s", l.reason(err))
		return statusError(exitUnsettled)
	case err != nil:
		l.say("outgoing: the gateway does not answer as it should, and callbacks are refused while that is so\n  %s", output.Reason(err))
	}
	return nil
}

// announce says where callbacks are received, and what to set beside the URL.
func (l *listenRun) announce(addr net.Addr) error {
	advice := ".\nAnyone who can reach it is let in; only what the gateway confirms is printed."
	if l.tokens.name != "" {
		advice = ",\nand its token to the one in " + l.tokens.name + "."
	}
	l.say(`outgoing: listening on http://%s
In the vendor's panel, https://panel.gsmservice.pl, set the callback URL of the API to an https address that leads here%s`, addr, advice)
	return l.screen.BeginLine()
}

func (l *listenRun) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		_, _ = w.Write([]byte("ok\n"))
		return
	}
	l.mu.Lock()
	err := l.refresh()
	if err != nil && l.failed == nil {
		l.logger(slog.LevelWarn).Warn("the tokens from before go on", "reason", err)
	}
	l.failed = err
	handler := l.handler
	l.mu.Unlock()
	handler.ServeHTTP(w, r)
}

// refresh makes a new handler if the tokens of the file have changed: those of a handler are fixed.
func (l *listenRun) refresh() error {
	tokens, err := l.tokens.current()
	if err != nil || l.handler != nil && slices.Equal(tokens, l.known) {
		return err
	}
	who := callback.WithTokens(tokens...)
	if len(tokens) == 0 {
		who = callback.WithoutToken()
	}
	handler, err := callback.New(l.print, append(slices.Clip(l.opts), who)...)
	if err == nil {
		l.handler, l.known = handler, tokens
	}
	return err
}

// print is a callback.Sink. After an error it writes no more, and the command stops: the callbacks come again.
func (l *listenRun) print(_ context.Context, changed []outgoing.Message) error {
	l.printing.Lock()
	defer l.printing.Unlock()
	for _, m := range changed {
		if l.unwritten == nil {
			l.unwritten = l.out.Write(m)
		}
	}
	if l.unwritten != nil {
		l.stop()
	}
	return l.unwritten
}
