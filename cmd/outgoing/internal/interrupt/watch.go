package interrupt

import (
	"os"
	"os/signal"
	"syscall"
)

// Watch calls first at the first interrupt and again at each further one, until the returned function is called. Before
// and after that an interrupt ends the process as usual.
//
// A terminal that closes is an interrupt too (SIGHUP), but never a second one, since both the kernel and the shell may send
// it. Under nohup it is ignored, and stays so.
func Watch(first, again func()) (unwatch func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for react := first; ; {
			select {
			case <-done:
				return
			case received := <-signals:
				switch {
				case react == nil && received == syscall.SIGHUP:
				case react == nil:
					again()
				default:
					react()
					react = nil
				}
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
