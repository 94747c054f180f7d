package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

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
	client, err := outgoing.New("the token of your account",
		outgoing.WithBaseURL(outgoing.SandboxURL),
		outgoing.WithConcurrency(8),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: 6, MaxElapsed: 10 * time.Minute}))
	fmt.Println(client != nil, err)
	// Output:
	// false outgoing: invalid argument: the token has a space, a control character or a non-ASCII character in it
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

func ExampleClient_CancelScheduled() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(
		outgoing.Message{Recipient: "+48999999991", StatusCode: outgoing.StatusScheduled},
		outgoing.Message{Recipient: "+48999999992", StatusCode: "SENT"},
		outgoing.Message{Recipient: "+48999999993", StatusCode: outgoing.StatusScheduled},
	)
	client := gateway.Client()

	result, err := client.CancelScheduled(context.Background(), ids)
	for _, o := range result.Outcomes {
		fmt.Println(o.ID, o.State, o.Status)
	}
	fmt.Println("error:", err)
	// Output:
	// 1 cancelled 204
	// 2 rejected 400
	// 3 cancelled 204
	// error: <nil>
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

func ExampleWithTokenSource() {
	gateway := outgoingtest.NewGateway()
	rotating := func(context.Context) (string, error) { return "token-of-this-hour", nil } // from your secret store, cached

	client := gateway.Client(outgoing.WithTokenSource(rotating))
	_, err := client.List(context.Background(), outgoing.PageRequest{})
	fmt.Println(err)
	// Output:
	// <nil>
}
