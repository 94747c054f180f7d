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
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, ".", os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // run has cleaned up
	}
}

func run(ctx context.Context, root string, args []string, stdout io.Writer) error {
	repository, err := contract.Open(root)
	if err != nil {
		return err
	}
	switch {
	case len(args) > 0 && len(args) < 3 && args[0] == "generate":
		out := filepath.Join(root, filepath.FromSlash(contract.GeneratedFile))
		if len(args) == 2 {
			out = args[1]
		}
		return repository.Generate(ctx, out)
	case len(args) == 2 && args[0] == "take":
		report, err := repository.TakeIn(ctx, args[1])
		_, failed := io.WriteString(stdout, report)
		return errors.Join(err, failed)
	case len(args) == 2 && args[0] == "drift":
		report, err := repository.Compare(args[1])
		_, failed := io.WriteString(stdout, report)
		return errors.Join(err, failed)
	}
	return errors.New("usage: generate [FILE] | take SPEC | drift SPEC")
}
