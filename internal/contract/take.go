package contract

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// The files of the contract, below the root of the repository.
const (
	VendorFile    = "api/vendor.yaml"     // the vendor's document last taken in, reduced
	AdditionsFile = "api/additions.yaml"  // an overlay: facts that no document of that version states
	ContractFile  = "api/openapi.yaml"    // the contract
	FactsFile     = "api/facts.txt"       // what the code depends on
	OverlayFile   = "api/overlay.yaml"    // an overlay: Go names and types
	ConfigFile    = "oapi-codegen.yaml"   // of the generator; it lists our operations
	GeneratedFile = "gen/outgoing.gen.go" // what the generator makes
)

const vendorHead = `# The vendor's document last taken in (MIT license), reduced to our operations. make generate SPEC=file writes this file, and
# make drift SPEC=file compares another document with it.
`

// A Repository holds what a new document is taken into.
type Repository struct {
	Operations []string
	Expected   Expected

	root               string
	contract           *Document
	additions, overlay []byte
}

// Open reads the repository at root.
func Open(root string) (*Repository, error) {
	r := Repository{root: root}
	var err error
	read := func(name string, use func(text []byte) error) {
		if err != nil {
			return
		}
		var text []byte
		if text, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err != nil { //nolint:gosec // a name from above
			return
		}
		if failed := use(text); failed != nil {
			err = fmt.Errorf("%s: %w", name, failed)
		}
	}
	read(ConfigFile, func(text []byte) error {
		var config struct {
			Output struct {
				Operations []string `yaml:"include-operation-ids"`
			} `yaml:"output-options"`
		}
		err := yaml.Unmarshal(text, &config)
		r.Operations = config.Output.Operations
		return err
	})
	read(FactsFile, func(text []byte) (err error) { r.Expected, err = ParseExpected(string(text)); return })
	read(ContractFile, func(text []byte) (err error) { r.contract, err = Parse(text); return })
	read(AdditionsFile, func(text []byte) error { r.additions = text; return nil })
	read(OverlayFile, func(text []byte) error { r.overlay = text; return nil })
	return &r, err
}

// Taken is what a document of the vendor becomes.
type Taken struct {
	Vendor, Contract []byte   // the reduced document, and the contract that it makes
	ForGo            []byte   // what the generator reads
	Changes          []string // as [Expected.Changes] says them
	Notes            []string // what the document states and the contract does not take from it
}

// Take makes the contract from a document of the vendor. After an error the Changes are there as far as they are known.
func (r *Repository) Take(text []byte) (Taken, error) {
	var taken Taken
	given, err := Parse(text)
	if err != nil {
		return taken, err
	}
	reduced, missing := Reduce(given, r.Operations)
	vendor, err := reduced.YAML()
	if err != nil {
		return taken, err
	}
	taken.Vendor = append([]byte(vendorHead), vendor...)
	made, err := r.complete(reduced)
	if err != nil {
		return taken, err
	}
	if taken.Contract, err = made.YAML(); err != nil {
		return taken, err
	}
	doc, err := made.Load()
	if err != nil {
		return taken, err
	}
	taken.Changes = r.Expected.Changes(FactsOf(doc))
	taken.Notes = notes(reduced, made)
	if len(missing) > 0 {
		return taken, fmt.Errorf("the document lacks the operations %s; it has %s", names(missing), names(given.operationIDs()))
	}
	forGo, err := ForGo(made, r.overlay)
	if err != nil {
		return taken, err
	}
	taken.ForGo, err = forGo.YAML()
	return taken, err
}

// Reduce returns our operations of the document in a file, and what they refer to. One that the document lacks is left out,
// which a comparison then shows as gone.
func (r *Repository) Reduce(file string) ([]byte, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	given, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	reduced, _ := Reduce(given, r.Operations)
	return reduced.YAML()
}

// Changes says what of the expected facts the contract as it is does not state.
func (r *Repository) Changes() ([]string, error) {
	doc, err := r.contract.Load()
	if err != nil {
		return nil, err
	}
	return r.Expected.Changes(FactsOf(doc)), nil
}

// complete adds what no document of the vendor's version states, and the words of the contract. An addition that finds
// nothing to add to is told by the facts that are then missing.
func (r *Repository) complete(reduced *Document) (*Document, error) {
	made := reduced.clone()
	o, err := parseOverlay(r.additions)
	if err == nil {
		err = o.ApplyTo(made.root)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", AdditionsFile, err)
	}
	keepWords(made, r.contract)
	return made, nil
}

// notes tells of servers, which come from the additions.
func notes(reduced, made *Document) []string {
	given, kept := serverURLs(reduced), serverURLs(made)
	if strings.Join(given, " ") == strings.Join(kept, " ") {
		return nil
	}
	return []string{fmt.Sprintf("servers: the document names %s; the contract keeps %s, from %s", names(given), names(kept), AdditionsFile)}
}

func serverURLs(d *Document) []string {
	var urls []string
	if servers := member(d.root, "servers"); servers != nil {
		for _, server := range servers.Content {
			if url := member(server, "url"); url != nil {
				urls = append(urls, url.Value)
			}
		}
	}
	return urls
}

// Install replaces files below root, and returns those that changed. It writes all of them beside their places first, so that
// what can fail, such as a full disk, fails before the first is replaced.
func Install(root string, files map[string][]byte) (changed []string, err error) {
	written := make(map[string]string) // by name: the temporary file
	defer func() {
		for _, temporary := range written {
			err = errors.Join(err, ignoreMissing(os.Remove(temporary)))
		}
	}()
	for name, text := range files {
		place := filepath.Join(root, filepath.FromSlash(name))
		if before, err := os.ReadFile(place); err == nil && bytes.Equal(before, text) { //nolint:gosec // a name of the caller's
			continue
		}
		if written[name], err = writeBeside(place, text); err != nil {
			return nil, err
		}
	}
	for name, temporary := range written {
		if err := os.Rename(temporary, filepath.Join(root, filepath.FromSlash(name))); err != nil {
			return changed, err
		}
		changed = append(changed, name)
	}
	return changed, nil
}

func writeBeside(place string, text []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(place), ".new-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	return f.Name(), errors.Join(err, f.Chmod(0o644), f.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
