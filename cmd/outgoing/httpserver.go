package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/server"
)

// httpServer is what serve and listen have in common: a server that runs until it is interrupted.
type httpServer struct {
	*cli
	addr   string
	expose bool
}

func (s *httpServer) register(cmd *cobra.Command, addr string) {
	s.addr = addr
	cmd.Flags().Var(textFlag{text: &s.addr, kind: "host:port"}, "addr", "where to listen; port 0 takes a free one")
	cmd.Flags().BoolVar(&s.expose, "expose", false, "allow an --addr that other machines can reach")
}

// check refuses an address that other machines can reach unless --expose is set.
func (s *httpServer) check() error {
	host, _, err := net.SplitHostPort(s.addr)
	switch {
	case err != nil:
		return usage("--addr %q: it is host:port, such as 127.0.0.1:8080", s.addr)
	case !server.IsLoopback(host) && !s.expose:
		return usage("--addr %q: other machines could reach this; if they should, say --expose too", s.addr)
	}
	return nil
}

// run serves until ctx is done or there is an interrupt, and then until the requests in flight have ended, or a time is over.
// A second interrupt ends the process at once, with status 0 too. It announces itself when it can be interrupted.
func (s *httpServer) run(ctx context.Context, srv *http.Server, grace time.Duration, announce func(net.Addr) error) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("--addr %s: address already in use: something else listens there, perhaps this command in another "+
			"window; choose another port, or 0 for a free one", s.addr)
	}
	if err != nil {
		return fmt.Errorf("--addr %s: %w", s.addr, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer interrupt.Watch(stop, func() { os.Exit(0) })()
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
	s.say("outgoing: stopping; finishing requests in flight, for %v at most (interrupt again to leave at once)", grace)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err = srv.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	return err
}
