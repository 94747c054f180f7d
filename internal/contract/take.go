package contract

import (
	"bytes"
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

	root                      string
	vendor, contract          *Document
	form                      *yaml.Node // the contract as it is written
	additions, overlay, types []byte
}

// Open reads the repository at root.
func Open(root string) (*Repository, error) {
	var errs []error
	note := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))) //nolint:gosec // a name from above
		note(name, err)
		return text
	}
	r := &Repository{root: root, additions: read(AdditionsFile), overlay: read(OverlayFile), types: read(TypesFile)}
	var config struct {
		Output struct {
			Operations []string `yaml:"include-operation-ids"`
		} `yaml:"output-options"`
	}
	note(ConfigFile, yaml.Unmarshal(read(ConfigFile), &config))
	r.Operations = config.Output.Operations
	contract, form, err := read(ContractFile), yaml.Node{}, error(nil)
	note(ContractFile, yaml.Unmarshal(contract, &form))
	r.contract, err = Parse(contract)
	note(ContractFile, err)
	r.vendor, err = Parse(read(VendorFile))
	note(VendorFile, err)
	r.Expected, err = ParseExpected(string(read(FactsFile)))
	note(FactsFile, err)
	if len(errs) == 0 {
		r.form = form.Content[0]
	}
	return r, errors.Join(errs...)
}

// Taken is what a document of the vendor becomes.
type Taken struct {
	Vendor, Contract, ForGo []byte   // our part of the document, the contract that it makes, and what the generator reads
	Changes                 []Change // of what the code depends on
	Note                    string   // what the contract does not take from the document
}

// Take makes the contract from a document of the vendor. After an error the Changes are there as far as they are known.
func (r *Repository) Take(text []byte) (Taken, error) {
	vendor, made, err := r.complete(text)
	if made == nil {
		return Taken{}, err
	}
	taken := Taken{Changes: r.Expected.Diff(r.Expected.Facts, made.Facts())}
	if before, after := urls(r.vendor.root), urls(vendor.root); before != after {
		taken.Note = fmt.Sprintf("servers: the document names %s, and the one before it named %s; the contract keeps %s, from %s\n",
			after, before, urls(r.contract.root), AdditionsFile)
	}
	if err != nil {
		return taken, err
	}
	forGo, err := ForGo(made, r.overlay, r.types)
	if err != nil {
		return taken, err
	}
	var errs [3]error
	taken.Vendor, errs[0] = vendor.YAML(vendorHead, r.form)
	taken.Contract, errs[1] = made.YAML("", r.form)
	taken.ForGo, errs[2] = forGo.YAML("", nil)
	return taken, errors.Join(errs[:]...)
}

// complete returns our part of a document, and the contract that it makes: with what no document of its version states, and the
// words of the contract. They are there too if the error is that operations are missing.
func (r *Repository) complete(text []byte) (vendor, made *Document, err error) {
	given, err := Parse(text)
	if err != nil {
		return nil, nil, err
	}
	vendor, err = r.normal(given, false)
	if err == nil {
		made, err = vendor.overlaid(r.additions, false)
	}
	if err == nil {
		made, err = r.normal(made, true)
	}
	if err != nil {
		return nil, nil, err
	}
	if missing := without(r.Operations, ids(vendor, "paths")); len(missing) > 0 {
		err = fmt.Errorf("the document lacks the operations %s; it has %s", strings.Join(missing, ", "), strings.Join(ids(given, "paths"), ", "))
	}
	return vendor, made, err
}

// Changes returns what of the expected facts the contract as it is does not state.
func (r *Repository) Changes() ([]Change, error) {
	made, err := r.normal(r.contract, true)
	if err != nil {
		return nil, err
	}
	return r.Expected.Diff(r.Expected.Facts, made.Facts()), nil
}

// Drift returns how a document of the vendor differs from the one last taken in. What it lacks is gone; what it states now, and
// the additions stated before, is no change.
func (r *Repository) Drift(text []byte) ([]Change, error) {
	last, err := r.vendor.YAML("", nil)
	if err != nil {
		return nil, err
	}
	var facts [2][]Fact
	for i, text := range [][]byte{last, text} {
		vendor, made, err := r.complete(text)
		if made == nil {
			return nil, err
		}
		made.root["servers"] = vendor.root["servers"]
		facts[i] = made.Facts()
	}
	return r.Expected.Diff(facts[0], facts[1]), nil
}

// urls returns the addresses of servers.
func urls(o object) string {
	var all []string
	for _, server := range list(o["servers"]) {
		all = append(all, str(at(server, "url")))
	}
	return strings.Join(all, ", ")
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
