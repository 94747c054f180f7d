package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
)

const (
	progressAfter = 300 * time.Millisecond // what is over sooner needs no progress
	progressEvery = 100 * time.Millisecond
)

// progress draws, on a terminal, how far the work is, until the returned function is called. The total is 0 where
// nobody knows it.
func (s *session) progress(doing, things string, total int) (end func()) {
	if s.quiet || !terminal.Is(s.screen.stderr) || s.setting("TERM") == "dumb" {
		return func() {}
	}
	stop := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		bar := newBar(doing, things, total)
		wait := time.NewTimer(progressAfter)
		defer wait.Stop()
		for {
			select {
			case <-stop:
				return
			case <-wait.C:
			}
			s.screen.draw(clip(bar.render(s.tally.counts), columns(s.screen.stderr)-1))
			wait.Reset(progressEvery)
		}
	})
	return sync.OnceFunc(func() {
		close(stop)
		drawing.Wait()
		s.screen.clear()
	})
}

// bar is the progress line. It is drawn by the screen, not by the library, which knows neither of results on the same
// terminal nor of lines that would wrap, and could then not be taken away again.
type bar struct {
	waiting, working *progressbar.ProgressBar // until something is done there is no rate, and no time left, to show
}

func newBar(doing, things string, total int) bar {
	working := []progressbar.Option{
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(things),
		progressbar.OptionSetPredictTime(total > 0),
	}
	return bar{waiting: drawnBar(doing, total, progressbar.OptionSetPredictTime(false)), working: drawnBar(doing, total, working...)}
}

func drawnBar(doing string, total int, more ...progressbar.Option) *progressbar.ProgressBar {
	options := []progressbar.Option{
		progressbar.OptionSetDescription(doing),
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(12),
		progressbar.OptionShowCount(),
		progressbar.OptionShowTotalBytes(total > 0), // of what is counted, whatever it is
		progressbar.OptionSetElapsedTime(total > 0),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionSetSpinnerChangeInterval(0), // it turns as it is drawn
		progressbar.OptionSpinnerType(9),
	}
	return progressbar.NewOptions(cmp.Or(total, -1), append(options, more...)...)
}

func (b bar) render(c *counts) string {
	done, shown := c.done.Load(), b.waiting
	if done > 0 {
		shown = b.working
	}
	// Both, since a bar's clock starts when it is first set.
	_ = b.waiting.Set64(done)
	_ = b.working.Set64(done)
	notes := []string{strings.TrimSpace(shown.String())}
	if n := c.retries.Load(); n > 0 {
		notes = append(notes, display.Plural(n, "retry", "retries"))
	}
	if n := c.failed.Load(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d failed", n))
	}
	if wait := time.Until(time.Unix(0, c.waitUntil.Load())); wait > 0 {
		notes = append(notes, fmt.Sprintf("waiting %.1fs", wait.Seconds()))
	}
	return strings.Join(notes, ", ")
}

func columns(stderr any) int {
	if f, ok := stderr.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// clip keeps the first n characters.
func clip(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
