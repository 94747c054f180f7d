// This is the first program of the README: it is here so that it compiles, and a test runs it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"slices"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// No document lists the statuses. Put in those of your account: outgoing doctor shows them.
var arrived = map[string]bool{"DELIVERED": true, "UNDELIVERED": false, "EXPIRED": false, "CANCELLED": false, "REJECTED": false}

func main() {
	// For the real gateway: your token, and no WithBaseURL, or outgoing.SandboxURL for the test system.
	client, err := outgoing.New("any-token", outgoing.WithBaseURL("http://127.0.0.1:8080/rest"))
	if err != nil {
		log.Fatal(err)
	}
	var ids []int64 // any number; 50 go in a request
	for in := bufio.NewReader(os.Stdin); ; {
		var id int64
		if _, err := fmt.Fscan(in, &id); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		ids = append(ids, id)
	}

	result, err := client.GetByIDs(context.Background(), ids)
	table := map[string]int{}
	for _, m := range result.Messages {
		what := "still under way"
		if yes, known := arrived[m.StatusCode]; yes {
			what = "arrived"
		} else if known {
			what = "not arrived"
		}
		table[what+", "+m.StatusCode]++
	}
	if n := len(result.Missing); n > 0 {
		table["unknown to the gateway"] = n
	}
	for _, what := range slices.Sorted(maps.Keys(table)) {
		fmt.Printf("%8d %s\n", table[what], what)
	}
	if err != nil { // it names the IDs to ask for again; what was answered is in the table all the same
		log.Fatal(err)
	}
}
