package outgoingtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// callOff is a function of the service that is under test: it takes reminders back, and says of which it cannot be sure.
func callOff(ctx context.Context, client *outgoing.Client, reminders []int64) (unsure []int64, err error) {
	result, err := client.CancelScheduled(ctx, reminders)
	return result.IDs(outgoing.Unknown), err
}

func Example() {
	gateway := outgoingtest.NewGateway()
	reminders := gateway.Add(
		outgoing.Message{Recipient: "+48999000001", StatusCode: outgoing.StatusScheduled},
		outgoing.Message{Recipient: "+48999000002", StatusCode: outgoing.StatusScheduled},
	)

	unsure, err := callOff(context.Background(), gateway.Client(), reminders)

	fmt.Println(unsure, err)
	for _, id := range reminders {
		message, _ := gateway.Message(id)
		fmt.Println(id, message.StatusCode)
	}
	for _, request := range gateway.Requests() {
		fmt.Println(request.Method, request.Path, request.Status)
	}
	// Output:
	// [] <nil>
	// 1 CANCELLED
	// 2 CANCELLED
	// DELETE /rest/messages/1,2 200
}

// The gateway cancels, and its answer is lost: the service must not report that nothing happened.
func ExampleGateway_Inject() {
	gateway := outgoingtest.NewGateway()
	reminders := gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})
	gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})

	// A second attempt would find the message cancelled already, which the gateway answers as it answers for one that was
	// sent. One attempt is enough to see what the service makes of a lost answer.
	client := gateway.Client(outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
	unsure, err := callOff(context.Background(), client, reminders)

	fmt.Println(unsure, err != nil)
	// Output: [1] true
}

// A message arrives between two pages of the history.
func ExampleFault_before() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(120)...)
	gateway.Inject(outgoingtest.Fault{
		Match:  func(r *http.Request) bool { return r.URL.Query().Get("page") == "2" },
		Before: func(g *outgoingtest.Gateway) { g.Add(outgoing.Message{StatusCode: "QUEUED"}) },
	})

	count := 0
	for _, err := range gateway.Client().All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		count++
	}
	fmt.Println(count)
	// Output: 120
}

// Code that dials, in this process or another, in Go or not, reaches the gateway through an ordinary server.
func ExampleNewGateway_server() {
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken("secret"))
	gateway.Add(outgoingtest.SampleMessages(25)...)
	server := httptest.NewServer(gateway)
	defer server.Close()

	client, err := outgoing.New("secret", outgoing.WithBaseURL(server.URL+"/rest"), outgoing.WithHTTPClient(server.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := client.List(context.Background(), outgoing.PageRequest{Page: 3})
	fmt.Println(len(page.Messages), *page.TotalResults, err)
	// Output: 5 25 <nil>
}
