// Command firstprogram is the program in the README.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func main() {
	// The gateway that "outgoing serve" puts on this port. Without WithBaseURL it is the real one, which needs your token.
	client, err := outgoing.New("any-token", outgoing.WithBaseURL("http://127.0.0.1:8080/rest"))
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.GetByIDs(context.Background(), []int64{43456, 43463, 99999}) // any number, in this order
	for _, m := range result.Messages {
		fmt.Println(m.ID, m.StatusCode)
	}
	for _, id := range result.Missing {
		fmt.Println(id, "is unknown to the gateway")
	}
	if err != nil { // a request failed: err names its IDs and the reason; the rest of result is good
		log.Fatal(err)
	}
}
