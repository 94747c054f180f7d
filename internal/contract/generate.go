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

// TakeIn takes the document in the file spec into the contract and gen/, or changes nothing if a step fails. The report has
// lines that say what the document changes, also if it is not taken in.
func (r *Repository) TakeIn(ctx context.Context, spec string) (report string, err error) {
	text, err := os.ReadFile(spec) //nolint:gosec // the file that the user names
	if err != nil {
		return "", err
	}
	taken, err := r.Take(text)
	for _, line := range taken.Notes {
		report += line + "\n"
	}
	for _, change := range taken.Changes {
		report += change.Text + "\n"
	}
	var code []byte
	if err == nil {
		code, err = r.Compile(ctx, taken.ForGo)
	}
	if err != nil {
		return report, fmt.Errorf("%s was not taken in, and nothing was changed: %w", spec, err)
	}
	changed, err := Install(r.root, map[string][]byte{VendorFile: taken.Vendor, ContractFile: taken.Contract, GeneratedFile: code})
	if err != nil {
		return report, err
	}
	report += fmt.Sprintf("%s was taken in; files that changed: %s\n", spec, cmp.Or(strings.Join(changed, ", "), "none"))
	if len(taken.Changes) > 0 {
		report += fmt.Sprintf("make verify fails until the code follows what changed above, and %s states it\n", FactsFile)
	}
	return report, nil
}

// Compare reports how the document in the file spec differs from the one last taken in. It is an error if not all is harmless.
func (r *Repository) Compare(spec string) (report string, err error) {
	text, err := os.ReadFile(spec) //nolint:gosec // the file that the user names
	if err != nil {
		return "", err
	}
	changes, err := r.Drift(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", spec, err)
	}
	count := make(map[string]int)
	for _, level := range []string{Breaking, Warning, Harmless} {
		for _, change := range changes {
			if change.Level == level {
				count[level]++
				report += level + ": " + change.Text + "\n"
			}
		}
	}
	if count[Breaking]+count[Warning] > 0 {
		return report, fmt.Errorf("%s differs from %s: %d breaking, %d to be looked at, %d harmless",
			spec, VendorFile, count[Breaking], count[Warning], count[Harmless])
	}
	return report + when(len(changes) == 0, fmt.Sprintf("%s states the same as %s\n", spec, VendorFile)), nil
}

// Generate writes what the generator makes of the contract as it is.
func (r *Repository) Generate(ctx context.Context, out string) error {
	normal, _, err := r.normal(r.contract, true)
	if err != nil {
		return fmt.Errorf("%s: %w", ContractFile, err)
	}
	forGo, err := ForGo(normal, r.overlay)
	if err != nil {
		return err
	}
	document, err := forGo.YAML("", nil)
	if err != nil {
		return err
	}
	return r.inTemporary(func(dir string) error { return r.generate(ctx, dir, document, out) })
}

// Compile returns what the generator makes of a document, if all packages compile as if it were in the repository: the go command
// takes it from a temporary directory. It changes no file.
func (r *Repository) Compile(ctx context.Context, document []byte) (code []byte, err error) {
	err = r.inTemporary(func(dir string) error {
		made, overlay := filepath.Join(dir, "out.go"), filepath.Join(dir, "overlay.json")
		if err := r.generate(ctx, dir, document, made); err != nil {
			return err
		}
		place, err := filepath.Abs(filepath.Join(r.root, filepath.FromSlash(GeneratedFile)))
		if err != nil {
			return err
		}
		replace, err := json.Marshal(map[string]map[string]string{"Replace": {place: made}})
		if err == nil {
			err = os.WriteFile(overlay, replace, 0o600)
		}
		if err != nil {
			return err
		}
		if err := r.goTool(ctx, "build", "-overlay", overlay, "./..."); err != nil {
			return fmt.Errorf("the code does not compile with it: %w", err)
		}
		code, err = os.ReadFile(made) //nolint:gosec // written above
		return err
	})
	return code, err
}

func (r *Repository) inTemporary(work func(dir string) error) error {
	dir, err := os.MkdirTemp("", "contract-*")
	if err != nil {
		return err
	}
	return errors.Join(work(dir), os.RemoveAll(dir))
}

// generate runs the generator, whose version is in go.mod.
func (r *Repository) generate(ctx context.Context, dir string, document []byte, out string) error {
	in := filepath.Join(dir, "openapi.yaml")
	if err := os.WriteFile(in, document, 0o600); err != nil {
		return err
	}
	out, err := filepath.Abs(out)
	if err == nil {
		err = r.goTool(ctx, "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen", "-config", ConfigFile, "-o", out, in)
	}
	if err != nil {
		return fmt.Errorf("the generator failed: %w", err)
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
