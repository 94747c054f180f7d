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
	"strings"
)

// Compare reports what the document in the file spec changes of the one last taken in. It is an error if not all is harmless, or
// the document does not fit.
func (r *Repository) Compare(spec string) (report string, err error) {
	taken, report, err := r.read(spec)
	if err == nil && len(taken.Changes) > 0 && taken.Changes[0].Level != Harmless {
		err = fmt.Errorf("%s has changes that are not harmless", spec)
	}
	return report, err
}

// TakeIn takes the document in the file spec into the contract and gen/, or changes nothing if a step fails. It reports what
// Compare does, also if the document is not taken in.
func (r *Repository) TakeIn(ctx context.Context, spec string) (report string, err error) {
	var code []byte
	var changed []string
	taken, report, err := r.read(spec)
	if err == nil {
		code, err = r.Compile(ctx, taken.ForGo, true)
	}
	if err != nil {
		return report, fmt.Errorf("%s was not taken in, and nothing was changed: %w", spec, err)
	}
	changed, err = Install(r.root, map[string][]byte{VendorFile: taken.Vendor, ContractFile: taken.Contract, GeneratedFile: code})
	if err == nil {
		report += fmt.Sprintf("%s was taken in; files that changed: %s\n", spec, cmp.Or(strings.Join(changed, ", "), "none"))
	}
	return report, err
}

func (r *Repository) read(spec string) (taken Taken, report string, err error) {
	text, err := os.ReadFile(spec) //nolint:gosec // the file that the user names
	if err != nil {
		return taken, "", err
	}
	if taken, err = r.Take(text); err != nil {
		err = fmt.Errorf("%s: %w", spec, err)
	}
	for _, change := range taken.Changes {
		report += change.Level + ": " + change.Text + "\n"
	}
	if err == nil && report == "" {
		report = fmt.Sprintf("%s states the same as %s\n", spec, VendorFile)
	}
	return taken, report, err
}

// Generate writes what the generator makes of the contract as it is.
func (r *Repository) Generate(ctx context.Context, out string) error {
	text, err := ForGo(r.Contract, r.overlay, r.types)
	if err != nil {
		return err
	}
	code, err := r.Compile(ctx, text, false)
	if err != nil {
		return err
	}
	return os.WriteFile(out, code, 0o644) //nolint:gosec // source code, which anyone may read
}

// Compile returns what the generator makes of a document. If asked to build, it compiles all packages as if that were in the
// repository: the go command takes it from a temporary directory. It changes no file.
func (r *Repository) Compile(ctx context.Context, document []byte, build bool) (code []byte, err error) {
	dir, err := os.MkdirTemp("", "contract-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	in, out, overlay := filepath.Join(dir, "openapi.yaml"), filepath.Join(dir, "out.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.FromSlash(GeneratedFile): out}})
	if err := errors.Join(err, os.WriteFile(in, document, 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return nil, err
	}
	run := func(problem string, args ...string) {
		cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are ours
		cmd.Dir = r.root
		if output, failed := cmd.CombinedOutput(); failed != nil && err == nil {
			err = fmt.Errorf("%s: %w\n%s", problem, failed, output)
		}
	}
	// The version of the generator is in go.mod.
	run("the generator failed", "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen", "-config", ConfigFile, "-o", out, in)
	if build && err == nil {
		run("the code does not compile with it", "build", "-overlay", overlay, "./...")
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(out) //nolint:gosec // written above
}
