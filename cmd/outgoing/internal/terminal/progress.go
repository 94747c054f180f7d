package terminal

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

const (
	progressAfter = 300 * time.Millisecond // what is over sooner needs no progress
	progressEvery = 100 * time.Millisecond
)

// Progress draws, on a terminal, how far the work is, until the returned function is called. It says what the work is doing
// and to what things, such as "get" and "IDs". The total is 0 if it is unknown.
func (s *Screen) Progress(doing, things string, total int, counts *Counts) (end func()) {
	line := bar{doing: doing, things: things, total: int64(total)}
	return s.Live(func() string { return line.render(counts.Done.Load()) + counts.notes() })
}

// Live draws, on a terminal, a line that is always up to date, until the returned function is called. It asks for the line
// in its own goroutine.
func (s *Screen) Live(line func() string) (end func()) {
	if !s.CanDraw() {
		return func() {}
	}
	stop := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		wait := time.NewTimer(progressAfter)
		defer wait.Stop()
		for {
			select {
			case <-stop:
				return
			case <-wait.C:
			}
			// A line that wraps could not be cleared.
			s.draw(fmt.Sprintf("%.*s", s.columns()-1, line()))
			wait.Reset(progressEvery)
		}
	})
	return sync.OnceFunc(func() {
		close(stop)
		drawing.Wait()
		s.Clear()
	})
}

// bar is the progress line up to its notes, such as "get  40% [===>        ] (200/500, 80 IDs/s) [2s:3s]", and, if the
// total is unknown, "| list (200, 80 messages/s)".
type bar struct {
	doing, things string
	total         int64

	spins   int
	begun   time.Time
	sampled time.Time
	before  int64     // done when last sampled
	rates   []float64 // per second: the last ten samples
}

const (
	barWidth    = 12
	sampleEvery = 500 * time.Millisecond
	maxSamples  = 10
	spinner     = `|/-\`
)

// render returns the line. Until something is done there is no rate, and no time left, to show.
func (b *bar) render(done int64) string {
	rate := b.sample(done)
	if b.total == 0 {
		b.spins++
		return fmt.Sprintf("%c %s (%d%s)", spinner[(b.spins-1)%len(spinner)], b.doing, done, b.speed(rate, done))
	}
	percent := int(float64(done) / float64(b.total) * 100)
	filled := percent * barWidth / 100
	arrow := strings.Repeat("=", filled)
	if filled > 0 && filled < barWidth {
		arrow = arrow[1:] + ">"
	}
	line := fmt.Sprintf("%s%4d%% [%-*s] (%d/%d%s)", b.doing, percent, barWidth, arrow, done, b.total, b.speed(rate, done))
	elapsed := time.Since(b.begun).Truncate(time.Second)
	switch {
	case done == 0:
		return fmt.Sprintf("%s [%s]", line, elapsed)
	case percent == 100:
		return line
	}
	var left time.Duration
	if rate > 0 {
		left = time.Duration(float64(b.total-done)/rate) * time.Second
	}
	return fmt.Sprintf("%s [%s:%s]", line, elapsed, left)
}

// sample returns the average of the last samples; before the first, that of all the time. When all is done it is again
// that of all the time.
func (b *bar) sample(done int64) (rate float64) {
	now := time.Now()
	if b.begun.IsZero() {
		b.begun, b.sampled = now, now
	}
	if since := now.Sub(b.sampled); since > sampleEvery {
		b.rates = append(b.rates, float64(done-b.before)/since.Seconds())
		b.rates = b.rates[max(0, len(b.rates)-maxSamples):]
		b.sampled, b.before = now, done
	}
	if len(b.rates) == 0 || done == b.total {
		if elapsed := now.Sub(b.begun).Seconds(); elapsed > 0 {
			rate = float64(done) / elapsed
		}
		return rate
	}
	for _, r := range b.rates {
		rate += r / float64(len(b.rates))
	}
	return rate
}

// speed returns a rate in the unit in which it is a number of some size.
func (b *bar) speed(rate float64, done int64) string {
	switch {
	case done == 0:
		return ""
	case rate > 1:
		return fmt.Sprintf(", %.0f %s/s", rate, b.things)
	case rate*60 > 1:
		return fmt.Sprintf(", %.0f %s/min", rate*60, b.things)
	}
	return fmt.Sprintf(", %.0f %s/hr", rate*3600, b.things)
}

// notes returns what else there is to say: ", 1 retry, 50 failed, waiting 0.9s".
func (c *Counts) notes() string {
	var notes string
	if n := c.retries.Load(); n > 0 {
		notes += ", " + display.Plural(n, "retry", "retries")
	}
	if n := c.Failed.Load(); n > 0 {
		notes += fmt.Sprintf(", %d failed", n)
	}
	if wait := time.Until(time.Unix(0, c.waitUntil.Load())); wait > 0 {
		notes += fmt.Sprintf(", waiting %.1fs", wait.Seconds())
	}
	return notes
}
