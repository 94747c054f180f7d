package contract

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The files of the contract, below the root of the repository.
const (
	VendorFile    = "api/vendor.yaml"     // our part of the vendor's document last taken in
	AdditionsFile = "api/additions.yaml"  // an overlay: facts that no document of that version states
	ContractFile  = "api/openapi.yaml"    // the contract
	FactsFile     = "api/facts.txt"       // what the code depends on
	OverlayFile   = "api/overlay.yaml"    // an overlay: Go names and types
	TypesFile     = "api/types.yaml"      // an overlay: what makes no Go type
	ConfigFile    = "oapi-codegen.yaml"   // of the generator; it lists our operations
	GeneratedFile = "gen/outgoing.gen.go" // what the generator makes
)

const vendorHead = `# The vendor's document last taken in (MIT license): our operations, in the form of the contract. make generate SPEC=file writes
# this file, and make drift SPEC=file compares another document with it.
`

// A Repository holds what a new document is taken into.
type Repository struct {
	Operations []string
	Expected   Expected
	Contract   *Document

	root                      string
	vendor                    *Document
	additions, overlay, types []byte
}

// Open reads the repository at root. It is an error if one of its files cannot be read.
func Open(root string) (*Repository, error) {
	r := &Repository{root: root}
	var config struct {
		Options struct {
			IDs []string `yaml:"include-operation-ids"`
		} `yaml:"output-options"`
	}
	for name, parse := range map[string]func(text []byte) error{
		AdditionsFile: func(text []byte) error { r.additions = text; return nil },
		OverlayFile:   func(text []byte) error { r.overlay = text; return nil },
		TypesFile:     func(text []byte) error { r.types = text; return nil },
		ConfigFile:    func(text []byte) error { return yaml.Unmarshal(text, &config) },
		VendorFile:    func(text []byte) (err error) { r.vendor, err = Parse(text); return err },
		FactsFile:     func(text []byte) (err error) { r.Expected, err = ParseExpected(text); return err },
		ContractFile:  func(text []byte) (err error) { r.Contract, err = Parse(text); return err },
	} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))) //nolint:gosec // a name from above
		if err = cmp.Or(err, parse(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	r.Operations = config.Options.IDs
	return r, nil
}

// Derived is what a document of the vendor becomes.
type Derived struct {
	Vendor, Contract, ForGo []byte   // our part of the document, the contract that it makes, and what the generator reads
	Changes                 []Change // from the document last taken in
	Outdated                bool     // whether api/facts.txt states something else than the contract
}

// Derive makes the contract from a document of the vendor: with what no document of its version states, and the words of the
// contract. After an error the Changes are there as far as they are known.
func (r *Repository) Derive(text []byte) (derived Derived, err error) {
	given := parse(text)
	vendor := r.normal(given, false)
	made := r.normal(vendor.overlaid(AdditionsFile, r.additions, false), true)
	if made.err != nil {
		return derived, made.err
	}
	after, earlier, now := made.facts(vendor.root["servers"]), r.vendor.Facts(), vendor.Facts()
	for key := range now { // the additions hide nothing that the document itself states, and did not state before
		if added := without(split(now[key]), split(earlier[key])); len(without(added, split(after[key]))) > 0 {
			after[key] = now[key]
		}
	}
	derived.Changes = r.Expected.Diff(r.Contract.facts(r.vendor.root["servers"]), after)
	derived.Outdated = len(r.Expected.Diff(r.Expected.Facts, made.Facts())) > 0
	if missing := without(r.Operations, vendor.ids()); len(missing) > 0 {
		return derived, fmt.Errorf("the document lacks the operations %s; it has %s",
			strings.Join(missing, ", "), strings.Join(given.ids(), ", "))
	}
	if derived.ForGo, err = ForGo(made, r.overlay, r.types); err != nil {
		return derived, err
	}
	derived.Contract, err = made.YAML("")
	if err == nil {
		derived.Vendor, err = vendor.YAML(vendorHead)
	}
	return derived, err
}

// Compare reports what the document in the file spec changes of the one last taken in. It is an error if not all is harmless, or
// the document does not fit.
func (r *Repository) Compare(spec string) (derived Derived, report string, err error) {
	text, err := os.ReadFile(spec) //nolint:gosec // the file that the user names
	if err != nil {
		return derived, "", err
	}
	derived, err = r.Derive(text)
	var lines strings.Builder
	for _, change := range derived.Changes {
		lines.WriteString(change.Level + ": " + change.Text + "\n")
	}
	switch report = lines.String(); {
	case err != nil:
		err = fmt.Errorf("%s: %w", spec, err)
	case report == "":
		report = fmt.Sprintf("%s states the same as %s\n", spec, VendorFile)
	case derived.Changes[0].Level != Harmless:
		err = fmt.Errorf("%s has changes that are not harmless", spec)
	}
	return derived, report, err
}

// Update takes the document in the file spec into the contract and gen/, or changes nothing if a step fails. It reports what
// Compare does, also if the document is not taken in.
func (r *Repository) Update(ctx context.Context, spec string) (report string, err error) {
	var code []byte
	derived, report, err := r.Compare(spec)
	if derived.Vendor != nil { // it fits, harmless or not
		code, err = r.GenerateCode(ctx, derived.ForGo, true)
	}
	if err != nil {
		return report, fmt.Errorf("%s was not taken in, and nothing was changed: %w", spec, err)
	}
	changed, err := Install(r.root, map[string][]byte{VendorFile: derived.Vendor, ContractFile: derived.Contract, GeneratedFile: code})
	if err == nil {
		report += fmt.Sprintf("%s was taken in; files that changed: %s\n", spec, cmp.Or(strings.Join(changed, ", "), "none"))
	}
	if err == nil && derived.Outdated {
		report += "make verify fails until the code follows what changed above, and " + FactsFile + " states it\n"
	}
	return report, err
}

// Generate writes what the generator makes of the contract as it is.
func (r *Repository) Generate(ctx context.Context, out string) error {
	text, err := ForGo(r.Contract, r.overlay, r.types)
	if err == nil {
		text, err = r.GenerateCode(ctx, text, false)
	}
	if err == nil {
		err = os.WriteFile(out, text, 0o644) //nolint:gosec // source code, which anyone may read
	}
	return err
}

// GenerateCode returns what the generator makes of a document. If asked to build, it compiles all packages as if that were in the
// repository: the go command takes it from a temporary directory. It changes no file.
func (r *Repository) GenerateCode(ctx context.Context, document []byte, build bool) (code []byte, err error) {
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

// Install replaces files below root, and returns those that changed. It writes all of them beside their places first, so that
// what can fail, such as a full disk, fails before the first is replaced.
func Install(root string, files map[string][]byte) (changed []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		place := filepath.Join(root, filepath.FromSlash(name))
		if before, failed := os.ReadFile(place); failed != nil || !bytes.Equal(before, files[name]) { //nolint:gosec // the caller's name
			changed = append(changed, name)
			err = errors.Join(err, os.WriteFile(place+".new", files[name], 0o644)) //nolint:gosec // source, which anyone may read
		}
	}
	for _, name := range changed {
		place := filepath.Join(root, filepath.FromSlash(name))
		if err == nil {
			err = os.Rename(place+".new", place)
		} else {
			_ = os.Remove(place + ".new")
		}
	}
	return changed, err
}
