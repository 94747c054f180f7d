package main

import (
	"os"
	"os/signal"
	"syscall"
)

// watch makes the first interrupt stop new requests, and the second the process. Until it is called, while nothing has
// been sent, an interrupt ends the process as usual.
func (s *session) watch() (unwatch func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for again := false; ; again = true {
			select {
			case <-done:
				return
			case <-signals:
			}
			if again {
				s.screen.clear()
				s.sayDoubtful()
				os.Exit(exitInterrupted)
			}
			s.interrupted.Store(true)
			s.say("outgoing: interrupted; the requests under way may end (once more leaves at once)")
			s.gate.close()
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
			plural(len(*ids), "message", "messages"), (*ids)[0])
	}
}
