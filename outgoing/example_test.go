package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The examples talk to the gateway double; against the real one, make the client with outgoing.New.

func Example() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(120)...)
	client := gateway.Client() // outgoing.New(os.Getenv("GATEWAY_API_BEARER")) for the real one
	ctx := context.Background()

	result, err := client.GetByIDs(ctx, append(ids, 999999999))
	if err != nil {
		fmt.Println(err) // and still use what was answered
	}
	fmt.Println(len(result.Messages), "found, missing:", result.Missing, "- in", result.Requests, "requests")
	fmt.Println(result.Messages[0].ID, result.Messages[0].StatusCode, result.Messages[0].Price, "PLN")
	// Output:
	// 120 found, missing: [999999999] - in 3 requests
	// 43456 DELIVERED 0.16 PLN
}

func ExampleNew() {
	client, err := outgoing.New("token-of-your-account",
		outgoing.WithBaseURL(outgoing.SandboxURL),
		outgoing.WithConcurrency(8),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: 6, MaxElapsed: 10 * time.Minute}))
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.GetByIDs(context.Background(), nil) // no IDs, no request
	fmt.Println(len(result.Messages), "messages, error:", err)
	// Output:
	// 0 messages, error: <nil>
}

// A date is nil until there is one.
func ExampleMessage() {
	gateway := outgoingtest.NewGateway()
	sent := time.Date(2024, 6, 1, 16, 22, 5, 0, time.UTC)
	ids := gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled}, outgoing.Message{StatusCode: "SENT", SentDate: &sent})
	result, err := gateway.Client().GetByIDs(context.Background(), ids)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range result.Messages {
		if m.SentDate == nil {
			fmt.Println(m.ID, m.StatusCode, "not sent yet")
			continue
		}
		fmt.Println(m.ID, m.StatusCode, m.SentDate.Format(time.DateTime))
	}
	// Output:
	// 1 SCHEDULED not sent yet
	// 2 SENT 2024-06-01 16:22:05
}

func ExampleClient_GetByIDs() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(3)...)
	client := gateway.Client()

	result, err := client.GetByIDs(context.Background(), []int64{ids[2], ids[0], ids[2], 7})
	for _, m := range result.Messages {
		fmt.Println(m.ID, m.StatusCode)
	}
	fmt.Println("missing:", result.Missing, "error:", err)
	// Output:
	// 43458 SENT
	// 43456 DELIVERED
	// missing: [7] error: <nil>
}

// A request that fails costs no other one: what was answered is in the result, and the error names the rest.
func ExampleClient_GetByIDs_partial() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(120)...)
	gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(ids[60]), Status: http.StatusNotImplemented})
	client := gateway.Client()

	result, err := client.GetByIDs(context.Background(), ids)
	fmt.Println("found:", len(result.Messages))

	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		fmt.Println("to ask for again:", len(batch.IDs()))
		for _, failure := range batch.Failures {
			fmt.Println(len(failure.IDs), "IDs:", errors.Is(failure.Err, outgoing.ErrServer))
		}
	}
	// Output:
	// found: 70
	// to ask for again: 50
	// 50 IDs: true
}

func ExampleClient_StreamByIDs() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(1000)...)
	client := gateway.Client()

	delivered := 0
	for result, err := range client.StreamByIDs(context.Background(), slices.Values(ids)) {
		if err != nil {
			fmt.Println(err) // names the IDs of this part; the stream goes on
		}
		for _, m := range result.Messages {
			if m.StatusCode == "DELIVERED" {
				delivered++
			}
		}
	}
	fmt.Println(delivered, "delivered")
	// Output:
	// 607 delivered
}

// Each ID ends in one of four states. Here the gateway leaves one ID out of its answer, and refuses the second request.
func ExampleClient_CancelScheduled() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoing.Message{StatusCode: "SENT"})
	for range outgoing.MaxIDs {
		ids = append(ids, gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})...)
	}
	gateway.Inject(
		outgoingtest.Fault{Method: http.MethodDelete, Match: outgoingtest.HasID(ids[1]), Omit: ids[1:2]},
		outgoingtest.Fault{Method: http.MethodDelete, Match: outgoingtest.HasID(ids[50]), Status: http.StatusForbidden})

	result, err := gateway.Client(outgoing.WithConcurrency(1)).CancelScheduled(context.Background(), ids)
	fmt.Println("will not go out:", len(result.IDs(outgoing.Cancelled)))
	fmt.Println("too late:", result.IDs(outgoing.Rejected))
	fmt.Println("untouched, cancel again:", result.IDs(outgoing.NotSent))
	fmt.Println("cannot be known, look again:", result.IDs(outgoing.Unknown))
	fmt.Println("forbidden:", errors.Is(err, outgoing.ErrForbidden))
	// Output:
	// will not go out: 48
	// too late: [1]
	// untouched, cancel again: [51]
	// cannot be known, look again: [2]
	// forbidden: true
}

// The connection breaks after the gateway did its work. No one can know that from here, and the library does not pretend to.
func ExampleClient_CancelScheduled_unknown() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoing.Message{Recipient: "+48999999991", StatusCode: outgoing.StatusScheduled})
	gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, AfterWork: true, Drop: true})
	client := gateway.Client(outgoing.WithRetry(outgoing.Retry{InitialInterval: time.Millisecond}))

	result, err := client.CancelScheduled(context.Background(), ids)
	o := result.Outcomes[0]
	fmt.Println(o.State, "- the gateway's last word:", o.Status, "- read back as:", o.Message.StatusCode)
	fmt.Println("error:", err != nil, "- unknown:", result.IDs(outgoing.Unknown))
	// Output:
	// unknown - the gateway's last word: 400 - read back as: CANCELLED
	// error: true - unknown: [1]
}

func ExampleClient_List() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(120)...)
	client := gateway.Client()

	page, err := client.List(context.Background(), outgoing.PageRequest{Page: 2, Limit: 50})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(page.Messages), "messages, page", *page.CurrentPage, "of", *page.TotalPages)
	fmt.Println("next:", page.Links.Next)
	// Output:
	// 50 messages, page 2 of 3
	// next: https://gateway.test/rest/messages?page=3&limit=50
}

func ExampleClient_All() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(120)...)
	// A message arrives while the history is read, and moves every page.
	gateway.Inject(outgoingtest.Fault{
		Match:  func(r *http.Request) bool { return r.URL.Query().Get("page") == "2" },
		Before: func(g *outgoingtest.Gateway) { g.Add(outgoing.Message{StatusCode: "QUEUED"}) },
	})
	client := gateway.Client()

	n := 0
	for m, err := range client.All(context.Background()) {
		if err != nil {
			fmt.Println(m.ID, err) // a row that could not be read, or the end of the walk
			continue
		}
		n++
	}
	fmt.Println(n, "messages, each once")
	// Output:
	// 120 messages, each once
}

// What went wrong, and what to do about it.
func ExampleAPIError() {
	gateway := outgoingtest.NewGateway()
	gateway.Inject(outgoingtest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "3600"})
	client := gateway.Client()

	_, err := client.List(context.Background(), outgoing.PageRequest{})
	switch apiErr, ok := errors.AsType[*outgoing.APIError](err); {
	case errors.Is(err, outgoing.ErrUnauthorized):
		fmt.Println("renew the token")
	case errors.Is(err, outgoing.ErrRateLimited):
		fmt.Println("come back in", apiErr.RetryAfter)
	case ok:
		fmt.Println(apiErr.StatusCode, apiErr.Problem.Code, apiErr.Problem.Detail)
	case err != nil:
		fmt.Println("no answer:", err)
	}
	// Output:
	// come back in 1h0m0s
}

func ExampleWithLogger() {
	gateway := outgoingtest.NewGateway()
	gateway.Inject(outgoingtest.Fault{Status: http.StatusNotFound})
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	client := gateway.Client(outgoing.WithLogger(logger))

	result, _ := client.GetByIDs(context.Background(), []int64{43456})
	fmt.Println("missing:", result.Missing)
	// Output:
	// level=WARN msg="the gateway knows none of the IDs; with a wrong base URL it looks the same" method=GET path=/messages/{ids} ids=1
	// missing: [43456]
}

// The Transport of your http.Client is the place for tracing and metrics: otelhttp.NewTransport(http.DefaultTransport), say.
func ExampleWithHTTPClient() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(120)...)
	counting := &counter{next: gateway.Transport()}

	client, err := outgoing.New("a-token",
		outgoing.WithHTTPClient(&http.Client{Transport: counting}))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.List(context.Background(), outgoing.PageRequest{})
	fmt.Println(counting.requests, "request,", err)
	// Output:
	// 1 request, <nil>
}

type counter struct {
	next     http.RoundTripper
	requests int
}

func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.requests++
	return c.next.RoundTrip(req)
}

// The token is cached, and read anew when the attempt before may have been refused. So the request that meets a 401 after a
// rotation is sent again with the new token.
func ExampleWithTokenSource() {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("token-of-this-hour"))
	read := func() string { return "token-of-this-hour" } // from your secret store
	cached := "token-of-the-last-hour"
	var mu sync.Mutex
	source := func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if attempt, _ := outgoing.AttemptFrom(ctx); attempt.Number > 1 {
			cached = read()
		}
		return cached, nil
	}

	client := gateway.Client(outgoing.WithTokenSource(source))
	_, err := client.List(context.Background(), outgoing.PageRequest{})
	fmt.Println(len(gateway.Requests()), "requests, error:", err)
	// Output:
	// 2 requests, error: <nil>
}

// A limit of 50 requests a second for all clients of this process.
func ExampleWithLimiter() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(200)...)
	limiter := rate.NewLimiter(50, 1)

	client := gateway.Client(outgoing.WithLimiter(limiter))
	start := time.Now()
	result, err := client.GetByIDs(context.Background(), ids)
	fmt.Println(result.Requests, "requests, error:", err)
	fmt.Println("took 60ms or more:", time.Since(start) >= 55*time.Millisecond)
	// Output:
	// 4 requests, error: <nil>
	// took 60ms or more: true
}

// The gateway says when to come back, if it does.
func ExampleRetryAfter() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoingtest.SampleMessages(3)...)
	gateway.Inject(outgoingtest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"})
	client := gateway.Client(outgoing.WithRetry(outgoing.Retry{MaxElapsed: time.Millisecond})) // fail fast
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	for {
		result, err := client.GetByIDs(ctx, ids)
		wait, ok := outgoing.RetryAfter(err)
		if !ok {
			fmt.Println(len(result.Messages), "messages, error:", err)
			return
		}
		fmt.Println("come back in", wait.Round(time.Second))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
	// Output:
	// come back in 1s
	// 3 messages, error: <nil>
}
