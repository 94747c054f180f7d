package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// metrics is what /metrics shows of this process, and of the tables. How many messages have which status is on the page: to
// count them all every few seconds would cost too much.
type metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.CounterVec
	limiterWait prometheus.Histogram
	callbacks   prometheus.Counter
}

func newMetrics(s *store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fleet_gateway_requests_total", Help: "HTTP attempts, by what they asked and the status of the answer; 0 without one.",
		}, []string{"method", "path", "status"}),
		limiterWait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "fleet_limiter_wait_seconds", Help: "How long requests waited for their turn.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10),
		}),
		callbacks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fleet_callback_messages_total", Help: "Messages that callbacks hinted at.",
		}),
	}
	count := func(name, help, query string) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			var n float64
			if err := s.queryRow(ctx, s.db, query).Scan(&n); err != nil {
				return -1
			}
			return n
		})
	}
	m.registry.MustRegister(m.requests, m.limiterWait, m.callbacks, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		count("fleet_messages_due", "Messages whose look is due; -1 if the database does not answer.",
			`SELECT COUNT(*) FROM message WHERE next_look <= {now}`),
		count("fleet_cancellations_open", "Cancellations without an outcome; -1 if the database does not answer.",
			`SELECT COUNT(*) FROM cancellation WHERE outcome = ''`))
	return m
}

// transport counts the attempts that pass through it.
func (m *metrics) transport(next http.RoundTripper) http.RoundTripper {
	return counting{m.requests, next}
}

type counting struct {
	requests *prometheus.CounterVec
	http.RoundTripper
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(r)
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	if attempt, ok := outgoing.AttemptFrom(r.Context()); ok {
		c.requests.WithLabelValues(attempt.Method, attempt.Path, strconv.Itoa(status)).Inc()
	}
	return response, err
}

// CloseIdleConnections lets the Client drop connections that have died.
func (c counting) CloseIdleConnections() {
	if closer, ok := c.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
