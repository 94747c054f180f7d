package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/govalues/decimal"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// browser returns a context of a headless Chromium. It loads nothing but what a page of this machine names.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		needs(t, "Chromium", "chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(patience))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // a deadline of the first call would be the browser's
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	return ctx
}

// command sends a command of the DevTools protocol.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func scripts(disabled bool) chromedp.Action[chromedp.Void] {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: disabled})
}

// fill makes a table worth looking at: 5,000 messages of two days and two campaigns.
func fill(t *testing.T, s *store) (messages []outgoing.Message, day time.Time) {
	t.Helper()
	day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.Local)
	for i := range 5000 {
		x := float64(i) / 5000
		sent := day.Add(9*time.Hour + time.Duration((2*x*x*x-3*x*x+2*x)*float64(4*time.Hour)).Truncate(time.Second))
		if i%50 == 0 {
			sent = sent.AddDate(0, 0, -1)
		}
		took := time.Duration(2+(i*i)%97) * time.Second
		code := "DELIVERED"
		switch {
		case i%50 == 7:
			code = "UNDELIVERED"
		case i%40 == 3, i%24 == 4:
			code = "CANCELLED"
		case i%25 == 1:
			code = "SENT"
		case i%100 == 2:
			code = outgoing.StatusScheduled
		}
		m := outgoing.Message{ID: int64(i + 1), StatusCode: code, SentDate: &sent, StatusDate: new(sent.Add(took))}
		require.NoError(t, m.Price.UnmarshalText([]byte([]string{"0.16", "0.07", "0.1050"}[i%3])))
		messages = append(messages, m)
	}
	require.NoError(t, s.save(t.Context(), messages))
	var spring, autumn []int64
	for _, m := range messages {
		switch m.ID % 4 {
		case 0:
			spring = append(spring, m.ID)
		case 1:
			autumn = append(autumn, m.ID)
		}
	}
	require.NoError(t, s.addToCampaign(t.Context(), "spring <3 & \"20%\"", spring))
	require.NoError(t, s.addToCampaign(t.Context(), "autumn", autumn))
	require.NoError(t, s.addToCampaign(t.Context(), "autumn", []int64{5001, 5002, 5003})) // not heard of yet
	return messages, day
}

func TestThePageShowsWhatIsInTheTable(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := database{file: filepath.Join(t.TempDir(), "fleet.db")}.open(t)
	messages, day := fill(t, s)
	_, err := s.exec(t.Context(), s.db, `INSERT INTO cancellation (id, campaign, tries, outcome) SELECT id, campaign, 1,
		CASE WHEN state = 'cancelled' THEN 'cancelled' WHEN state <> '' THEN 'not cancelled' ELSE '' END FROM message WHERE campaign = 'autumn'`)
	require.NoError(t, err)
	_, err = s.exec(t.Context(), s.db, `UPDATE campaign SET cancelled = {now} WHERE name = 'autumn'`)
	require.NoError(t, err)
	require.NoError(t, s.setNote(t.Context(), s.db, "heard", ""))
	limits := newLimits(s, 10, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
	handler, err := newPage(s, limits, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", handler)
	mux.Handle("GET /style.css", http.FileServerFS(pageFiles))
	server := httptest.NewServer(mux)
	defer server.Close()

	var total, arrivedText, failedText, cancelledText, open, cost string
	read := func(query string) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, scripts(true), chromedp.Navigate(server.URL+"/"+query)))
		for name, into := range map[string]*string{
			"total": &total, "arrived": &arrivedText, "failed": &failedText, "cancelled": &cancelledText, "open": &open, "cost": &cost,
		} {
			value, err := chromedp.Run(ctx, chromedp.AttributeValue(chromedp.CSS("#"+name), "value"))
			require.NoError(t, err)
			*into = value.Value
		}
	}
	compare := func(name string, is func(m outgoing.Message) bool, unheard int) {
		t.Helper()
		counts := map[string]int{"": unheard}
		sum := decimal.Zero
		n := unheard
		for _, m := range messages {
			if !is(m) {
				continue
			}
			n++
			state := s.statuses.state(m.StatusCode)
			counts[state]++
			if state != cancelled {
				sum, err = sum.Add(m.Price.Decimal)
				require.NoError(t, err)
			}
		}
		assert.Equal(t, []string{strconv.Itoa(n), strconv.Itoa(counts[arrived]), strconv.Itoa(counts[failed]), strconv.Itoa(counts[cancelled]), strconv.Itoa(counts[""])},
			[]string{total, arrivedText, failedText, cancelledText, open}, name)
		shown, err := decimal.Parse(cost)
		require.NoError(t, err)
		assert.True(t, sum.Equal(shown), "%s: %s is shown, and %s is right", name, cost, sum)
	}
	read("")
	compare("all", func(outgoing.Message) bool { return true }, 3)
	read("?day=" + day.Format(time.DateOnly))
	screenshot(t, ctx, "wide", 1000, "light")
	screenshot(t, ctx, "wide-dark", 1000, "dark")
	compare("a day", func(m outgoing.Message) bool { return !m.SentDate.Before(day) }, 0)
	read("?campaign=" + url.QueryEscape("spring <3 & \"20%\""))
	compare("a campaign", func(m outgoing.Message) bool { return m.ID%4 == 0 }, 0)
	read("?campaign=autumn&day=" + day.AddDate(0, 0, -1).Format(time.DateOnly))
	compare("a campaign's day", func(m outgoing.Message) bool { return m.ID%4 == 1 && m.SentDate.Before(day) }, 0)

	// The table of campaigns, as the browser has it.
	read("")
	require.NoError(t, chromedp.Do(ctx, scripts(false)))
	cells, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("#campaigns tbody tr")].map(
		row => [...row.cells].map(cell => cell.querySelector("data")?.value ?? cell.innerText.trim()).join("|"))`))
	require.NoError(t, err)
	shown, err := s.campaigns(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, shown, 2)
	want := map[string]string{}
	for _, c := range shown {
		want[c.Name] = fmt.Sprintf("%s|%d|%d|goes out", c.Name, c.Messages, c.Arrived)
		if c.Stopped {
			want[c.Name] = fmt.Sprintf("%s|%d|%d|%d|%d|%d|%d", c.Name, c.Messages, c.Arrived, c.Cancelled, c.NotCancelled, c.NotKnown, c.Undecided)
		}
	}
	assert.ElementsMatch(t, []string{want["autumn"], want["spring <3 & \"20%\""]}, cells)

	// Nothing is wider than a narrow screen, in the light or the dark.
	screenshot(t, ctx, "narrow", 400, "light")
	screenshot(t, ctx, "narrow-dark", 400, "dark")
	width, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
	require.NoError(t, err)
	assert.LessOrEqual(t, width, 400)
}

// screenshot sets the width and the colours, and keeps a picture in the directory that FLEET_SCREENSHOTS names.
func screenshot(t *testing.T, ctx context.Context, name string, width int64, scheme string) { //nolint:revive // t comes first
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), command(emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})))
	dir := os.Getenv("FLEET_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
}

func TestNumbersArePrintedAsPeopleReadThem(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		assert.Equal(t, want, number(n))
	}
	assert.Equal(t, []string{"100.0 %", "99.9 %", "< 0.1 %", "0.0 %", "0 %"},
		[]string{percent(7, 7), percent(99_999, 100_000), percent(1, 100_000), percent(0, 5), percent(0, 0)})
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 400 * time.Millisecond: "0.4 s", 42 * time.Second: "42 s", 125 * time.Second: "2 min 5 s", 76 * time.Hour: "3 d 4 h",
	} {
		assert.Equal(t, want, roundDuration(d))
	}
}
