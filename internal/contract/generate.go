package contract

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// TakeIn takes the document in the file spec into the contract and gen/, or changes nothing if a step fails. The report has
// lines that say what the document changes, also if it is not taken in.
func (r *Repository) TakeIn(ctx context.Context, spec string) (report string, err error) {
	text, err := os.ReadFile(spec) //nolint:gosec // the file that the user names
	if err != nil {
		return "", err
	}
	taken, err := r.Take(text)
	var b strings.Builder
	for _, line := range slices.Concat(taken.Notes, taken.Changes) {
		b.WriteString(line + "\n")
	}
	var code []byte
	if err == nil {
		code, err = r.Compile(ctx, taken)
	}
	if err != nil {
		return b.String(), fmt.Errorf("%s was not taken in, and nothing was changed: %w", spec, err)
	}
	changed, err := Install(r.root, map[string][]byte{VendorFile: taken.Vendor, ContractFile: taken.Contract, GeneratedFile: code})
	if err != nil {
		return b.String(), err
	}
	slices.Sort(changed)
	fmt.Fprintf(&b, "%s was taken in; files that changed: %s\n", spec, cmp.Or(strings.Join(changed, ", "), "none"))
	if len(taken.Changes) > 0 {
		fmt.Fprintf(&b, "make verify fails until the code follows what changed above, and %s states it\n", FactsFile)
	}
	return b.String(), nil
}

// Compile returns what the generator makes of a document, if all packages compile with it. It changes no file.
func (r *Repository) Compile(ctx context.Context, taken Taken) ([]byte, error) {
	code, err := r.generate(ctx, taken.ForGo)
	if err != nil {
		return nil, err
	}
	return code, r.build(ctx, code)
}

// Generate writes what the generator makes of the contract as it is.
func (r *Repository) Generate(ctx context.Context, out string) error {
	forGo, err := ForGo(r.contract, r.overlay)
	if err != nil {
		return err
	}
	document, err := forGo.YAML()
	if err != nil {
		return err
	}
	code, err := r.generate(ctx, document)
	if err != nil {
		return err
	}
	return os.WriteFile(out, code, 0o644) //nolint:gosec // source code, which anyone may read
}

// generate runs the generator, whose version is in go.mod.
func (r *Repository) generate(ctx context.Context, document []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "contract-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	in, out := filepath.Join(dir, "openapi.yaml"), filepath.Join(dir, "out.go")
	if err := os.WriteFile(in, document, 0o600); err != nil {
		return nil, err
	}
	if err := r.goTool(ctx, "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen",
		"-config", ConfigFile, "-o", out, in); err != nil {
		return nil, fmt.Errorf("the generator failed: %w", err)
	}
	return os.ReadFile(out) //nolint:gosec // written above
}

// build compiles all packages as if code were in the repository: the go command takes it from a temporary directory.
func (r *Repository) build(ctx context.Context, code []byte) error {
	dir, err := os.MkdirTemp("", "contract-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	place, err := filepath.Abs(filepath.Join(r.root, filepath.FromSlash(GeneratedFile)))
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
	if err := r.goTool(ctx, "build", "-overlay", overlay, "./..."); err != nil {
		return fmt.Errorf("the code does not compile with it: %w", err)
	}
	return nil
}

func (r *Repository) goTool(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are ours
	cmd.Dir = r.root
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}
