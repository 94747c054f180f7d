// Command cmd is what the targets of the Makefile use on the contract. Its working directory is the root of the repository.
//
//	generate FILE   write what the generator makes of the contract
//	take SPEC       take a document of the vendor in: the contract and gen/, or nothing if one step fails
//	drift SPEC      compare a document of the vendor with the one last taken in; fail unless all changes are harmless
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	repository, err := contract.Open(".")
	report, verb := "", ""
	if len(os.Args) == 3 {
		verb = os.Args[1]
	}
	switch {
	case err != nil:
	case verb == "generate":
		err = repository.Generate(ctx, os.Args[2])
	case verb == "take":
		report, err = repository.Update(ctx, os.Args[2])
	case verb == "drift":
		_, report, err = repository.Compare(os.Args[2])
	default:
		err = errors.New("usage: generate FILE | take SPEC | drift SPEC")
	}
	fmt.Print(report)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // everything has cleaned up
	}
}
