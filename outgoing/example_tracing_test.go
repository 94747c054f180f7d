package outgoing_test

import (
	"context"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// tracer is a RoundTripper that logs a span for each attempt, and counts attempts by template and status. The path of a
// request has up to 50 IDs in it: too many names for spans, and too many labels for a metric.
type tracer struct {
	next     http.RoundTripper
	spans    *slog.Logger
	requests *expvar.Map
}

func (t *tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	name := req.Method // of a request that is not the library's
	attempt, ok := outgoing.AttemptFrom(req.Context())
	if ok {
		name = attempt.Method + " " + attempt.Path
	}
	start := time.Now()
	res, err := t.next.RoundTrip(req)
	status := "no answer"
	if err == nil {
		status = strconv.Itoa(res.StatusCode)
	}
	t.spans.InfoContext(req.Context(), name, "attempt", attempt.Number, "ids", attempt.IDCount, "status", status, "took", time.Since(start))
	t.requests.Add(name+" "+status, 1)
	return res, err
}

// Spans and metrics with the standard library. With OpenTelemetry it is the span name formatter that asks AttemptFrom:
//
//	otelhttp.NewTransport(base, otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
//		if attempt, ok := outgoing.AttemptFrom(r.Context()); ok {
//			return attempt.Method + " " + attempt.Path // "GET /messages/{ids}"
//		}
//		return r.Method
//	}))
func ExampleAttemptFrom() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(60)...)
	gateway.Inject(outgoingtest.Fault{Status: http.StatusServiceUnavailable})
	requests := new(expvar.Map) // expvar.NewMap("gateway_requests") publishes it on /debug/vars
	spans := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTimes}))

	client, err := outgoing.New("a-token",
		outgoing.WithHTTPClient(&http.Client{Transport: &tracer{gateway.Transport(), spans, requests}}),
		outgoing.WithRetry(outgoing.Retry{InitialInterval: time.Millisecond}),
		outgoing.WithConcurrency(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.GetByIDs(context.Background(), ids)
	fmt.Println("error:", err)
	_, err = client.List(context.Background(), outgoing.PageRequest{})
	fmt.Println("error:", err)
	fmt.Println(requests)
	// Output:
	// level=INFO msg="GET /messages/{ids}" attempt=1 ids=50 status=503
	// level=INFO msg="GET /messages/{ids}" attempt=2 ids=50 status=200
	// level=INFO msg="GET /messages/{ids}" attempt=1 ids=10 status=200
	// error: <nil>
	// level=INFO msg="GET /messages" attempt=1 ids=0 status=200
	// error: <nil>
	// {"GET /messages 200": 1, "GET /messages/{ids} 200": 2, "GET /messages/{ids} 503": 1}
}

// withoutTimes leaves out what is different each time.
func withoutTimes(groups []string, a slog.Attr) slog.Attr {
	if a.Key == "took" {
		return slog.Attr{}
	}
	return withoutTime(groups, a)
}
