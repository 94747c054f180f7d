package contract

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// Generate writes what the generator makes of the contract as it is.
func (r *Repository) Generate(ctx context.Context, out string) error {
	text, err := ForGo(r.Contract, r.overlay, r.types)
	if err == nil {
		text, err = r.GenerateCode(ctx, text, false)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644) //nolint:gosec // source code, which anyone may read
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

// enumNames is the extension by which api/overlay.yaml names the values of an enum, as an object of values and names. The
// generator itself takes names by position, so that a document with its values in another order would swap them.
const enumNames = "x-go-enum-names"

// ForGo returns what the generator reads: the contract with the Go names and types of an overlay, each of whose actions has to
// find what it names, and of one that leaves out what makes no type.
func ForGo(contract *Document, overlayText, typesText []byte) (text []byte, err error) {
	made := contract.overlaid(OverlayFile, overlayText, true).overlaid(TypesFile, typesText, false)
	delete(made.root, "x-webhooks")
	schemas := at(made.root, "components", "schemas")
	for _, name := range sorted(schemas) {
		o := obj(at(schemas, name))
		err = errors.Join(err, nameEnum(o, name), oneName(obj(o["properties"]), name))
	}
	if err != nil {
		return nil, err
	}
	return made.YAML("")
}

// overlaid returns the document with the overlay of a file on it. A strict overlay has to find all that it names.
func (d *Document) overlaid(file string, text []byte, strict bool) *Document {
	var root yaml.Node
	o, err := overlay.ParseReader(bytes.NewReader(text))
	if err == nil {
		err = errors.Join(o.Validate(), root.Encode(d.root))
	}
	if err == nil && strict {
		_, err = o.ApplyToStrict(&root)
	} else if err == nil {
		err = o.ApplyTo(&root)
	}
	made, failed := yaml.Marshal(&root)
	if err = errors.Join(err, failed); err != nil || d.err != nil {
		return &Document{err: cmp.Or(d.err, fmt.Errorf("%s no longer fits, change it there: %w", file, err))}
	}
	return parse(made)
}

// oneName refuses properties whose names are one in Go.
func oneName(properties object, schema string) error {
	seen := make(map[string]string)
	for _, name := range sorted(properties) {
		plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(cmp.Or(str(at(properties, name, "x-go-name")), name)))
		if other := seen[plain]; other != "" {
			return fmt.Errorf("%[1]s.%[2]s and %[1]s.%[3]s have one name in Go: give one of them an x-go-name in %[4]s", schema, other, name, OverlayFile)
		}
		seen[plain] = name
	}
	return nil
}

// nameEnum turns names by value into names by position, with the name of the type before each: the generator would call a number 7
// N7 first. A value without a name is named after itself.
func nameEnum(o object, name string) (err error) {
	var names []any
	rest := except(obj(o[enumNames]))
	for _, item := range list(o["enum"]) {
		value := fmt.Sprint(item)
		names = append(names, name+fmt.Sprint(cmp.Or(rest[value], item)))
		delete(rest, value)
	}
	for _, value := range sorted(rest) {
		err = errors.Join(err, fmt.Errorf("%[1]s: the value %[2]s (%[3]v) is gone. outgoing/types.go exports %[1]s%[3]v, "+
			"so dropping it breaks users' code and needs a new major version; then drop it from api/overlay.yaml too", name, value, rest[value]))
	}
	if has(o, enumNames) {
		delete(o, enumNames)
		o["x-enum-varnames"] = names
	}
	return err
}
