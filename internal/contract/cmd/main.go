// Command cmd is what the targets of the Makefile use on the contract. Its working directory is the root of the repository.
//
//	generate [FILE]   write what the generator makes of the contract to FILE, or gen/outgoing.gen.go
//	take SPEC         take a document of the vendor in: the contract and gen/, or nothing if one step fails
//	reduce SPEC       print our operations of a document of the vendor, and what they refer to
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

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
		forGo, err := repository.ForGo()
		if err != nil {
			return err
		}
		code, err := generate(ctx, root, forGo)
		if err != nil {
			return err
		}
		return os.WriteFile(out, code, 0o644) //nolint:gosec // source code, which anyone may read
	case len(args) == 2 && args[0] == "take":
		return take(ctx, root, repository, args[1], stdout)
	case len(args) == 2 && args[0] == "reduce":
		text, err := repository.Reduce(args[1])
		if err != nil {
			return err
		}
		_, err = stdout.Write(text)
		return err
	}
	return errors.New("usage: generate [FILE] | take SPEC | reduce SPEC")
}

// take prints what the document changes, also if it cannot be taken in.
func take(ctx context.Context, root string, repository *contract.Repository, spec string, stdout io.Writer) error {
	text, err := os.ReadFile(spec) //nolint:gosec // the file that the user names
	if err != nil {
		return err
	}
	taken, err := repository.Take(text)
	for _, line := range slices.Concat(taken.Notes, taken.Changes) {
		fmt.Fprintln(stdout, line)
	}
	var code []byte
	if err == nil {
		code, err = generate(ctx, root, taken.ForGo)
	}
	if err == nil {
		err = build(ctx, root, code)
	}
	if err != nil {
		return fmt.Errorf("%s was not taken in, and nothing was changed: %w", spec, err)
	}
	changed, err := contract.Install(root, map[string][]byte{
		contract.VendorFile: taken.Vendor, contract.ContractFile: taken.Contract, contract.GeneratedFile: code,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s was taken in; files that changed: %v\n", spec, changed)
	if len(taken.Changes) > 0 {
		fmt.Fprintf(stdout, "make verify fails until the code follows the %d changes above and %s states them\n",
			len(taken.Changes), contract.FactsFile)
	}
	return nil
}

// generate runs the generator, whose version is in go.mod.
func generate(ctx context.Context, root string, document []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "contract")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	in, out := filepath.Join(dir, "openapi.yaml"), filepath.Join(dir, "out.go")
	if err := os.WriteFile(in, document, 0o600); err != nil {
		return nil, err
	}
	if err := goTool(ctx, root, "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen",
		"-config", contract.ConfigFile, "-o", out, in); err != nil {
		return nil, fmt.Errorf("the generator failed: %w", err)
	}
	return os.ReadFile(out) //nolint:gosec // written above
}

// build compiles all packages as if code were in the repository.
func build(ctx context.Context, root string, code []byte) error {
	dir, err := os.MkdirTemp("", "contract")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	place, err := filepath.Abs(filepath.Join(root, filepath.FromSlash(contract.GeneratedFile)))
	if err != nil {
		return err
	}
	instead, overlay := filepath.Join(dir, "out.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {place: instead}})
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(instead, code, 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return err
	}
	if err := goTool(ctx, root, "build", "-overlay", overlay, "./..."); err != nil {
		return fmt.Errorf("the code does not compile with it: %w", err)
	}
	return nil
}

func goTool(ctx context.Context, root string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}
