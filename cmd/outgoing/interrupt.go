package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// watch makes the first interrupt stop new requests, and the second the process. Until it is called, while nothing has
// been sent, an interrupt ends the process as usual.
//
// A terminal that closes is an interrupt too (SIGHUP), but never a second one, since both the kernel and the shell may send
// it. Under nohup it is ignored, and stays so.
func (s *session) watch() (unwatch func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		var received os.Signal
		for again := false; ; again = true {
			select {
			case <-done:
				return
			case received = <-signals:
			}
			switch {
			case again && received == syscall.SIGHUP:
				continue
			case again:
				s.screen.clear()
				s.sayDoubtful()
				os.Exit(exitInterrupted)
			}
			s.interrupted.Store(true)
			s.say("outgoing: interrupted; finishing requests in flight (interrupt again to leave at once)")
			s.drainer.Drain()
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// sayDoubtful names the messages of a cancel that is left while its requests are under way.
func (s *session) sayDoubtful() {
	if ids := s.doubtful.Load(); ids != nil {
		s.say("outgoing: left at once; what became of up to %s, from ID %d on, is not known: look them up",
			display.Plural(len(*ids), "message", "messages"), (*ids)[0])
	}
}
