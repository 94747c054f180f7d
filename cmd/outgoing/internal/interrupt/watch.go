package interrupt

import (
	"os"
	"os/signal"
	"syscall"
)

// Watch calls the first reaction at the first interrupt, the second at the second and so on, and the last at each further
// one, until the returned function is called. Before and after that an interrupt ends the process as usual.
//
// A terminal that closes is an interrupt too (SIGHUP), but never a second one, since both the kernel and the shell may send
// it. Under nohup it is ignored, and stays so.
func Watch(reactions ...func()) (unwatch func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for next := 0; ; {
			select {
			case <-done:
				return
			case received := <-signals:
				if next > 0 && received == syscall.SIGHUP {
					continue
				}
				reactions[next]()
				next = min(next+1, len(reactions)-1)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
