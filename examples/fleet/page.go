package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html style.css
var pageFiles embed.FS

// page shows people whether their messages arrived.
type page struct {
	store    *store
	limits   limits
	logger   *slog.Logger
	template *template.Template
}

const campaignsShown = 50

func newPage(s *store, limits limits, logger *slog.Logger) (*page, error) {
	t, err := template.New("page.html").Funcs(template.FuncMap{
		"number": number, "percent": percent, "when": when, "ago": ago, "duration": roundDuration,
		"line": func(c curve) string { return c.points(false) }, "area": func(c curve) string { return c.points(true) },
	}).ParseFS(pageFiles, "page.html")
	return &page{s, limits, logger, t}, err
}

type pageData struct {
	stats
	service
	Filter    filter
	Campaigns []campaignCount
	Names     []string // of campaigns, to choose from
	Segments  []segment
}

// segment is a part of the bar: percentages of its width.
type segment struct {
	Class       string
	From, Width float64
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	query := r.URL.Query()
	data := pageData{Filter: filter{Campaign: query.Get("campaign")}}
	if day := query.Get("day"); day != "" {
		var err error
		if data.Filter.Day, err = time.ParseInLocation(time.DateOnly, day, time.Local); err != nil {
			http.Error(w, "day must be like 2026-03-01", http.StatusBadRequest)
			return
		}
	}
	var out bytes.Buffer
	if err := p.render(&out, r, &data); err != nil {
		p.logger.Error("the page", "error", err)
		http.Error(w, "The database does not answer. Nothing is lost: the service goes on when it is back.", http.StatusServiceUnavailable)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w)
}

func (p *page) render(out *bytes.Buffer, r *http.Request, data *pageData) (err error) {
	if data.stats, err = p.store.stats(r.Context(), data.Filter); err != nil {
		return err
	}
	if data.service, err = p.store.service(r.Context(), p.limits); err != nil {
		return err
	}
	if data.Campaigns, err = p.store.campaigns(r.Context(), campaignsShown); err != nil {
		return err
	}
	for _, c := range data.Campaigns {
		data.Names = append(data.Names, c.Name)
	}
	if name := data.Filter.Campaign; name != "" && !slices.Contains(data.Names, name) {
		data.Names = append(data.Names, name)
	}
	from := 0.0
	for _, part := range []struct {
		class string
		count int
	}{{arrived, data.Arrived}, {failed, data.stats.Failed}, {cancelled, data.Cancelled}, {"open", data.Open}} {
		if part.count > 0 {
			width := 100 * float64(part.count) / float64(data.Total)
			data.Segments = append(data.Segments, segment{part.class, from, width})
			from += width
		}
	}
	return p.template.Execute(out, data)
}

// points returns the curve as SVG has it, in a box of 100 by 100; as an area it is closed along the bottom.
func (c curve) points(area bool) string {
	var b strings.Builder
	highest := max(1, slices.Max(c.Counts))
	for i, count := range c.Counts {
		fmt.Fprintf(&b, "%.2f,%.2f ", 100*float64(i)/float64(len(c.Counts)-1), 100-100*float64(count)/float64(highest))
	}
	if area {
		b.WriteString("100,100 0,100")
	}
	return b.String()
}

// number groups digits as people read them: 12 345, with thin spaces that do not break.
func number(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}

// percent is rounded down, so that 100 % means all.
func percent(n, of int) string {
	if of == 0 {
		return "0 %"
	}
	tenths := n * 1000 / of
	if n > 0 && tenths == 0 {
		return "< 0.1 %"
	}
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

func when(t time.Time) string { return t.In(time.Local).Format("2 Jan 2006, 15:04:05") }

func ago(t, now time.Time) string { return roundDuration(now.Sub(t)) + " ago" }

// roundDuration keeps two units: 3 d 4 h, 2 min 5 s, 0.4 s.
func roundDuration(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 10*time.Second:
		return strconv.FormatFloat(float64(d.Round(100*time.Millisecond))/float64(time.Second), 'f', -1, 64) + " s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
