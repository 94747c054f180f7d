// Command cmd is what the targets of the Makefile use on the contract. Its working directory is the root of the repository.
//
//	generate [FILE]   write what the generator makes of the contract to FILE, or gen/outgoing.gen.go
//	take SPEC         take a document of the vendor in: the contract and gen/, or nothing if one step fails
//	drift SPEC        compare a document of the vendor with the one last taken in; fail unless all changes are harmless
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, args := "", slices.Concat(os.Args[1:], []string{contract.GeneratedFile}) // the default
	repository, err := contract.Open(".")
	switch {
	case err != nil:
	case args[0] == "generate" && len(args) < 4:
		err = repository.Generate(ctx, args[1])
	case args[0] == "take" && len(args) == 3:
		report, err = repository.TakeIn(ctx, args[1])
	case args[0] == "drift" && len(args) == 3:
		_, report, err = repository.Compare(args[1])
	default:
		err = errors.New("usage: generate [FILE] | take SPEC | drift SPEC")
	}
	fmt.Print(report)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // everything has cleaned up
	}
}
