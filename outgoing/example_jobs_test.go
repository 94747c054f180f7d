package outgoing_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// A job that runs every night exports what is new since its last run. That rests on the history being newest first and on
// messages keeping their order. By what the gateway orders them is not documented; if it is the time of sending, a scheduled
// message moves when it goes out, so none is taken for a place to stop: it comes again each night until it is sent, and the
// export stores messages by ID. What cannot be read is looked up by ID the next night, like whatever is not final yet.
func ExampleClient_All_newSinceTheLastRun() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(100)...)
	client := gateway.Client()
	ctx := context.Background()
	// In your database, stored in one transaction. More than one ID is remembered, since a message can be deleted.
	exported, seen, lookUp := map[int64]outgoing.Message{}, map[int64]bool{}, map[int64]bool{}

	for range 2 { // two nights
		var fresh []outgoing.Message
		for m, err := range client.All(ctx) {
			if failed, ok := errors.AsType[*outgoing.BatchError](err); ok {
				for _, id := range failed.IDs() {
					lookUp[id] = true // this row cannot be read; the others follow
				}
				continue
			}
			if errors.Is(err, outgoing.ErrIncomplete) {
				fmt.Println(err) // all that could be delivered has come; the counts of some accounts are off for good
				break
			}
			if err != nil {
				fmt.Println(err)
				return // store nothing, so that the next run closes the gap
			}
			if seen[m.ID] {
				break // newest first: what follows was exported by an earlier run
			}
			fresh = append(fresh, m)
		}
		for _, m := range fresh {
			exported[m.ID] = m
			seen[m.ID] = m.StatusCode != outgoing.StatusScheduled
		}
		fmt.Println(len(fresh), "new or still scheduled,", len(exported), "exported")
		gateway.Add(outgoing.Message{StatusCode: "QUEUED"}, outgoing.Message{StatusCode: outgoing.StatusScheduled})
	}
	// Output:
	// 100 new or still scheduled, 100 exported
	// 2 new or still scheduled, 102 exported
}

// An iterator of IDs has no room for an error of its source, so that is kept beside it. There is no data race: StreamByIDs
// runs the iterator in the goroutine of the loop. The stream can also end before its source does: at a 401 or 403, when the
// context is done, at an ID below 1. Its last error then matches ErrNotSent, and no one has asked for the IDs that it did not
// take; so do not drop it.
func ExampleClient_StreamByIDs_sourceThatCanFail() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(1000)...)
	client := gateway.Client()
	ctx := context.Background()
	source := bufio.NewScanner(strings.NewReader("43456\n43457\nnot an ID\n43459\n")) // or the rows of a query

	var sourceErr error
	ids := func(yield func(int64) bool) {
		for source.Scan() {
			id, err := strconv.ParseInt(source.Text(), 10, 64)
			if err != nil {
				sourceErr = err
				return
			}
			if !yield(id) {
				return
			}
		}
		sourceErr = source.Err()
	}
	var failed error
	for result, err := range client.StreamByIDs(ctx, ids) {
		for _, m := range result.Messages {
			fmt.Println(m.ID, m.StatusCode)
		}
		if err != nil {
			failed = err // of the IDs it names, and the loop goes on; the last one also says if the stream ended early
		}
	}
	fmt.Println("complete:", errors.Join(sourceErr, failed) == nil)
	fmt.Println(sourceErr)
	// Output:
	// 43456 DELIVERED
	// 43457 DELIVERED
	// complete: false
	// strconv.ParseInt: parsing "not an ID": invalid syntax
}
