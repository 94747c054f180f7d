package terminal

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

const progressEvery = 250 * time.Millisecond // what is over sooner needs no progress

// Progress is how far the work is, for people: what it is doing and to what things, such as "get" and "IDs". The total is 0 if
// it is unknown.
type Progress struct {
	Doing, Things string
	Total         int
	Done, Failed  atomic.Int64 // things
	Sent          func() (requests, attempts int)
}

// Line returns the progress after a time as one line: "get  40% (200/500, 50 IDs/s, 6s left), 1 retry, 50 failed [4s]".
func (p *Progress) Line(elapsed time.Duration) string {
	done := int(p.Done.Load())
	rate := float64(done) / max(elapsed, time.Millisecond).Seconds()
	line := fmt.Sprintf("%s (%d", p.Doing, done)
	if p.Total > 0 {
		line = fmt.Sprintf("%s %3d%% (%d/%d", p.Doing, done*100/p.Total, done, p.Total)
	}
	switch {
	case rate >= 1:
		line += fmt.Sprintf(", %.0f %s/s", rate, p.Things)
	case rate > 0:
		line += fmt.Sprintf(", %.0f %s/min", rate*60, p.Things)
	}
	if rate > 0 && done < p.Total {
		line += fmt.Sprintf(", %v left", (time.Duration(float64(p.Total-done)/rate) * time.Second))
	}
	line += ")"
	if requests, attempts := p.Sent(); attempts > requests {
		line += ", " + display.Plural(attempts-requests, "retry", "retries")
	}
	if n := p.Failed.Load(); n > 0 {
		line += fmt.Sprintf(", %d failed", n)
	}
	return fmt.Sprintf("%s [%v]", line, elapsed.Truncate(time.Second))
}

// Live draws, on a terminal, a line that is always up to date, until the returned function is called. It asks for the line
// in its own goroutine.
func (s *Screen) Live(line func(elapsed time.Duration) string) (end func()) {
	if !s.CanDraw() {
		return func() {}
	}
	begun, stop := time.Now(), make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(progressEvery):
				s.draw(line(time.Since(begun)))
			}
		}
	}()
	return func() {
		stop <- struct{}{} // so that no line is being drawn any more
		s.Clear()
	}
}
