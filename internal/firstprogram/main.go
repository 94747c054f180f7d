// This is the first program of the README: it is here so that it compiles, and a test runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func main() {
	// For the real gateway: your token, and no WithBaseURL, or outgoing.SandboxURL for the test system.
	client, err := outgoing.New("any-token", outgoing.WithBaseURL("http://127.0.0.1:8080/rest"))
	if err != nil {
		log.Fatal(err)
	}
	ids := []int64{43456, 43457, 43458, 7} // any number of IDs; 50 go in a request
	result, err := client.GetByIDs(context.Background(), ids)
	for _, m := range result.Messages {
		fmt.Println(m.ID, m.StatusCode, m.Price)
	}
	fmt.Println("not found:", result.Missing)
	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		fmt.Println("ask again for:", batch.IDs(), "because:", err) // what was answered is in the result all the same
	} else if err != nil {
		log.Fatal(err)
	}
}
