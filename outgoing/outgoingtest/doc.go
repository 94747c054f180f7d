// Package outgoingtest is the gateway in memory, for tests of code that uses package outgoing.
//
// It behaves as the gateway's contract says, and where the contract says nothing it does what seems likely: that the history
// is ordered by when messages were added, that unknown IDs are a 200 with an empty list, and that a page after the last one
// is empty are guesses. It holds messages, can be told to fail, and remembers what it was asked:
//
//	gateway := outgoingtest.NewGateway()
//	ids := gateway.Add(outgoing.Message{Recipient: "+48999999999", StatusCode: outgoing.StatusScheduled})
//	gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
//
//	err := shop.CloseOrder(ctx, gateway.Client(), ids) // your code, with a real *outgoing.Client
//
//	for _, request := range gateway.Requests() { ... }
//
// Nothing needs to be closed, and nothing is shared between two gateways, so each test can have its own.
//
// # Messages
//
// [Gateway.Add] puts messages into the history, [Gateway.Remove] takes them out, and [Gateway.Message] shows what has
// become of one. The gateway changes a message only when it cancels one: its status is "CANCELLED" from then on.
// That word is invented, since no document says what the gateway calls a cancelled message.
// [SampleMessages] makes believable ones, by the thousand if need be.
//
// # Status changes
//
// The status of a message changes when [Gateway.Add] is given the message again, with the same ID. So a test of code that
// watches messages changes them while time goes by, in a testing/synctest bubble:
//
//	synctest.Test(t, func(t *testing.T) {
//		gateway := outgoingtest.NewGateway()
//		id := gateway.Add(outgoing.Message{StatusCode: "QUEUED"})[0]
//		time.AfterFunc(time.Minute, func() {
//			gateway.Add(outgoing.Message{ID: id, StatusCode: "DELIVERED"})
//		})
//
//		arrived, err := waitForAll(t.Context(), gateway.Client(), []int64{id}) // your code, with Client.Watch
//		...
//	})
//
// [Gateway.Notify] is the other way to hear about a change: it sends callbacks to a handler, such as that of package
// callback, as the gateway does. [Gateway.Update] changes a message while clients may cancel it.
//
// # Faults
//
// [Gateway.Inject] makes coming requests fail, each in the way that one [Fault] says: with a status, late, with half a
// body, without a row, or with no answer at all. What matters most about a failed cancel is whether it took effect:
// AfterWork decides that.
//
// # Time
//
// [Gateway.Client] and [Gateway.Transport] use no network and start no goroutine. Inside a testing/synctest bubble the
// waits between attempts, delays and latencies therefore take no time, and a test of a minute-long outage ends at once.
//
// # Over a port
//
// A Gateway is an http.Handler, so httptest.NewServer(gateway) serves code that has to dial, in any language. Paths may
// begin with /rest (production) or /rest-sandbox (the test system), as those of the real gateway do, or with neither.
package outgoingtest
