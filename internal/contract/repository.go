package contract

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
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
	for _, change := range derived.Changes {
		report += change.Level + ": " + change.Text + "\n"
	}
	switch {
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
