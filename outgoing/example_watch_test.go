package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// Did they arrive? Until is true for every last status, also for the bad ones. No document lists them: take those
// that you have seen on your account.
func ExampleClient_Watch() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoing.Message{StatusCode: "DELIVERED"}, outgoing.Message{StatusCode: "QUEUED"}, outgoing.Message{StatusCode: "SENT"})
	client := gateway.Client()

	ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour) // or the watch may never end
	defer cancel()
	for m, err := range client.Watch(ctx, outgoing.WatchRequest{
		IDs: ids,
		Until: func(m outgoing.Message) bool {
			return slices.Contains([]string{"DELIVERED", "UNDELIVERED"}, m.StatusCode)
		},
		InitialInterval: time.Millisecond, // leave this out
	}) {
		if err != nil {
			fmt.Println(m.ID, err)
			continue
		}
		fmt.Println(m.ID, m.StatusCode) // store it

		next := map[string]string{"QUEUED": "SENT", "SENT": "UNDELIVERED"} // the gateway of the example moves on
		if m.StatusCode = next[m.StatusCode]; m.StatusCode != "" {
			gateway.Add(m)
		}
	}
	// Output:
	// 1 DELIVERED
	// 2 QUEUED
	// 3 SENT
	// 2 SENT
	// 3 UNDELIVERED
	// 2 UNDELIVERED
}

// What the errors of a watch mean. None of them but the last one, of a loop that ends early, loses an ID.
func ExampleClient_Watch_errors() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "DELIVERED"}, outgoing.Message{ID: 2, StatusCode: "SENT"})
	gateway.Inject(outgoingtest.Fault{Status: 502})
	client := gateway.Client()

	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	var left []int64
	for m, err := range client.Watch(ctx, outgoing.WatchRequest{
		IDs:             []int64{1, 2, 999},
		Until:           func(m outgoing.Message) bool { return m.StatusCode == "DELIVERED" },
		InitialInterval: time.Millisecond,
	}) {
		batch, _ := errors.AsType[*outgoing.BatchError](err)
		switch {
		case err == nil:
			fmt.Println(m.ID, m.StatusCode)
		case m.ID != 0 && errors.Is(err, outgoing.ErrNotFound):
			fmt.Println(m.ID, "does not exist")
		case m.ID != 0:
			fmt.Println(m.ID, "cannot be looked up:", err)
		case ctx.Err() == nil && batch != nil && !errors.Is(err, outgoing.ErrUnauthorized) && !errors.Is(err, outgoing.ErrForbidden):
			fmt.Println("a request failed, and the watch goes on:", errors.Is(err, outgoing.ErrServer))
		case batch != nil:
			left = batch.IDs() // for the next watch
		default:
			fmt.Println(err) // a bad argument
		}
	}
	fmt.Println("left:", left)
	// Output:
	// a request failed, and the watch goes on: true
	// 1 DELIVERED
	// 2 SENT
	// 999 does not exist
	// left: [2]
}
